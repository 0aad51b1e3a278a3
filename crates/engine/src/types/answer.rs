use serde::Serialize;
use serde_json::{Map, Value};

use super::{Parsed, Raw, TokenLogprob, ToolCall, Usage};

/// The whole of an answer, as `chat` gives it to the caller.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    pub id: String,
    pub model: String,
    /// Crosses to JavaScript beside the JSON: a long text is dear to escape and to parse.
    #[serde(skip)]
    pub content: String,
    #[serde(skip)]
    pub reasoning: String,
    pub tool_calls: Vec<ToolCall>,
    pub finish_reason: FinishReason,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
    pub timings: Timings,
    pub warnings: Vec<Warning>,
    /// Of an answer that fits the format that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parsed: Option<Parsed>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<AnswerMessage>,
    /// Of the answer's tokens, where they were asked for and told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logprobs: Option<Vec<TokenLogprob>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub raw: Option<Raw>,
}

/// What belongs to the answer only as a message of the history.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AnswerMessage {
    /// What the server wants to see again; for the caller, by the server's name.
    pub provider_data: Map<String, Value>,
}

/// Why an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FinishReason {
    Stop,
    Length,
    ToolCalls,
    ContentFilter,
    /// The server said that the answer is complete, but gave no reason or one that is unknown here.
    Unknown,
}

/// Times in milliseconds. Measured here; `server_*` is what the server measured, where it tells.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Timings {
    pub total: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_token: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server_prompt: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server_generation: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens_per_second: Option<f64>,
    pub attempts: u32,
    /// Whether the answer came without asking the server.
    pub cached: bool,
}

/// A deviation that was repaired, or something that was changed or left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Warning {
    /// Stable; for programs.
    pub code: &'static str,
    /// For people.
    pub message: String,
}

impl Warning {
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

/// What had arrived when a call failed.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Partial {
    pub content: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reasoning: String,
    pub tool_calls: Vec<ToolCall>,
}
