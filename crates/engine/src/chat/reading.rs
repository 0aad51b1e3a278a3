use super::{
    CallRules, Keeps,
    assembly::{Assembly, MAX_TEXT},
};
use crate::{
    error::{Code, Error, Result},
    protocol::Decoder,
    types::{Answer, Events, Raw},
};

/// Reads one answer: bytes in, events out, and the answer at the end. Does no I/O.
pub struct Reading {
    decoder: Box<dyn Decoder>,
    assembly: Assembly,
    keeps_frames: bool,
}

impl Reading {
    #[must_use]
    pub fn new(decoder: Box<dyn Decoder>, rules: CallRules) -> Self {
        Self { decoder, assembly: Assembly::new(rules), keeps_frames: false }
    }

    /// Has the answer hold what is not everybody's.
    pub fn keep(&mut self, keeps: Keeps) {
        self.assembly.keep_logprobs(keeps.logprobs);
        self.keeps_frames = keeps.last_frame;
        if keeps.last_frame {
            self.decoder.keep_frames();
        }
    }

    /// Reads an answer that is to be JSON.
    pub fn expect_json(&mut self) {
        self.assembly.expect_json();
    }

    /// Reads a text completion: there, nothing is told apart.
    #[must_use]
    pub fn of_text(decoder: Box<dyn Decoder>) -> Self {
        Self { decoder, assembly: Assembly::of_text(), keeps_frames: false }
    }

    /// # Errors
    /// What the server reported inside its answer, with what had arrived; `protocol` for what nobody can read.
    pub fn push(&mut self, bytes: &[u8], events: &mut dyn Events) -> Result<()> {
        let assembly = &mut self.assembly;
        self.decoder
            .push(bytes, &mut |delta| assembly.apply(delta, events))
            .map_err(|error| self.fail(error, events))?;
        self.check_limits().map_err(|error| self.fail(error, events))
    }

    fn check_limits(&self) -> Result<()> {
        if let Some(limit) = self.assembly.too_many_calls() {
            let message = format!("The answer has more than {limit} tool calls (limits.maxToolCalls)");
            let hint = "If so many calls are to be expected, raise `limits.maxToolCalls`.";
            return Err(Error::new(Code::Protocol, message).hint(hint));
        }
        if self.assembly.is_too_long() {
            let message = format!("The answer's text is longer than {MAX_TEXT} bytes: no string holds more");
            return Err(Error::new(Code::Protocol, message));
        }
        Ok(())
    }

    /// The body is at its end; `broken` tells why, if it did not end properly.
    ///
    /// # Errors
    /// `stream` where the answer broke off, `empty_completion` where none came, and as [`push`](Self::push); each
    /// with what had arrived.
    pub fn finish(mut self, broken: Option<Error>, events: &mut dyn Events) -> Result<Answer> {
        let assembly = &mut self.assembly;
        let rest = self.decoder.finish(&mut |delta| assembly.apply(delta, events));
        if let Err(error) = rest {
            // What was complete before the connection broke stays so.
            if !(self.is_finished() && error.code == Code::Protocol) {
                return Err(self.fail(broken.unwrap_or(error), events));
            }
        }
        // Calls may be in what is held back.
        self.assembly.release(events);
        if let Err(error) = self.check_limits() {
            return Err(self.assembly.fail(error));
        }
        let last_words = self.decoder.last_words().map(str::to_owned);
        let raw = self.keeps_frames.then(|| Raw {
            last_frame: String::from_utf8_lossy(&self.decoder.last_frame()).into_owned(),
            ..Raw::default()
        });
        let outcome = self.assembly.verdict(broken, events).map(|answer| Answer { raw, ..answer });
        outcome.map_err(|mut error| {
            if let Some(words) = last_words {
                if error.code == Code::EmptyCompletion {
                    return Error::not_an_answer(&words);
                }
                error.message = format!("{}. Its last words: {words}", error.message);
            }
            error
        })
    }

    /// The server said that nothing more comes: the rest of the body need not be waited for.
    #[must_use]
    pub fn is_ended(&self) -> bool {
        self.assembly.is_ended()
    }

    /// The answer is complete but for what the server may still count.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.assembly.is_finished()
    }

    /// The first text, reasoning or tool call has come, or the first byte of a document.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        self.assembly.has_begun() || self.decoder.has_begun()
    }

    /// How often the server told how far it has read the prompt.
    #[must_use]
    pub fn progress(&self) -> u32 {
        self.assembly.progress()
    }

    /// Ends the reading with `error`, which then holds what had arrived.
    pub fn fail(&mut self, error: Error, events: &mut dyn Events) -> Error {
        self.assembly.release(events);
        std::mem::take(&mut self.assembly).fail(error)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::{
        protocol::{Dialect, ollama::Ollama, openai::OpenAi},
        types::{Arguments, Event, FinishReason, ToolCall, Usage},
    };

    #[derive(Debug, Default, PartialEq)]
    struct Told {
        text: String,
        reasoning: String,
        warnings: Vec<&'static str>,
        tool_calls: Vec<ToolCall>,
        progress: Vec<(Option<u64>, Option<u64>)>,
    }

    impl Events for Told {
        fn event(&mut self, event: Event<'_>) {
            match event {
                Event::Message(text) => self.text.push_str(text),
                Event::Reasoning(text) => self.reasoning.push_str(text),
                Event::Warning(warning) => self.warnings.push(warning.code),
                Event::Progress { done, total, .. } => self.progress.push((done, total)),
                Event::ToolCall(call) => self.tool_calls.push(call.clone()),
                Event::Retry { .. } | Event::Load(_) => unreachable!("a reading is one attempt of a chat"),
            }
        }
    }

    fn read(pieces: &[&[u8]]) -> (Result<Answer>, Told) {
        read_in(&OpenAi, pieces)
    }

    fn read_in(dialect: &dyn Dialect, pieces: &[&[u8]]) -> (Result<Answer>, Told) {
        let mut told = Told::default();
        let mut reading = Reading::new(dialect.decoder(1 << 20), CallRules::default());
        for piece in pieces {
            if let Err(error) = reading.push(piece, &mut told) {
                return (Err(error), told);
            }
        }
        (reading.finish(None, &mut told), told)
    }

    fn answer(body: &str) -> Answer {
        read(&[body.as_bytes()]).0.unwrap_or_else(|error| panic!("{error}: {body}"))
    }

    fn answer_or_error(body: &str) -> Result<Answer> {
        read(&[body.as_bytes()]).0
    }

    fn error(body: &str) -> Error {
        read(&[body.as_bytes()]).0.unwrap_err()
    }

    /// A stream of these deltas, each the inside of a choice, with its proper end.
    fn stream(choices: &[&str]) -> String {
        let chunk = |choice: &&str| format!("data: {{\"choices\":[{{\"index\":0,{choice}}}]}}\n\n");
        choices.iter().map(chunk).collect::<String>() + "data: [DONE]\n\n"
    }

    const HELLO: &str = r#""delta":{"content":"Hello"}"#;
    const STOP: &str = r#""delta":{},"finish_reason":"stop""#;

    #[test]
    fn text_is_found_wherever_servers_put_it() {
        for choice in [
            HELLO,
            r#""delta":{"role":"","content":["Hel","lo"]}"#,
            r#""delta":{"content":[{"type":"text","text":"Hello"}]}"#,
            r#""message":{"role":"assistant","content":"Hello"}"#,
            r#""text":"Hello""#,
            r#""delta":{"content":null,"refusal":"Hello"}"#,
        ] {
            assert_eq!(answer(&stream(&[choice, STOP])).content, "Hello", "{choice}");
        }
    }

    #[test]
    fn reasoning_is_found_wherever_servers_put_it_and_told_once() {
        for choice in [
            r#""delta":{"reasoning_content":"why"}"#,
            r#""delta":{"reasoning":"why"}"#,
            r#""delta":{"thinking":"why"}"#,
            r#""delta":{"reasoning":"why","reasoning_content":"why"}"#,
            r#""delta":{"reasoning":"why","reasoning_details":[{"type":"reasoning.text","text":"why"}]}"#,
            r#""delta":{"reasoning_details":[{"text":"why"}]}"#,
            r#""delta":{"content":[{"type":"thinking","thinking":[{"type":"text","text":"why"}]}]}"#,
            r#""delta":{"content":"<think>why</think>"}"#,
        ] {
            let answer = answer(&stream(&[choice, HELLO, STOP]));
            assert_eq!((answer.reasoning.as_str(), answer.content.as_str()), ("why", "Hello"), "{choice}");
        }
    }

    #[test]
    fn what_is_too_long_is_refused_by_its_limit_and_what_came_before_is_kept() {
        let hello = stream(&[HELLO]).replace("data: [DONE]\n\n", "");
        let long = format!("data: {}", "x".repeat((1 << 20) + 1));
        let (broken, told) = read(&[hello.as_bytes(), long.as_bytes()]);
        let error = broken.unwrap_err();
        assert_eq!(error.code, Code::Protocol);
        assert!(error.message.contains("1048576 bytes (limits.maxEventBytes)"), "{error}");
        assert_eq!((error.partial.clone().unwrap().content.as_str(), told.text.as_str()), ("Hello", "Hello"));

        let piece = "x".repeat(1 << 19);
        let chunk = format!("data: {{\"choices\":[{{\"delta\":{{\"content\":\"{piece}\"}}}}]}}\n\n");
        let error = read(&vec![chunk.as_bytes(); MAX_TEXT / piece.len() + 1]).0.unwrap_err();
        assert_eq!(error.code, Code::Protocol);
        assert!(error.message.contains("134217728 bytes"), "{error}");
    }

    #[test]
    fn nothing_is_held_of_many_choices_and_tool_calls_that_say_nothing() {
        let many = "{},".repeat(100_000);
        let choices = format!("data: {{\"choices\":[{many}{{}}]}}\n\n");
        let tools = format!("\"delta\":{{\"tool_calls\":[{many}{{\"index\":4294967295}}]}}");
        let answer = answer(&(choices + &stream(&[HELLO, &tools, STOP])));
        assert_eq!((answer.content.as_str(), answer.finish_reason), ("Hello", FinishReason::Stop));
        assert_eq!(answer.tool_calls, []);
    }

    #[test]
    fn more_tool_calls_than_the_limit_end_the_answer() {
        let calls = |count: usize| {
            let call = r#"{"id":"","function":{"name":"f","arguments":"{}"}},"#.repeat(count);
            let list = call.trim_end_matches(',');
            answer_or_error(&format!(
                r#"{{"choices":[{{"message":{{"content":"Hello","tool_calls":[{list}]}}}}]}}"#
            ))
        };
        assert_eq!(calls(128).unwrap().tool_calls.len(), 128);
        let error = calls(129).unwrap_err();
        assert_eq!(error.code, Code::Protocol);
        assert!(error.message.contains("128 tool calls (limits.maxToolCalls)"), "{error}");
        assert_eq!(error.partial.as_ref().unwrap().tool_calls.len(), 128);
    }

    /// The answer to a request that offers `f`, with these rules.
    fn offered(options: &str, choices: &[&str]) -> Result<Answer> {
        let options = serde_json::from_str(options).unwrap();
        let mut reading = Reading::new(OpenAi.decoder(1 << 20), CallRules::new(&options, 2));
        let mut told = Told::default();
        reading.push(stream(choices).as_bytes(), &mut told)?;
        reading.finish(None, &mut told)
    }

    #[test]
    fn more_calls_than_the_limit_at_the_end_of_the_text_are_an_error_too() {
        let calls = |count: usize| {
            let list = vec![r#"{\"name\":\"f\",\"arguments\":{}}"#; count].join(",");
            let text = format!(r#""delta":{{"content":"[{list}]"}}"#);
            offered(r#"{"tools":[{"name":"f"}]}"#, &[&text, STOP])
        };
        assert_eq!(calls(2).unwrap().tool_calls.len(), 2);
        let error = calls(3).unwrap_err();
        assert!(error.message.contains("2 tool calls (limits.maxToolCalls)"), "{error}");
    }

    #[test]
    fn a_call_in_what_was_reasoning_counts_for_nothing() {
        let call = |name: &str| {
            format!(r#"<tool_call>{{\"name\":\"f\",\"arguments\":{{\"a\":\"{name}\"}}}}</tool_call>"#)
        };
        let thoughts = format!(r#""delta":{{"content":"Perhaps {}\n</think>\n"}}"#, call("A"));
        let text = format!(r#""delta":{{"content":"{}"}}"#, call("B"));
        let single = r#"{"tools":[{"name":"f"}],"parallelToolCalls":false}"#;
        let answer = offered(single, &[&thoughts, &text, STOP]).unwrap();
        assert_eq!(answer.tool_calls.len(), 1);
        assert!(answer.tool_calls[0].raw_arguments.contains('B'), "{:?}", answer.tool_calls);
        assert!(answer.warnings.iter().all(|warning| warning.code != "parallel_tool_calls"));

        let required = r#"{"tools":[{"name":"f"}],"toolChoice":"required"}"#;
        let none = offered(required, &[&thoughts, HELLO, STOP]).unwrap();
        assert!(none.warnings.iter().any(|warning| warning.code == "tool_choice"), "{:?}", none.warnings);
    }

    /// The answer with this text, read whole and one character a chunk.
    fn answers_with(text: &str, prepare: impl Fn() -> Reading) -> [Answer; 2] {
        let characters: Vec<String> = text.chars().map(String::from).collect();
        [vec![text.to_owned()], characters].map(|pieces| {
            let deltas = pieces
                .iter()
                .map(|piece| format!(r#""delta":{{"content":{}}}"#, serde_json::to_string(piece).unwrap()));
            let choices: Vec<String> = deltas.chain([STOP.to_owned()]).collect();
            let choices: Vec<&str> = choices.iter().map(String::as_str).collect();
            let (mut reading, mut told) = (prepare(), Told::default());
            reading.push(stream(&choices).as_bytes(), &mut told).unwrap();
            reading.finish(None, &mut told).unwrap()
        })
    }

    #[test]
    fn a_tag_of_reasoning_within_a_call_is_what_the_model_writes() {
        let options = r#"{"tools":[{"name":"f","parameters":{"properties":{"a":{"type":"string"}}}}]}"#;
        let prepare = || {
            Reading::new(OpenAi.decoder(1 << 20), CallRules::new(&serde_json::from_str(options).unwrap(), 9))
        };
        for (call, written) in [
            (
                "<tool_call>\n<function=f>\n<parameter=a>\n<think>\nx\n</think>\n</parameter>\n</function>\n</tool_call>",
                "<think>\nx\n</think>",
            ),
            (
                "<tool_call>\n<function=f>\n<parameter=a>\nb\n<thinking>\nx\n</thinking>\nc\n</parameter>\n</function>\n</tool_call>",
                "b\n<thinking>\nx\n</thinking>\nc",
            ),
            (
                r#"<tool_call>{"name":"f","arguments":{"a":"<think>(.*?)</think>"}}</tool_call>"#,
                "<think>(.*?)</think>",
            ),
            (
                r#"[TOOL_CALLS][{"name":"f","arguments":{"a":"END = </think>;[/THINK]"}}]"#,
                "END = </think>;[/THINK]",
            ),
            (r#"{"name":"f","arguments":{"a":"</think>"}}"#, "</think>"),
        ] {
            for before in ["", "<think>why</think>", "I call it.\n"] {
                if before.starts_with('I') && call.starts_with('{') {
                    continue;
                }
                for answer in answers_with(&format!("{before}{call}"), prepare) {
                    let expected = json!({ "a": written });
                    let Arguments::Read { arguments, .. } = &answer.tool_calls[0].arguments else {
                        panic!("{call}: {answer:?}")
                    };
                    assert_eq!(serde_json::Value::Object(arguments.clone()), expected, "{before}{call}");
                    let reasoning = if before.starts_with('<') { "why" } else { "" };
                    assert_eq!(answer.reasoning, reasoning, "{before}{call}");
                }
            }
        }
        let call = r#"<tool_call>{"name":"f","arguments":{"a":"<think>"}}</tool_call>"#;
        for answer in answers_with(&format!("{call}\n<think>why</think>So."), prepare) {
            assert_eq!((answer.reasoning.as_str(), answer.content.as_str()), ("why", "So."));
            assert_eq!(answer.tool_calls.len(), 1);
        }
    }

    #[test]
    fn in_json_that_was_asked_for_nothing_is_a_tag() {
        let prepare = || {
            let mut reading = Reading::new(OpenAi.decoder(1 << 20), CallRules::default());
            reading.expect_json();
            reading
        };
        for json in [r#"{"a":"<think>x</think>"}"#, r#"{"a":"uses \"</think>\" here"}"#, r#"["</think>"]"#] {
            for before in ["", "\n ", "<think>why</think>", "why\n</think>\n"] {
                for answer in answers_with(&format!("{before}{json}"), prepare) {
                    assert_eq!(answer.content.trim_start(), json, "{before}");
                    assert_eq!(answer.reasoning, if before.contains("why") { "why" } else { "" });
                }
            }
        }
    }

    #[test]
    fn tool_calls_are_found_wherever_and_however_servers_put_them() {
        for choice in [
            r#""delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{\"b\":1}"}}]}"#,
            r#""delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":{"b":1}}}]}"#,
            r#""delta":{"tool_calls":{"index":0,"id":"a","function":{"name":"f","arguments":"{\"b\":1}"}}}"#,
            r#""delta":{"tool_calls":[{"id":"a","name":"f","arguments":"{\"b\":1}"}]}"#,
            r#""delta":{"tool_calls":[{"index":"0","id":"a","function":null,"name":"f","arguments":{"b":1}}]}"#,
            r#""delta":{"tool_calls":[null,7,"x",[],{"index":-1,"id":"a","type":null,"function":{"name":"f","arguments":"{\"b\":1}"}}]}"#,
            r#""delta":{"tool_calls":null},"message":{"tool_calls":[{"id":"a","function":{"name":"f","arguments":"{\"b\":1}"}}]}"#,
            r#""message":{"tool_calls":[{"id":"a","function":{"name":"f","arguments":"{\"b\":1}"}}]}"#,
            r#""delta":{},"tool_calls":[{"id":"a","function":{"name":"f","arguments":"{\"b\":1}"}}]"#,
            r#""delta":{"tool_calls":[{"id":"a","id":"a","function":{"name":"f","name":"f","arguments":"{\"b\":1}"}}]}"#,
            r#""delta":{"tool_calls":[{"id":"a","function":{"name":"f","arguments":"{\"b\":1}"}}]},"finish_reason":"tool_calls""#,
        ] {
            let answer = answer(&stream(&[choice, STOP]));
            let call = &answer.tool_calls[0];
            assert_eq!(
                (call.id.as_str(), call.name.as_str(), call.raw_arguments.as_str()),
                ("a", "f", r#"{"b":1}"#),
                "{choice}"
            );
            assert_eq!(
                (answer.tool_calls.len(), answer.finish_reason),
                (1, FinishReason::ToolCalls),
                "{choice}"
            );
        }
        for nothing in ["null", "[]", "{}", "7", r#""none""#, "[null]"] {
            let choice =
                format!(r#""delta":{{"content":"Hello","tool_calls":{nothing},"function_call":null}}"#);
            assert_eq!(answer(&stream(&[&choice, STOP])).finish_reason, FinishReason::Stop, "{nothing}");
        }
    }

    #[test]
    fn the_one_call_of_old_comes_in_pieces_too() {
        let answer = answer(&stream(&[
            r#""delta":{"function_call":{"name":"f","arguments":""}}"#,
            r#""delta":{"function_call":{"arguments":"{\"b\":"}}"#,
            r#""delta":{"function_call":{"arguments":"1}"}}"#,
            r#""delta":{},"finish_reason":"function_call""#,
        ]));
        let call = &answer.tool_calls[0];
        assert_eq!((call.name.as_str(), call.raw_arguments.as_str()), ("f", r#"{"b":1}"#));
        assert_eq!(
            (answer.finish_reason, answer.warnings[0].code),
            (FinishReason::ToolCalls, "tool_call_id")
        );
    }

    #[test]
    fn half_of_an_emoji_in_the_arguments_is_read_with_the_rest() {
        let call =
            r#""delta":{"tool_calls":[{"id":"a","function":{"name":"f","arguments":"{\"b\":\"\ud83d\"}"}}]}"#;
        assert_eq!(answer(&stream(&[call, STOP])).tool_calls[0].raw_arguments, "{\"b\":\"\u{fffd}\"}");
    }

    /// Of a stream with these pieces of text, offering `get_weather`.
    fn answer_in_text(pieces: &[&str], finish: &str, options: &str) -> (Answer, Told) {
        let tools = r#"{"name":"get weather","parameters":{"properties":{"city":{"type":"string"}}}}"#;
        let options = serde_json::from_str(&format!(r#"{{"tools":[{tools}]{options}}}"#)).unwrap();
        let deltas = pieces.iter().map(|text| format!(r#""delta":{}"#, serde_json::json!({"content": text})));
        let end = format!(r#""delta":{{}},"finish_reason":"{finish}""#);
        let choices: Vec<String> = deltas.chain([end]).collect();
        let body = stream(&choices.iter().map(String::as_str).collect::<Vec<_>>());
        let mut told = Told::default();
        let mut reading = Reading::new(OpenAi.decoder(1 << 20), CallRules::new(&options, 128));
        reading.push(body.as_bytes(), &mut told).unwrap();
        (reading.finish(None, &mut told).unwrap(), told)
    }

    #[test]
    fn a_call_is_read_out_of_the_text_and_does_not_show() {
        let pieces = [
            "<think>I could write <tool_call>{\"name\": \"get_weather\"}</tool_call>.</think>Well.\n<tool_",
            "call>\n{\"name\": \"get_weather\", \"argum",
            "ents\": {\"city\": \"Paris\"}}\n</tool_call>",
        ];
        let (answer, told) = answer_in_text(&pieces, "stop", "");
        assert_eq!((answer.content.as_str(), told.text.as_str()), ("Well.", "Well."));
        assert_eq!(answer.reasoning, "I could write <tool_call>{\"name\": \"get_weather\"}</tool_call>.");
        assert_eq!((answer.finish_reason, answer.warnings), (FinishReason::ToolCalls, Vec::new()));
        let [call] = answer.tool_calls.as_slice() else { panic!("{:?}", answer.tool_calls) };
        assert_eq!((call.name.as_str(), call.id.len()), ("get weather", 9));
        assert_eq!(call.raw_arguments, "{\"city\": \"Paris\"}");
        assert_eq!(told.tool_calls, answer.tool_calls);
        let (kept, _) = answer_in_text(&pieces, "stop", r#","keepToolMarkup":true"#);
        assert!(kept.content.ends_with("</tool_call>") && kept.tool_calls.len() == 1, "{}", kept.content);
        let (native, _) = answer_in_text(&pieces, "stop", r#","toolMode":"native""#);
        assert!(
            native.content.ends_with("</tool_call>") && native.tool_calls.is_empty(),
            "{}",
            native.content
        );
    }

    #[test]
    fn a_call_among_the_channels_of_harmony_is_read() {
        let pieces = [
            "<|channel|>analysis<|message|>I need the weather.<|end|><|start|>assistant<|channel|>commentary \
                       to=functions.get_weather <|constrain|>json<|message|>{\"city\":\"Paris\"}<|call|>",
        ];
        let (answer, _) = answer_in_text(&pieces, "stop", "");
        assert_eq!((answer.content.as_str(), answer.reasoning.as_str()), ("", "I need the weather."));
        assert_eq!(answer.tool_calls[0].raw_arguments, "{\"city\":\"Paris\"}");
    }

    #[test]
    fn a_call_in_text_that_turns_out_to_be_reasoning_does_not_count() {
        let call = "Perhaps <tool_call>{\"name\":\"get_weather\",\"arguments\":{}}</tool_call>";
        for pieces in [&[call, "\n</think>No."][..], &[&format!("{call}\n</think>No.")]] {
            let (answer, _) = answer_in_text(pieces, "stop", "");
            assert_eq!(answer.content, "No.");
            assert!(answer.reasoning.starts_with("Perhaps"), "{}", answer.reasoning);
            assert_eq!((answer.tool_calls, answer.finish_reason), (Vec::new(), FinishReason::Stop));
        }
    }

    #[test]
    fn a_call_in_text_that_the_limit_cut_off_is_invalid_and_does_not_show() {
        let pieces = ["Well. <tool_call>{\"name\":\"get_weather\",\"arguments\":{\"city\":\"Pa"];
        let (answer, told) = answer_in_text(&pieces, "length", "");
        assert_eq!((answer.content.as_str(), answer.finish_reason), ("Well.", FinishReason::Length));
        assert!(
            matches!(&answer.tool_calls[0].arguments, Arguments::Invalid { invalid } if invalid.contains("limit"))
        );
        assert_eq!(told.tool_calls.len(), 1);
    }

    #[test]
    fn more_calls_in_text_than_the_limit_are_not_kept() {
        let call = "<tool_call>{\"name\":\"get_weather\",\"arguments\":{}}</tool_call>";
        let options = serde_json::from_str(r#"{"tools":[{"name":"get_weather"}]}"#).unwrap();
        let rules = CallRules::new(&options, 2);
        let mut reading = Reading::new(OpenAi.decoder(1 << 20), rules);
        let delta = format!(r#""delta":{}"#, serde_json::json!({"content": call.repeat(3)}));
        let error = reading.push(stream(&[&delta]).as_bytes(), &mut Told::default()).unwrap_err();
        assert!(error.message.contains("more than 2 tool calls"), "{error}");
        assert_eq!(error.partial.as_ref().unwrap().tool_calls.len(), 2);
    }

    #[test]
    fn a_call_that_was_cut_off_is_never_valid() {
        let piece = r#""delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{\"b\":[1"}}]}"#;
        let calls = |finish: &str| {
            answer(&stream(&[piece, &format!(r#""delta":{{}},"finish_reason":"{finish}""#)])).tool_calls
        };
        assert!(matches!(&calls("stop")[0].arguments, Arguments::Read { repaired: true, .. }));
        let invalid = [calls("length"), calls("content_filter"), {
            let body = stream(&[piece]).replace("data: [DONE]\n\n", "");
            error(&body).partial.clone().unwrap().tool_calls
        }];
        for calls in invalid {
            assert!(
                matches!(&calls[0].arguments, Arguments::Invalid { invalid } if invalid.starts_with("cut off")),
                "{calls:?}"
            );
        }
    }

    #[test]
    fn white_space_and_a_byte_order_mark_before_an_answer_are_passed_over_however_they_are_cut() {
        let document = r#"{"choices":[{"message":{"content":"Hello"}}]}"#;
        for body in [stream(&[HELLO, STOP]).as_str(), document] {
            for before in ["\u{feff}", "\u{feff} \n", " \r\n\t"] {
                let body = format!("{before}{body}");
                let bytes: Vec<&[u8]> = body.as_bytes().chunks(1).collect();
                for pieces in [vec![body.as_bytes()], bytes] {
                    assert_eq!(read(&pieces).0.unwrap().content, "Hello", "{before:?}");
                }
            }
        }
    }

    #[test]
    fn chunks_without_anything_to_read_are_survived() {
        let odd = concat!(
            "data: {\"choices\":null}\n\ndata: {\"choices\":[]}\n\ndata: {}\n\ndata: null\n\n",
            "data:\n\ndata: : keepalive\n\n: ping\n\ndata: {\"choices\":[null,3,\"x\"],\"id\":7,\"usage\":\"none\"}\n\n",
            "data: {\"choices\":[{\"delta\":null}],\"error\":null}\n\ndata: {\"choices\":{\"delta\":{\"content\":\"!\"}}}\n\n",
        );
        assert_eq!(answer(&(odd.to_owned() + &stream(&[HELLO, STOP]))).content, "!Hello");
    }

    #[test]
    fn the_words_for_an_end_become_few() {
        for (word, reason) in [
            ("stop", FinishReason::Stop),
            ("eos", FinishReason::Stop),
            ("stop_sequence", FinishReason::Stop),
            ("length", FinishReason::Length),
            ("model_length", FinishReason::Length),
            ("content_filter", FinishReason::ContentFilter),
            ("function_call", FinishReason::ToolCalls),
            ("repetition", FinishReason::Unknown),
        ] {
            let finish = format!(r#""delta":{{}},"finish_reason":"{word}""#);
            assert_eq!(answer(&stream(&[HELLO, &finish])).finish_reason, reason, "{word}");
        }
        let twice = answer(&stream(&[HELLO, STOP, r#""delta":{},"finish_reason":"""#, STOP]));
        assert_eq!(twice.finish_reason, FinishReason::Stop);
    }

    #[test]
    fn null_written_as_a_text_is_no_end_and_text_after_an_end_takes_it_back() {
        let chunk = r#""delta":{"content":"a"},"finish_reason":"null""#;
        assert_eq!(answer(&stream(&[chunk, chunk, STOP])).content, "aa");
        let (broken, _) = read(&[stream(&[HELLO, STOP, HELLO]).replace("data: [DONE]\n\n", "").as_bytes()]);
        assert_eq!(broken.unwrap_err().code, Code::Stream);
        assert_eq!(answer(&stream(&[HELLO, STOP, HELLO])).content, "HelloHello");
    }

    #[test]
    fn what_stands_in_delta_and_in_message_is_told_once() {
        let both = r#""delta":{"content":"Hello"},"message":{"content":"Hello"},"finish_reason":"stop""#;
        assert_eq!(answer(&stream(&[both])).content, "Hello");
    }

    #[test]
    fn what_follows_the_terminal_event_is_not_read() {
        let body = stream(&[HELLO, STOP]) + "data: {\"error\":\"late\"}\n\n" + &stream(&[HELLO]);
        assert_eq!(answer(&body).content, "Hello");
    }

    #[test]
    fn reasoning_from_both_places_is_survived_in_any_order() {
        let tags = r#""delta":{"content":"<think>a<think>b</think>c"}"#;
        let field = r#""delta":{"reasoning_content":"é"}"#;
        let answer = answer(&stream(&[tags, field, STOP]));
        assert!(answer.reasoning.contains('é'), "{}", answer.reasoning);
        assert!(answer.content.contains('c') || answer.reasoning.contains('c'));
    }

    #[test]
    fn a_tag_in_the_text_is_only_spoken_of_where_the_server_tells_reasoning_apart() {
        let field = r#""delta":{"reasoning_content":"why"}"#;
        let text = r#""delta":{"content":"First\n</think>\nthen"}"#;
        let answer = answer(&stream(&[field, text, STOP]));
        assert_eq!((answer.reasoning.as_str(), answer.content.as_str()), ("why", "First\n</think>\nthen"));
    }

    #[test]
    fn an_answer_has_begun_with_its_first_text_though_it_is_held_back() {
        let mut reading = Reading::new(OpenAi.decoder(1 << 20), CallRules::default());
        reading
            .push(b"data: {\"choices\":[{\"delta\":{\"content\":\"\\n\"}}]}\n\n", &mut Told::default())
            .unwrap();
        assert!(reading.has_begun());
    }

    #[test]
    fn stop_although_tools_were_called_is_tool_calls() {
        let call =
            r#""delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}]}"#;
        let answer = answer(&stream(&[call, STOP]));
        assert_eq!((answer.finish_reason, answer.warnings), (FinishReason::ToolCalls, Vec::new()));
    }

    #[test]
    fn done_without_a_finish_reason_is_an_end_whose_reason_is_unknown() {
        let answer = answer(&stream(&[HELLO]));
        assert_eq!(answer.finish_reason, FinishReason::Unknown);
        assert_eq!(answer.warnings[0].code, "finish_reason");
    }

    #[test]
    fn what_ends_without_a_word_is_broken_off_and_keeps_what_came() {
        let error =
            error("data: {\"choices\":[{\"delta\":{\"content\":\"Hel\"}}]}\n\nproxy error: no route\n");
        assert_eq!(error.code, Code::Stream);
        assert_eq!(error.partial.as_ref().unwrap().content, "Hel");
        assert!(error.message.contains("proxy error: no route"), "{}", error.message);
    }

    #[test]
    fn white_space_and_the_beginning_of_a_byte_order_mark_are_the_same_in_any_pieces() {
        let whole = read(&[b"\n\n\xEF"]);
        assert_eq!(read(&[b"\n", b"\n", b"\xEF"]), whole);
        assert_eq!(read(&[b"\n\n", b"\xEF"]), whole);
    }

    #[test]
    fn nothing_and_a_page_are_no_answer() {
        assert_eq!(error("").code, Code::EmptyCompletion);
        assert_eq!(error(": ping\n\ndata: [DONE]\n\n").code, Code::EmptyCompletion);
        assert_eq!(error("dat").code, Code::EmptyCompletion);
        assert_eq!(error("\u{fffd}\u{fffd}\u{fffd}").code, Code::Protocol);
        let page = error("<!doctype html><title>Welcome</title>");
        assert_eq!((page.code, page.wrong_path), (Code::Protocol, true));
        assert!(page.message.contains("Welcome"));
    }

    #[test]
    fn an_error_in_the_stream_is_told_in_the_servers_words_with_what_had_come() {
        for failure in [
            r#"data: {"error":{"message":"boom"}}"#,
            r#"data: {"error":"boom"}"#,
            r#"data: {"object":"error","message":"boom"}"#,
            r#"data: {"choices":[{"index":0,"delta":{},"error":{"message":"boom"}}]}"#,
            r#"data: {"error":{"code":502,"message":"boom"},"choices":[{"delta":{},"finish_reason":"error"}]}"#,
            "event: error\ndata: {\"message\":\"boom\"}",
            "error: {\"message\":\"boom\"}",
            "data: {\"error\": \"boom\nin two \"lines\"\"}",
        ] {
            let body =
                format!("data: {{\"choices\":[{{\"delta\":{{\"content\":\"Hel\"}}}}]}}\n\n{failure}\n\n");
            let error = error(&body);
            assert!(error.message.contains("boom"), "{failure}: {}", error.message);
            assert_eq!(error.partial.as_ref().unwrap().content, "Hel", "{failure}");
        }
    }

    #[test]
    fn a_chunk_that_is_no_json_fails_the_answer_and_a_word_that_is_no_chunk_does_not() {
        assert_eq!(
            error(&("data: {\"choices\": nope}\n\n".to_owned() + &stream(&[HELLO, STOP]))).code,
            Code::Protocol
        );
        let answer = answer(&("data: warming up\n\n".to_owned() + &stream(&[HELLO, STOP])));
        assert_eq!(answer.warnings[0].code, "frame");
    }

    #[test]
    fn json_that_its_writer_got_slightly_wrong_is_read_with_a_warning() {
        let body = "data: {\"choices\":[{\"delta\":{\"content\":\"a\tb\"},\"logprobs\":NaN}]}\n\n".to_owned();
        let answer = answer(&(body + &stream(&[STOP])));
        assert_eq!((answer.content.as_str(), answer.warnings[0].code), ("a\tb", "json"));
    }

    #[test]
    fn one_document_or_one_a_line_is_an_answer_too() {
        let whole = r#"{"choices":[{"message":{"content":"Hello"},"finish_reason":"stop"}],"usage":{"prompt_tokens":5,"completion_tokens":2}}"#;
        let answered = answer(&format!("\u{feff} {whole}\n"));
        assert_eq!((answered.content.as_str(), answered.usage.unwrap().total_tokens), ("Hello", 7));
        let lines = stream(&[HELLO, STOP]).replace("data: ", "").replace("[DONE]", "");
        assert_eq!(answer(&lines).content, "Hello");
    }

    #[test]
    fn the_last_count_that_counts_something_is_taken() {
        let usage = |body: &str| answer(&(body.to_owned() + &stream(&[HELLO, STOP]))).usage;
        let counted = Some(Usage { input_tokens: 5, output_tokens: 2, total_tokens: 7, ..Usage::default() });
        for body in [
            r#"data: {"usage":{"prompt_tokens":5,"completion_tokens":2,"total_tokens":7}}"#,
            r#"data: {"x_groq":{"usage":{"prompt_tokens":5,"completion_tokens":2}}}"#,
            r#"data: {"usage":{"input_tokens":5,"output_tokens":2}}"#,
            "data: {\"usage\":{\"prompt_tokens\":1}}\n\ndata: {\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":2}}",
            "data: {\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":2}}\n\ndata: {\"usage\":null}",
            "data: {\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":2}}\n\ndata: {\"usage\":{\"prompt_tokens\":0}}",
        ] {
            assert_eq!(usage(&format!("{body}\n\n")), counted, "{body}");
        }
        assert_eq!(usage("data: {\"usage\":{\"prompt_tokens\":0,\"completion_tokens\":0}}\n\n"), None);
        let timings =
            usage("data: {\"timings\":{\"cache_n\":3,\"prompt_n\":2,\"predicted_n\":2}}\n\n").unwrap();
        assert_eq!((timings.input_tokens, timings.cached_input_tokens), (5, Some(3)));
    }

    #[test]
    fn only_the_first_choice_is_the_answer() {
        let other = "data: {\"choices\":[{\"index\":1,\"delta\":{\"content\":\"Other\"}}]}\n\n".to_owned();
        let answer = answer(&(other + &stream(&[HELLO, STOP])));
        assert_eq!((answer.content.as_str(), answer.warnings[0].code), ("Hello", "choices"));
    }

    #[test]
    fn progress_is_told() {
        let body = "data: {\"prompt_progress\":{\"processed\":3,\"total\":9},\"choices\":[]}\n\n".to_owned();
        let (_, told) = read(&[(body + &stream(&[HELLO, STOP])).as_bytes()]);
        assert_eq!(told.progress, [(Some(3), Some(9))]);
    }

    #[test]
    fn lines_of_json_are_judged_as_events_are() {
        let hello = r#"{"message":{"content":"Hel"},"done":false}"#;
        let read = |last: &str| read_in(&Ollama, &[format!("{hello}\n{last}").as_bytes()]).0;
        for (last, code) in
            [("", Code::Stream), ("{\"mess", Code::Stream), (r#"{"error":"boom"}"#, Code::Server)]
        {
            let error = read(last).unwrap_err();
            let partial = error.partial.clone().unwrap();
            assert_eq!((error.code, partial.content.as_str()), (code, "Hel"), "{last}");
        }
        let error = read("proxy error: no route\n").unwrap_err();
        assert!(error.message.contains("proxy error: no route"), "{error}");

        let silent = read(r#"{"done":true}"#).unwrap();
        assert_eq!((silent.finish_reason, silent.warnings[0].code), (FinishReason::Unknown, "finish_reason"));
        let nothing = read_in(&Ollama, &[br#"{"done":true}"#]).0.unwrap_err();
        assert_eq!(nothing.code, Code::EmptyCompletion);
        let loaded = r#"{"message":{"content":""},"done":true,"done_reason":"load"}"#;
        let loaded = read_in(&Ollama, &[loaded.as_bytes()]).0.unwrap();
        assert_eq!((loaded.content.as_str(), loaded.finish_reason), ("", FinishReason::Stop));
        assert_eq!(loaded.warnings[0].code, "finish_reason");
    }

    #[test]
    fn reasoning_in_the_text_is_told_apart_in_every_dialect() {
        let body = r#"{"message":{"content":"<think>why</think>Hello"},"done":true,"done_reason":"stop"}"#;
        let answer = read_in(&Ollama, &[body.as_bytes()]).0.unwrap();
        assert_eq!((answer.reasoning.as_str(), answer.content.as_str()), ("why", "Hello"));
    }

    #[test]
    fn what_is_complete_stays_so_when_the_connection_breaks_after_it() {
        let mut told = Told::default();
        let mut reading = Reading::new(OpenAi.decoder(1 << 20), CallRules::default());
        let body = "data: {\"choices\":[{\"delta\":{\"content\":\"Hello\"},\"finish_reason\":\"stop\"}]}\n\ndata: {\"us";
        reading.push(body.as_bytes(), &mut told).unwrap();
        let broken = Error::new(Code::Stream, "reset");
        assert_eq!(reading.finish(Some(broken), &mut told).unwrap().content, "Hello");
    }

    proptest! {
        #[test]
        fn any_bytes_cut_anywhere_end_in_the_same_answer_or_error(
            pieces in prop::collection::vec(
                prop_oneof![
                    prop::collection::vec(any::<u8>(), 0..12),
                    prop::sample::select(vec![
                        "data: ", "{\"choices\":[{\"delta\":{\"content\":\"é🙂\"}}]}", "\n\n", "\r\n", "[DONE]", "{\"error\":\"x",
                        "{\"choices\":[{\"finish_reason\":\"stop\"}]}", "<html>",
                        "{\"choices\":[{\"delta\":{\"tool_calls\":[{\"id\":\"a\",\"name\":\"f\",\"arguments\":\"{'\"}]}}]}",
                        "{\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"b\",\"arguments\":{}},{\"id\":\"a\",\"arguments\":\"}\"}]}}]}", "\"\\ud83d\"", "null", "[[[[", "1e999",
                    ]).prop_map(|text| text.as_bytes().to_vec()),
                ],
                0..16,
            ),
            cut in any::<prop::sample::Index>(),
        ) {
            // Ids that we make are others each time.
            let read = |pieces: &[&[u8]]| {
                fastrand::seed(0);
                read(pieces)
            };
            let body = pieces.concat();
            let cut = cut.index(body.len() + 1);
            let bytes: Vec<&[u8]> = body.chunks(1).collect();
            let whole = read(&[&body]);
            prop_assert_eq!(&read(&[&body[..cut], &body[cut..]]), &whole);
            prop_assert_eq!(&read(&bytes), &whole);
        }
    }
}
