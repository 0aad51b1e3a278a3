use serde::Deserialize;
use serde_json::{Map, Number, Value};

use super::{Logprobs, Message, Reasoning, ResponseFormat, Timeouts, ToolOptions};

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
    /// The answer tells what went over the wire.
    pub include_raw: bool,
}

impl ChatRequest {
    /// For a server that does not know the role `developer`: it means what `system` meant before.
    pub fn developers_as_system(&mut self) {
        for message in &mut self.messages {
            if let Message::Developer { content } = message {
                *message = Message::System { content: std::mem::take(content) };
            }
        }
    }
}

/// A text to go on with.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CompletionRequest {
    pub prompt: String,
    /// What follows the gap that is to be filled.
    pub suffix: Option<String>,
    pub model: Option<String>,
    pub timeout: Option<Timeouts>,
    pub options: GenerationOptions,
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
