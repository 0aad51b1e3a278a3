use serde::Deserialize;

/// How much is read for a chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Limits {
    /// Bytes of one event of a stream, of an answer that is one document, or of an image or a sound that is sent.
    pub max_event_bytes: usize,
    /// Bytes of the whole body, after decompression.
    pub max_response_bytes: u64,
    pub max_tool_calls: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_event_bytes: 64 << 20, max_response_bytes: 1 << 30, max_tool_calls: 128 }
    }
}
