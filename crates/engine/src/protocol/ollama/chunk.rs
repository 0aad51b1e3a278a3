//! A line of a streamed answer, and a whole one: the same fields, all in one line. A chat tells its text in `message`,
//! a completion in `response`.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::super::lenient::{Flag, Number, Object, Text};
use crate::types::{ServerTimings, Usage};

/// Every field may be absent, null or of another type.
#[derive(Debug, Deserialize)]
pub struct Chunk<'a> {
    #[serde(borrow, default)]
    pub model: Text<'a>,
    #[serde(borrow, default)]
    pub message: Object<Message<'a>>,
    #[serde(borrow, default)]
    pub response: Option<Text<'a>>,
    /// The reasoning of a completion.
    #[serde(borrow, default)]
    pub thinking: Text<'a>,
    /// Read only where there are any.
    #[serde(borrow, default)]
    pub logprobs: Option<&'a RawValue>,
    #[serde(default)]
    pub done: Flag,
    #[serde(borrow, default)]
    pub done_reason: Text<'a>,
    #[serde(default)]
    prompt_eval_count: Number,
    #[serde(default)]
    prompt_eval_duration: Number,
    #[serde(default)]
    eval_count: Number,
    #[serde(default)]
    eval_duration: Number,
    #[serde(borrow, default)]
    pub error: Option<&'a RawValue>,
}

#[derive(Debug, Deserialize)]
pub struct Message<'a> {
    #[serde(borrow, default)]
    pub content: Text<'a>,
    #[serde(borrow, default)]
    pub thinking: Text<'a>,
    /// Read only where there are any.
    #[serde(borrow, default)]
    pub tool_calls: Option<&'a RawValue>,
}

/// What a server counted.
#[derive(Debug, PartialEq)]
pub enum Counted {
    Nothing,
    /// A count of 0 is left out of a line, and of a prompt that is cached none is read: how long it is, is not told.
    OutputOnly,
    Both(Usage),
}

impl Chunk<'_> {
    /// Whether it is part of an answer at all.
    pub fn is_known(&self) -> bool {
        self.message.0.is_some() || self.response.is_some() || self.done.0.is_some()
    }

    pub fn usage(&self) -> Counted {
        let input = self.prompt_eval_count.count().filter(|count| *count > 0);
        match (input, self.eval_count.count()) {
            (Some(input), output) => {
                let output = output.unwrap_or(0);
                Counted::Both(Usage {
                    input_tokens: input,
                    output_tokens: output,
                    total_tokens: input.saturating_add(output),
                    ..Usage::default()
                })
            }
            (None, Some(1..)) => Counted::OutputOnly,
            (None, _) => Counted::Nothing,
        }
    }

    /// The wire tells nanoseconds.
    pub fn timings(&self) -> ServerTimings {
        let generating = self.eval_duration.0.filter(|duration| *duration > 0.0);
        ServerTimings {
            prompt: self.prompt_eval_duration.0.map(|duration| duration / 1e6),
            generation: self.eval_duration.0.map(|duration| duration / 1e6),
            tokens_per_second: self.eval_count.0.zip(generating).map(|(count, time)| count / (time / 1e9)),
        }
    }
}
