use serde::Serialize;

/// Tokens, as the server counted them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Usage {
    pub input_tokens: u64,
    pub output_tokens: u64,
    pub total_tokens: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cached_input_tokens: Option<u64>,
    /// In the server's own currency, where it charges at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<f64>,
}

/// What the server measured itself: times in milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct ServerTimings {
    pub prompt: Option<f64>,
    pub generation: Option<f64>,
    pub tokens_per_second: Option<f64>,
}
