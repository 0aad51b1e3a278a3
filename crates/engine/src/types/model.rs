use serde::Serialize;

/// A model as its server lists it. What the server does not tell is absent.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ModelInfo {
    pub name: String,
    /// As people write it: `4.7 GB`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quantization: Option<String>,
    /// In tokens: as the model runs where the server tells that, else as it could run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context_length: Option<u64>,
    /// How many tokens an answer may have at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_output_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loaded: Option<bool>,
    pub capabilities: ModelCapabilities,
    /// Other names that it is asked for by.
    #[serde(skip)]
    pub aliases: Vec<String>,
    #[serde(skip)]
    pub unready: Option<Unready>,
}

/// Why a model answers nothing now, though it would be loaded for a chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unready {
    Loading,
    /// The server tried to load it, and could not.
    Failed,
}

impl ModelInfo {
    /// Whether it is asked for by `name`: some servers list a model with the tag that it has where none is named.
    #[must_use]
    pub fn is_named(&self, name: &str) -> bool {
        self.name == name
            || self.name.strip_suffix(":latest") == Some(name)
            || self.aliases.iter().any(|alias| alias == name)
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ModelCapabilities {
    pub chat: bool,
    pub completion: bool,
    pub embedding: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tools: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vision: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning: Option<bool>,
}
