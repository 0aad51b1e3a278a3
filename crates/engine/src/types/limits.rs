use serde::Deserialize;

/// How much is read of a server's answer to a chat, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Limits {
    /// One event of a stream, or an answer that is one document.
    pub max_event_bytes: usize,
    /// The whole body, after decompression.
    pub max_response_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_event_bytes: 64 << 20, max_response_bytes: 1 << 30 }
    }
}
