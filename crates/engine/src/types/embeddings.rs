use serde::{Deserialize, Serialize};
use serde_json::Number;

use super::{Timeouts, Usage};

/// What is to be embedded, as `lib/` hands it over.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EmbedRequest {
    pub input: Vec<String>,
    pub model: Option<String>,
    pub dimensions: Option<Number>,
    /// How many texts a request holds at most.
    pub batch_size: Option<usize>,
    pub timeout: Option<Timeouts>,
}

/// One embedding for each text, in their order and all of one length.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Embeddings {
    /// How many there are.
    pub count: usize,
    /// One after the other. They cross to JavaScript as they are.
    #[serde(skip)]
    pub numbers: Vec<f32>,
    pub model: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
}

impl Embeddings {
    /// The length of each.
    #[must_use]
    pub fn width(&self) -> usize {
        self.numbers.len().checked_div(self.count).unwrap_or_default()
    }
}
