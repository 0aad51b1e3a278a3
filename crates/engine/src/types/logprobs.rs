use serde::{Deserialize, Serialize};

/// Whether the probabilities of tokens are asked for, and of how many alternatives to each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(untagged, expecting = "expected `true`, `false` or a whole number as `logprobs`")]
pub enum Logprobs {
    Switch(bool),
    Alternatives(u64),
}

/// A token of the answer, the logarithm of its probability, and what could have stood in its place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TokenLogprob {
    pub token: String,
    pub logprob: f64,
    pub top: Vec<Alternative>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Alternative {
    pub token: String,
    pub logprob: f64,
}
