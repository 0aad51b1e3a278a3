//! Filling in between two texts, by a path and in a form that llama.cpp alone has: its `/v1/completions` ignores a
//! suffix. <https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md#post-infill-for-code-infilling>

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::{Map, Value, value::RawValue};

use crate::{
    error::{Code, Error, Result},
    protocol::{Decoder, Failure},
    servers::{CompletionWay, Place},
    types::{Delta, ServerTimings, Usage},
    wire::{SseReader, TooLong},
};

/// Puts what OpenAI's protocol says into the names of this path.
pub fn way(body: &mut Map<String, Value>) -> CompletionWay {
    for (from, to) in [("prompt", "input_prefix"), ("suffix", "input_suffix"), ("max_tokens", "n_predict")] {
        if let Some(value) = body.remove(from) {
            body.insert(to.into(), value);
        }
    }
    body.remove("stream_options");
    CompletionWay { place: Place::Root("/infill"), decoder: Box::new(|limit| Box::new(Filling::new(limit))) }
}

/// Reads events of the form that `/infill` and `/completion` have.
struct Filling {
    reader: SseReader,
    ended: bool,
}

impl Filling {
    fn new(max_event_bytes: usize) -> Self {
        Self { reader: SseReader::new(max_event_bytes), ended: false }
    }
}

#[derive(Deserialize)]
struct Chunk<'a> {
    #[serde(borrow, default)]
    content: Cow<'a, str>,
    /// The last one, which repeats what was asked for and tells what was counted.
    #[serde(default)]
    stop: bool,
    #[serde(borrow, default)]
    stop_type: Cow<'a, str>,
    #[serde(borrow, default)]
    model: Cow<'a, str>,
    #[serde(default)]
    tokens_predicted: Option<u64>,
    #[serde(default)]
    tokens_evaluated: Option<u64>,
    #[serde(default)]
    timings: Option<Timings>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Timings {
    #[serde(default)]
    prompt_ms: Option<f64>,
    #[serde(default)]
    predicted_ms: Option<f64>,
    #[serde(default)]
    predicted_per_second: Option<f64>,
}

fn read(data: &[u8], out: &mut dyn FnMut(Delta<'_>)) -> Result<Ended> {
    if data.is_empty() {
        return Ok(false);
    }
    let chunk = serde_json::from_slice::<Chunk<'_>>(data).map_err(|error| unreadable(data, &error))?;
    if let Some(failure) = chunk.error.and_then(Failure::of_error) {
        return Err(failure.mid_stream().into_error());
    }
    if !chunk.model.is_empty() {
        out(Delta::Model(&chunk.model));
    }
    if !chunk.content.is_empty() {
        out(Delta::Text(&chunk.content));
    }
    if chunk.stop {
        out(Delta::Finish(if chunk.stop_type == "limit" { "length" } else { "stop" }));
        if let (Some(input_tokens), Some(output_tokens)) = (chunk.tokens_evaluated, chunk.tokens_predicted) {
            let total_tokens = input_tokens.saturating_add(output_tokens);
            out(Delta::Usage(Usage { input_tokens, output_tokens, total_tokens, ..Usage::default() }));
        }
        if let Some(timings) = chunk.timings {
            out(Delta::Timings(ServerTimings {
                prompt: timings.prompt_ms,
                generation: timings.predicted_ms,
                tokens_per_second: timings.predicted_per_second,
            }));
        }
        out(Delta::End);
    }
    Ok(chunk.stop)
}

/// Nothing more comes.
type Ended = bool;

fn unreadable(data: &[u8], error: &serde_json::Error) -> Error {
    let words: String = String::from_utf8_lossy(data).chars().take(200).collect();
    Error::new(Code::Protocol, format!("The server sent a chunk that is none ({error}): {words}"))
}

fn too_long(TooLong { limit }: TooLong) -> Error {
    Error::new(
        Code::Protocol,
        format!("The server sent one event of more than {limit} bytes (limits.maxEventBytes)"),
    )
}

impl Decoder for Filling {
    fn push(&mut self, bytes: &[u8], out: &mut dyn FnMut(Delta<'_>)) -> Result<()> {
        self.reader.feed(bytes);
        while let Some(frame) = self.reader.next().map_err(too_long)? {
            if !self.ended {
                self.ended = read(frame.data, out)?;
            }
        }
        Ok(())
    }

    /// An event that no blank line ended is no whole one.
    fn finish(&mut self, _out: &mut dyn FnMut(Delta<'_>)) -> Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        chat::Reading,
        servers::recorded::reply,
        types::{Answer, Event, FinishReason},
    };

    fn read_all(case: &str, piece: usize) -> Result<Answer> {
        let body = reply(case).body;
        let mut reading = Reading::of_text(Box::new(Filling::new(1 << 20)));
        for bytes in body.chunks(piece) {
            reading.push(bytes, &mut |_: Event<'_>| {})?;
        }
        reading.finish(None, &mut |_: Event<'_>| {})
    }

    #[test]
    fn a_stream_without_a_terminal_event_of_its_own_is_read_however_it_is_cut() {
        for piece in [1, 7, 100_000] {
            let answer = read_all("llama.cpp/completion-native-stream", piece).unwrap();
            assert_eq!(answer.content, " runs past the old mill.");
            assert_eq!((answer.finish_reason, answer.model.as_str()), (FinishReason::Length, "tiny"));
            let usage = answer.usage.unwrap();
            assert_eq!((usage.input_tokens, usage.output_tokens), (2, 6));
            assert_eq!(answer.timings.server_prompt, Some(0.342));
        }
    }

    #[test]
    fn what_breaks_off_is_no_success() {
        let error = read_all("llama.cpp/kv-full-completion-native-stream", 512).unwrap_err();
        assert_eq!(error.code, Code::ContextLengthExceeded);
        let partial = error.partial.as_ref().unwrap();
        assert!(partial.content.ends_with(" of clocks"), "{partial:?}");
        let mut reading = Reading::of_text(Box::new(Filling::new(1 << 20)));
        let whole = b"data: {\"content\":\"a\",\"stop\":false}\n\n";
        reading.push(whole, &mut |_: Event<'_>| {}).unwrap();
        let broken = reading.finish(None, &mut |_: Event<'_>| {}).unwrap_err();
        assert_eq!(broken.code, Code::Stream);
    }

    #[test]
    fn a_completion_is_put_into_its_own_names() {
        let Value::Object(mut body) = json!({
            "model": "m", "prompt": "a", "suffix": "b", "max_tokens": 5, "stream": true, "stream_options": {}, "top_k": 1,
        }) else {
            unreachable!("it is an object")
        };
        assert_eq!(way(&mut body).place, Place::Root("/infill"));
        let expected = json!({
            "model": "m", "input_prefix": "a", "input_suffix": "b", "n_predict": 5, "stream": true, "top_k": 1,
        });
        assert_eq!(Value::Object(body), expected);
    }
}
