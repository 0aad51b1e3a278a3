//! Bytes into frames, however the bytes are cut. No JSON and no I/O here.

mod ndjson;
mod sse;

pub use ndjson::LineReader;
pub use sse::{Frame, SseReader};

/// A frame is longer than its reader may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLong {
    pub limit: usize,
}
