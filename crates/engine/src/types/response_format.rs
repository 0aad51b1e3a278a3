use serde::Deserialize;
use serde_json::{Map, Value};

/// What form the answer must have.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ResponseFormat {
    JsonObject,
    JsonSchema {
        #[serde(default)]
        name: Option<String>,
        schema: Map<String, Value>,
        #[serde(default)]
        strict: Option<bool>,
    },
    Regex {
        pattern: String,
    },
    Choice {
        choices: Vec<String>,
    },
    Grammar {
        grammar: String,
    },
}
