//! The body of an answer, whatever form it comes in: lines of JSON as asked, one JSON document, or something that is
//! no answer at all.

use super::{
    super::{
        Decoder, Failure, json, logprobs,
        tool_calls::{self, Share},
        unreadable::{broken_json, broken_off, not_an_answer, too_long, truncated},
    },
    chunk::{Chunk, Counted},
};
use crate::{
    error::{Error, Result},
    types::{Delta, Warning},
    wire::{LineReader, TooLong},
};

pub struct BodyDecoder {
    reader: LineReader,
    state: State,
    max_event_bytes: usize,
}

/// What is remembered from line to line.
#[derive(Default)]
struct State {
    /// A chunk was read: what follows is part of an answer.
    has_read: bool,
    /// Whatever follows the last chunk is not read: whether it is here already is chance.
    ended: bool,
    /// An answer that was written over several lines; read at its end.
    document: Option<Vec<u8>>,
    /// Lines since the last chunk that are none.
    stray: String,
    keeps_frames: bool,
    last_frame: Vec<u8>,
}

/// How much is kept of what is no answer.
const MAX_STRAY: usize = 64 * 1024;

type Out<'a> = dyn FnMut(Delta<'_>) + 'a;

impl BodyDecoder {
    pub fn new(max_event_bytes: usize) -> Self {
        Self { reader: LineReader::new(max_event_bytes), state: State::default(), max_event_bytes }
    }
}

impl Decoder for BodyDecoder {
    fn push(&mut self, bytes: &[u8], out: &mut Out<'_>) -> Result<()> {
        self.reader.feed(bytes);
        while let Some(line) = self.reader.next().map_err(too_long)? {
            self.state.line(line.trim_ascii(), Whole::Yes, out)?;
            let limit = self.max_event_bytes;
            if self.state.document.as_ref().is_some_and(|document| document.len() > limit) {
                return Err(too_long(TooLong { limit }));
            }
        }
        Ok(())
    }

    fn finish(&mut self, out: &mut Out<'_>) -> Result<()> {
        if let Some(line) = self.reader.finish().map_err(too_long)? {
            self.state.line(line.trim_ascii(), Whole::Perhaps, out)?;
        }
        if let Some(document) = self.state.document.take() {
            self.state.document(&document, out)?;
        }
        if self.state.has_read || self.state.stray.is_empty() {
            return Ok(());
        }
        Err(not_an_answer(self.state.stray.as_bytes()))
    }

    fn has_begun(&self) -> bool {
        self.state.document.is_some()
    }

    fn keep_frames(&mut self) {
        self.state.keeps_frames = true;
    }

    fn last_frame(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.state.last_frame)
    }

    fn last_words(&self) -> Option<&str> {
        Some(self.state.stray.as_str()).filter(|words| !words.is_empty())
    }
}

/// Whether a line came to its end, or the body to its own.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Whole {
    Yes,
    Perhaps,
}

impl State {
    fn line(&mut self, line: &[u8], whole: Whole, out: &mut Out<'_>) -> Result<()> {
        if self.ended {
            return Ok(());
        }
        if let Some(document) = &mut self.document {
            document.push(b'\n');
            document.extend_from_slice(line);
            return Ok(());
        }
        if !line.starts_with(b"{") {
            self.pass_over(line);
            return Ok(());
        }
        match self.json(line, out) {
            Ok(result) => result,
            Err(error) if !self.has_read && json::is_cut_off(line, &error) => {
                self.document = Some(line.to_vec());
                Ok(())
            }
            // A failure whose words were not escaped.
            Err(_) if line.starts_with(b"{\"error\"") => Err(self.failed(Failure::of_body(line))),
            // The body broke off inside of it: that is for the verdict to say.
            Err(error) if whole == Whole::Perhaps && json::is_cut_off(line, &error) => Ok(()),
            Err(error) => Err(broken_json(line, &error)),
        }
    }

    fn document(&mut self, text: &[u8], out: &mut Out<'_>) -> Result<()> {
        match self.json(text, out) {
            Ok(result) => result,
            Err(error) if json::is_cut_off(text, &error) => Err(broken_off(text)),
            Err(_) => Err(not_an_answer(text)),
        }
    }

    fn json(&mut self, text: &[u8], out: &mut Out<'_>) -> serde_json::Result<Result<()>> {
        let (result, repaired) = json::with_repair(text, |text| {
            let chunk = serde_json::from_str::<Chunk<'_>>(text)?;
            Ok(self.chunk(&chunk, text.as_bytes(), out))
        })?;
        if repaired {
            out(Delta::Repaired(json::warning()));
        }
        Ok(result)
    }

    fn chunk(&mut self, chunk: &Chunk<'_>, text: &[u8], out: &mut Out<'_>) -> Result<()> {
        if let Some(failure) = chunk.error.and_then(Failure::of_error) {
            return Err(self.failed(failure));
        }
        if !chunk.is_known() {
            self.pass_over(text);
            return Ok(());
        }
        self.has_read = true;
        if self.keeps_frames {
            text.clone_into(&mut self.last_frame);
        }
        if !std::mem::take(&mut self.stray).is_empty() {
            out(Delta::Repaired(Warning::new("frame", "A line that is no chunk was passed over.")));
        }
        read_content(chunk, out);
        if chunk.done.0 == Some(true) {
            read_counts(chunk, out);
            read_reason(&chunk.done_reason.0, out);
            self.ended = true;
            out(Delta::End);
        }
        Ok(())
    }

    fn failed(&self, failure: Failure) -> Error {
        if self.has_read { failure.mid_stream() } else { failure }.into_error()
    }

    /// It may be all that a server has to say.
    fn pass_over(&mut self, line: &[u8]) {
        if line == b"null" || self.stray.len() > MAX_STRAY {
            return;
        }
        if !self.stray.is_empty() {
            self.stray.push('\n');
        }
        self.stray.push_str(&truncated(line));
    }
}

fn read_content(chunk: &Chunk<'_>, out: &mut Out<'_>) {
    if !chunk.model.0.is_empty() {
        out(Delta::Model(&chunk.model.0));
    }
    let message = chunk.message.0.as_ref();
    let thinking = [message.map(|message| &message.thinking.0), Some(&chunk.thinking.0)];
    let text = [message.map(|message| &message.content.0), chunk.response.as_ref().map(|text| &text.0)];
    for thinking in thinking.into_iter().flatten().filter(|text| !text.is_empty()) {
        out(Delta::Reasoning(thinking));
    }
    for text in text.into_iter().flatten().filter(|text| !text.is_empty()) {
        out(Delta::Text(text));
    }
    if let Some(told) = chunk.logprobs {
        logprobs::read(told, out);
    }
    if let Some(calls) = message.and_then(|message| message.tool_calls) {
        // A call is never cut over lines, and its index may be another's, too.
        tool_calls::read(calls, Share::Whole, out);
    }
}

fn read_counts(chunk: &Chunk<'_>, out: &mut Out<'_>) {
    match chunk.usage() {
        Counted::Nothing => {}
        Counted::OutputOnly => {
            let message = "The server did not count the prompt, as where it has all of it cached; its count was dropped.";
            out(Delta::Repaired(Warning::new("usage", message)));
        }
        Counted::Both(usage) => out(Delta::Usage(usage)),
    }
    out(Delta::Timings(chunk.timings()));
}

fn read_reason(word: &str, out: &mut Out<'_>) {
    match word {
        "" => {}
        "load" | "unload" => {
            let message =
                format!("The server was done after it had to {word} its model: it generated nothing.");
            out(Delta::Repaired(Warning::new("finish_reason", message)));
            out(Delta::Finish("stop"));
        }
        word => out(Delta::Finish(word)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::error::Code;

    /// What a body told, each delta as it is written for debugging, and how reading it ended.
    #[derive(Debug, PartialEq)]
    struct Told {
        deltas: Vec<String>,
        result: Result<()>,
        last_words: Option<String>,
    }

    fn read(pieces: &[&[u8]]) -> Told {
        let mut deltas = Vec::new();
        let mut out = |delta: Delta<'_>| deltas.push(format!("{delta:?}"));
        let mut decoder = BodyDecoder::new(1 << 20);
        let result = pieces
            .iter()
            .try_for_each(|piece| decoder.push(piece, &mut out))
            .and_then(|()| decoder.finish(&mut out));
        Told { deltas, result, last_words: decoder.last_words().map(str::to_owned) }
    }

    fn deltas(body: &str) -> Vec<String> {
        let told = read(&[body.as_bytes()]);
        told.result.unwrap_or_else(|error| panic!("{error}: {body}"));
        told.deltas
    }

    fn error(body: &str) -> Error {
        read(&[body.as_bytes()]).result.unwrap_err()
    }

    const HELLO: &str = r#"{"model":"m","message":{"role":"assistant","content":"Hello"},"done":false}"#;
    const DONE: &str =
        r#"{"model":"m","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop"}"#;
    const NO_TIMINGS: &str =
        "Timings(ServerTimings { prompt: None, generation: None, tokens_per_second: None })";

    #[test]
    fn lines_of_a_chat_and_of_a_completion_tell_the_same() {
        let chat = r#"{"model":"m","message":{"content":"","thinking":"why"},"done":false}
            {"model":"m","message":{"role":"assistant","content":"Hello"},"done":false}
            {"model":"m","message":{"content":""},"done":true,"done_reason":"length"}"#;
        let completion = r#"{"model":"m","response":"","thinking":"why","done":false}
            {"model":"m","response":"Hello","done":false}
            {"model":"m","response":"","done":true,"done_reason":"length","context":[1,2]}"#;
        let expected = [
            r#"Model("m")"#,
            r#"Reasoning("why")"#,
            r#"Model("m")"#,
            r#"Text("Hello")"#,
            r#"Model("m")"#,
            NO_TIMINGS,
            r#"Finish("length")"#,
            "End",
        ];
        assert_eq!(deltas(chat), expected);
        assert_eq!(deltas(completion), expected);
    }

    #[test]
    fn one_document_is_an_answer_too_however_it_is_written() {
        let document = r#"{"model":"m","message":{"content":"Hello","thinking":"why"},"done":true,"done_reason":"stop"}"#;
        let pretty = serde_json::from_str::<serde_json::Value>(document).unwrap();
        let pretty = serde_json::to_string_pretty(&pretty).unwrap();
        assert_eq!(deltas(document)[1..3], [r#"Reasoning("why")"#, r#"Text("Hello")"#]);
        assert_eq!(deltas(&pretty), deltas(document));
        let bytes: Vec<&[u8]> = pretty.as_bytes().chunks(1).collect();
        assert_eq!(read(&bytes).deltas, deltas(document));
        for end in 1..pretty.len() {
            let error = error(&pretty[..end]);
            assert_eq!(error.code, Code::Stream, "{error}: {}", &pretty[..end]);
        }
    }

    #[test]
    fn counts_and_times_are_told_with_the_last_line() {
        let done = |fields: &str| {
            let mut told = deltas(&DONE.replace(r#""done_reason""#, &format!(r#"{fields},"done_reason""#)));
            told.drain(1..told.len() - 2).collect::<Vec<_>>()
        };
        let usage = |input: u64, output: u64| {
            let total = input + output;
            format!(
                "Usage(Usage {{ input_tokens: {input}, output_tokens: {output}, total_tokens: {total}, reasoning_tokens: \
                 None, cached_input_tokens: None, cost: None }})"
            )
        };
        let told = done(
            r#""prompt_eval_count":11,"prompt_eval_duration":6245000,"eval_count":8,"eval_duration":2000000"#,
        );
        let timings = "Timings(ServerTimings { prompt: Some(6.245), generation: Some(2.0), tokens_per_second: Some(4000.0) })";
        assert_eq!(told, [usage(11, 8).as_str(), timings]);
        // Go leaves out what is 0.
        assert_eq!(done(r#""prompt_eval_count":11"#), [usage(11, 0).as_str(), NO_TIMINGS]);
        assert!(!done(r#""eval_duration":0,"eval_count":"x""#)[0].contains("Usage"));
    }

    #[test]
    fn a_prompt_of_unknown_length_is_not_counted_as_none() {
        for fields in [r#""eval_count":8"#, r#""prompt_eval_count":0,"eval_count":8"#] {
            let told = deltas(&DONE.replace(r#""done_reason""#, &format!(r#"{fields},"done_reason""#)));
            assert!(told.iter().all(|delta| !delta.starts_with("Usage")), "{told:?}");
            assert!(told.iter().any(|delta| delta.contains(r#"code: "usage""#)), "{told:?}");
        }
    }

    #[test]
    fn a_model_that_was_only_loaded_has_answered_with_nothing() {
        for word in ["load", "unload"] {
            let told = deltas(&DONE.replace("stop", word));
            assert!(told[2].contains(word) && told[2].contains("finish_reason"), "{told:?}");
            assert_eq!(told[3..], [r#"Finish("stop")"#, "End"]);
        }
    }

    #[test]
    fn what_follows_the_last_chunk_is_not_read() {
        let body = format!("{DONE}\n{HELLO}\n{{\"error\":\"late\"}}\nproxy error");
        assert_eq!(read(&[body.as_bytes()]), read(&[DONE.as_bytes()]));
    }

    #[test]
    fn only_a_last_line_ends_an_answer() {
        for line in
            [HELLO, r#"{"response":"a","done":"no","done_reason":"stop"}"#, r#"{"done":null,"response":""}"#]
        {
            assert!(
                deltas(line).iter().all(|delta| delta != "End" && !delta.starts_with("Finish")),
                "{line}"
            );
        }
        assert_eq!(deltas(r#"{"done":true}"#), [NO_TIMINGS, "End"]);
        assert!(deltas(r#"{"done":"true"}"#).contains(&"End".to_owned()));
    }

    #[test]
    fn a_tool_call_is_told_whole() {
        let call = r#"{"message":{"content":"","tool_calls":[{"id":"a","function":{"index":0,"name":"f","arguments":{"b": 1}}}]},"done":false}"#;
        let told = r#"ToolCall(ToolCallFragment { index: None, id: "a", name: "f", arguments: "{\"b\": 1}", extra: "", whole: true })"#;
        assert_eq!(deltas(call), [told]);
    }

    #[test]
    fn fields_of_unexpected_types_are_absent() {
        let line = r#"{"model":null,"message":{"content":null,"thinking":{},"tool_calls":null},"response":7,"done":0,
            "prompt_eval_count":"none","error":null}"#;
        assert_eq!(deltas(&line.replace('\n', "")), [r#"Text("7")"#]);
    }

    #[test]
    fn a_failure_is_told_in_the_servers_words_wherever_it_stands() {
        for failure in [
            r#"{"error":"boom"}"#,
            r#"{"error":{"message":"boom","code":400}}"#,
            r#"{"error":"{\"error\":{\"code\":400,\"message\":\"boom\"}}"}"#,
            r#"{"error":"boom" in "quotes"}"#,
            r#"{"model":"m","error":"boom","done":true}"#,
        ] {
            let first = error(&format!("{failure}\n"));
            assert!(first.message.contains("boom"), "{failure}: {first}");
            let later = error(&format!("{HELLO}\n{failure}\n"));
            assert!(later.message.contains("boom"), "{failure}: {later}");
            // In mid-stream it is no mistake of the caller's, whatever it calls itself.
            assert_eq!((later.code, later.retryable), (Code::Server, false), "{failure}");
        }
        assert_eq!(error(r#"{"error":{"message":"boom","code":400}}"#).code, Code::InvalidRequest);
        assert!(error(r#"{"error":"Unexpected endpoint or method. (POST /api/chat)"}"#).wrong_path);
    }

    #[test]
    fn what_is_no_answer_is_called_so() {
        for (body, words) in [
            ("<!doctype html>\n<title>Welcome</title>", "a web page: Welcome"),
            ("Ollama is running", "Ollama is running"),
            (r#"{"version":"0.0.0"}"#, r#"{"version":"0.0.0"}"#),
            (r#"{"message":"Not Found"}"#, "Not Found"),
            ("data: {\"choices\":[]}\n\ndata: [DONE]\n\n", "data: {"),
            ("{\n  \"version\": \"0.0.0\"\n}", "version"),
            ("{\n nothing", "nothing"),
            ("[{}]", "[{}]"),
        ] {
            let error = error(body);
            assert_eq!((error.code, error.wrong_path), (Code::Protocol, true), "{body}");
            assert!(error.message.contains(words), "{body}: {error}");
        }
        assert!(deltas("\n \nnull\n").is_empty());
    }

    #[test]
    fn what_is_said_past_the_protocol_is_passed_over_or_the_last_words() {
        let told = deltas(&format!("warming up\n{HELLO}\n{{\"status\":\"busy\"}}\n{HELLO}\n{DONE}"));
        let warnings = told.iter().filter(|delta| delta.contains(r#"code: "frame""#));
        assert_eq!(warnings.count(), 2);
        let told = read(&[format!("{HELLO}\nproxy error:\nno route\n").as_bytes()]);
        assert_eq!((told.result, told.last_words.as_deref()), (Ok(()), Some("proxy error:\nno route")));
    }

    #[test]
    fn a_line_that_is_no_json_fails_the_answer_unless_it_can_be_repaired() {
        assert_eq!(error(&format!("{HELLO}\n{{\"message\": nope}}\n{DONE}")).code, Code::Protocol);
        assert_eq!(error(&format!("{HELLO}\n{{\"message\":\n{DONE}")).code, Code::Protocol);
        let told = deltas("{\"response\":\"a\tb\",\"eval_count\":NaN,\"done\":false}");
        assert!(told[0] == r#"Text("a\tb")"# && told[1].contains(r#"code: "json""#), "{told:?}");
    }

    #[test]
    fn a_line_that_the_end_cut_off_is_left_to_the_verdict() {
        for end in 1..HELLO.len() {
            let told = read(&[format!("{HELLO}\n{}", &HELLO[..end]).as_bytes()]);
            assert_eq!((told.result, told.deltas.len(), told.last_words), (Ok(()), 2, None), "{end}");
        }
    }

    #[test]
    fn what_is_too_long_is_refused_by_its_limit() {
        let long = "x".repeat(1 << 20);
        let pretty = format!("{{\n\"a\":\"{}\",\n\"b\":\"{0}\"\n}}", &long[..1 << 19]);
        for body in [format!("{{\"response\":\"{long}\"}}\n"), format!("{{\"response\":\"{long}"), pretty] {
            let error = error(&body);
            assert_eq!(error.code, Code::Protocol);
            assert!(error.message.contains("1048576 bytes (limits.maxEventBytes)"), "{error}");
        }
        let page = "<p>\n".repeat(1 << 20);
        assert!(error(&page).message.contains("a web page"));
    }

    proptest! {
        #[test]
        fn any_bytes_cut_anywhere_tell_the_same(
            pieces in prop::collection::vec(
                prop_oneof![
                    prop::collection::vec(any::<u8>(), 0..12),
                    prop::sample::select(vec![
                        HELLO, DONE, "\n", "\r\n", "{\"response\":\"é🙂\"}", "{\"error\":\"x", "{\"error\":\"x\"}", "{", "}",
                        "{\"done\":tru", "<html>", "\"\\ud83d\"", "null", "[[[[", "1e999", "{\"message\":{}}", "\u{feff}",
                    ]).prop_map(|text| text.as_bytes().to_vec()),
                ],
                0..16,
            ),
            cut in any::<prop::sample::Index>(),
        ) {
            let body = pieces.concat();
            let cut = cut.index(body.len() + 1);
            let bytes: Vec<&[u8]> = body.chunks(1).collect();
            let whole = read(&[&body]);
            prop_assert_eq!(&read(&[&body[..cut], &body[cut..]]), &whole);
            prop_assert_eq!(&read(&bytes), &whole);
        }
    }
}
