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

impl std::ops::Add for Usage {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        let both = |of: fn(&Self) -> Option<u64>| match (of(&self), of(&other)) {
            (None, None) => None,
            (one, another) => Some(one.unwrap_or(0).saturating_add(another.unwrap_or(0))),
        };
        Self {
            input_tokens: self.input_tokens.saturating_add(other.input_tokens),
            output_tokens: self.output_tokens.saturating_add(other.output_tokens),
            total_tokens: self.total_tokens.saturating_add(other.total_tokens),
            reasoning_tokens: both(|usage| usage.reasoning_tokens),
            cached_input_tokens: both(|usage| usage.cached_input_tokens),
            cost: match (self.cost, other.cost) {
                (None, None) => None,
                (one, another) => Some(one.unwrap_or(0.0) + another.unwrap_or(0.0)),
            },
        }
    }
}

/// What the server measured itself: times in milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct ServerTimings {
    pub prompt: Option<f64>,
    pub generation: Option<f64>,
    pub tokens_per_second: Option<f64>,
}
