use serde::{Deserialize, Serialize};
use serde_json::{Map, Number, Value};

use super::{Message, ResponseFormat, Timeouts, ToolOptions};

/// A question, as `lib/` hands it over: one JSON text with names in camelCase.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ChatRequest {
    pub messages: Vec<Message>,
    pub model: Option<String>,
    pub timeout: Option<Timeouts>,
    pub options: GenerationOptions,
    pub tools: ToolOptions,
    pub response_format: Option<ResponseFormat>,
    /// What was sent, and the last frame, are kept for the caller.
    pub include_raw: bool,
}

/// The fields that OpenAI-compatible servers share. Numbers stay as JavaScript wrote them: a strict server
/// refuses `256.0` for `256`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct GenerationOptions {
    pub temperature: Option<Number>,
    pub top_p: Option<Number>,
    pub top_k: Option<Number>,
    pub min_p: Option<Number>,
    pub max_tokens: Option<Number>,
    pub stop: Option<OneOrMany>,
    pub seed: Option<Number>,
    pub frequency_penalty: Option<Number>,
    pub presence_penalty: Option<Number>,
    pub repetition_penalty: Option<Number>,
    pub logprobs: Option<Logprobs>,
    pub user: Option<String>,
    pub reasoning: Option<Reasoning>,
    /// Merged into the top level of the request; wins over all other fields.
    pub extra_body: Option<Map<String, Value>>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged, expecting = "expected a string or a list of strings")]
pub enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

/// Whether the probabilities of tokens are told, and of how many alternatives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(untagged, expecting = "expected true, false or a whole number")]
pub enum Logprobs {
    Wanted(bool),
    Alternatives(u32),
}

/// Whether the model thinks before it answers, or how hard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(untagged, expecting = "expected true, false, 'minimal', 'low', 'medium' or 'high'")]
pub enum Reasoning {
    Wanted(bool),
    Effort(Effort),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Effort {
    Minimal,
    Low,
    Medium,
    High,
}
