use serde::{Deserialize, Serialize};

use super::{ChatRequest, Timeouts};

/// Whose tokens are to be counted, as `lib/` hands it over.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ToCount {
    Text(String),
    Chat(Box<ChatRequest>),
}

impl ToCount {
    #[must_use]
    pub fn timeout(&self) -> Option<Timeouts> {
        match self {
            Self::Text(_) => None,
            Self::Chat(request) => request.timeout,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct TokenCount {
    pub tokens: u64,
    /// As the server counted.
    pub exact: bool,
}
