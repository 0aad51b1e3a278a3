use serde::{Deserialize, Serialize};

use super::Timeouts;

/// What is to be ranked, as `lib/` hands it over.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RerankRequest {
    pub query: String,
    pub documents: Vec<String>,
    pub top_n: Option<usize>,
    pub model: Option<String>,
    pub timeout: Option<Timeouts>,
}

/// Documents, the best first.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Ranking {
    pub results: Vec<Ranked>,
    pub model: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Ranked {
    /// Its place in the request.
    pub index: usize,
    /// As the server gave it: not every model's scores are between 0 and 1.
    pub score: f64,
}
