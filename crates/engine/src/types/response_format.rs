use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What the text of an answer must be.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ResponseFormat {
    JsonObject,
    JsonSchema(JsonSchema),
    /// All of the text matches the pattern.
    Regex {
        pattern: String,
    },
    Choice {
        choices: Vec<String>,
    },
    /// In GBNF, as llama.cpp has it.
    Grammar {
        grammar: String,
    },
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct JsonSchema {
    /// What the server calls it.
    #[serde(default)]
    pub name: Option<String>,
    pub schema: Map<String, Value>,
    /// The server holds the model to all of it, or refuses it.
    #[serde(default)]
    pub strict: Option<bool>,
    /// The caller validates what the engine has let pass.
    #[serde(default)]
    pub has_validator: bool,
}

/// What an answer was read as, once it was found to fit its format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Parsed {
    /// The text is the JSON of a value.
    Json,
    /// The text is the value.
    Text,
}
