//! Bytes into frames, however the bytes are cut. No JSON and no I/O here.

mod sse;

pub use sse::{Frame, SseReader, TooLong};
