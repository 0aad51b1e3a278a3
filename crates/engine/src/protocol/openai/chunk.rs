//! A chunk of a streamed answer, and a whole one: the same fields, only that `message` stands for `delta`.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::super::lenient::{List, Number, Object, Parts, Text};
use crate::types::{ServerTimings, Usage};

/// Every field may be absent, null or of another type. What most chunks lack is boxed: a chunk is moved often.
#[derive(Debug, Deserialize)]
pub struct Chunk<'a> {
    #[serde(borrow, default)]
    pub id: Text<'a>,
    #[serde(borrow, default)]
    pub model: Text<'a>,
    #[serde(borrow, default)]
    pub choices: List<Choice<'a>>,
    #[serde(default)]
    pub usage: Object<Box<WireUsage>>,
    /// Groq's second place for the usage, and for a failure.
    #[serde(borrow, default, rename = "x_groq")]
    pub vendor: Object<Box<VendorFields<'a>>>,
    /// llama.cpp's counts and times.
    #[serde(default)]
    pub timings: Object<Box<WireTimings>>,
    #[serde(default)]
    pub prompt_progress: Object<Box<PromptProgress>>,
    #[serde(borrow, default)]
    pub error: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub object: Text<'a>,
    /// Of an error that is not wrapped.
    #[serde(borrow, default)]
    pub message: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub detail: Option<&'a RawValue>,
}

#[derive(Debug, Deserialize)]
pub struct Choice<'a> {
    #[serde(default)]
    pub index: Number,
    #[serde(borrow, default)]
    pub delta: Object<Content<'a>>,
    #[serde(borrow, default)]
    pub message: Object<Box<Content<'a>>>,
    /// The text of a legacy completion.
    #[serde(borrow, default)]
    pub text: Text<'a>,
    /// Where a message has none.
    #[serde(borrow, default)]
    pub tool_calls: Option<&'a RawValue>,
    /// Read only where there are any.
    #[serde(borrow, default)]
    pub logprobs: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub finish_reason: Text<'a>,
    #[serde(borrow, default)]
    pub error: Option<&'a RawValue>,
}

#[derive(Debug, Deserialize)]
#[expect(clippy::struct_field_names, reason = "the wire's names")]
pub struct Content<'a> {
    #[serde(borrow, default)]
    pub content: Parts<'a>,
    #[serde(borrow, default)]
    pub reasoning_content: Text<'a>,
    #[serde(borrow, default)]
    pub reasoning: Text<'a>,
    #[serde(borrow, default)]
    pub reasoning_details: Option<&'a RawValue>,
    /// LiteLLM's, for Anthropic's models.
    #[serde(borrow, default)]
    pub thinking_blocks: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub thinking: Text<'a>,
    #[serde(borrow, default)]
    pub refusal: Text<'a>,
    /// Read only where there are any.
    #[serde(borrow, default)]
    pub tool_calls: Option<&'a RawValue>,
    /// The one call of the time before there were several.
    #[serde(borrow, default)]
    pub function_call: Option<&'a RawValue>,
}

#[derive(Debug, Deserialize)]
pub struct VendorFields<'a> {
    #[serde(default)]
    pub usage: Object<WireUsage>,
    /// Why the stream was stopped early.
    #[serde(borrow, default)]
    pub error: Option<&'a RawValue>,
}

#[derive(Debug, Deserialize)]
pub struct WireUsage {
    #[serde(default)]
    prompt_tokens: Number,
    #[serde(default)]
    completion_tokens: Number,
    /// Later names for the same counts; some servers send both.
    #[serde(default)]
    input_tokens: Number,
    #[serde(default)]
    output_tokens: Number,
    #[serde(default)]
    total_tokens: Number,
    #[serde(default)]
    prompt_tokens_details: Object<PromptDetails>,
    #[serde(default)]
    completion_tokens_details: Object<CompletionDetails>,
    /// OpenRouter's, in its credits.
    #[serde(default)]
    cost: Number,
    /// Groq's own times, in seconds.
    #[serde(default)]
    prompt_time: Number,
    #[serde(default)]
    completion_time: Number,
}

#[derive(Debug, Deserialize)]
struct PromptDetails {
    #[serde(default)]
    cached_tokens: Number,
}

#[derive(Debug, Deserialize)]
struct CompletionDetails {
    #[serde(default)]
    reasoning_tokens: Number,
}

impl WireUsage {
    /// `None` where no count is told.
    pub fn usage(&self) -> Option<Usage> {
        let input = self.prompt_tokens.count().or(self.input_tokens.count());
        let output = self.completion_tokens.count().or(self.output_tokens.count());
        if input.is_none() && output.is_none() {
            return None;
        }
        let (input, output) = (input.unwrap_or(0), output.unwrap_or(0));
        Some(Usage {
            input_tokens: input,
            output_tokens: output,
            total_tokens: self.total_tokens.count().unwrap_or(input.saturating_add(output)),
            reasoning_tokens: self
                .completion_tokens_details
                .0
                .as_ref()
                .and_then(|it| it.reasoning_tokens.count()),
            cached_input_tokens: self
                .prompt_tokens_details
                .0
                .as_ref()
                .and_then(|it| it.cached_tokens.count()),
            cost: self.cost.0,
        })
    }

    pub fn timings(&self) -> Option<ServerTimings> {
        let (prompt, generation) = (self.prompt_time.milliseconds(), self.completion_time.milliseconds());
        (prompt.is_some() || generation.is_some()).then_some(ServerTimings {
            prompt,
            generation,
            tokens_per_second: None,
        })
    }
}

/// llama.cpp's `timings`: counts, and times in milliseconds.
#[derive(Debug, Deserialize)]
pub struct WireTimings {
    #[serde(default)]
    cache_n: Number,
    #[serde(default)]
    prompt_n: Number,
    #[serde(default)]
    prompt_ms: Number,
    #[serde(default)]
    predicted_n: Number,
    #[serde(default)]
    predicted_ms: Number,
    #[serde(default)]
    predicted_per_second: Number,
}

impl WireTimings {
    pub fn timings(&self) -> ServerTimings {
        ServerTimings {
            prompt: self.prompt_ms.0,
            generation: self.predicted_ms.0,
            tokens_per_second: self.predicted_per_second.0,
        }
    }

    /// The counts, for a server that tells no usage.
    pub fn usage(&self) -> Option<Usage> {
        let (read, written) = (self.prompt_n.count()?, self.predicted_n.count()?);
        let cached = self.cache_n.count();
        let input = read.saturating_add(cached.unwrap_or(0));
        Some(Usage {
            input_tokens: input,
            output_tokens: written,
            total_tokens: input.saturating_add(written),
            cached_input_tokens: cached,
            ..Usage::default()
        })
    }
}

/// llama.cpp's `prompt_progress`, with `return_progress` in the request.
#[derive(Debug, Deserialize)]
pub struct PromptProgress {
    #[serde(default)]
    pub processed: Number,
    #[serde(default)]
    pub total: Number,
}
