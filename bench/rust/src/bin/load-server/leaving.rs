//! When a client left in the middle of an answer.

use std::sync::{Mutex, PoisonError};

use tokio::io::{AsyncBufRead, AsyncBufReadExt};
use tokio::time::Instant;

/// The last time it happened.
pub struct Leaving {
    start: Instant,
    last: Mutex<Option<Instant>>,
}

impl Leaving {
    pub fn new() -> Self {
        Self { start: Instant::now(), last: Mutex::default() }
    }

    pub fn note(&self) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    /// As JSON: `{"now":1234.5,"left":1200.5}` in microseconds since the start; null where nobody has left.
    pub fn show(&self) -> String {
        let micros = |time: Instant| time.duration_since(self.start).as_secs_f64() * 1e6;
        let left = self.last.lock().unwrap_or_else(PoisonError::into_inner).map(micros);
        serde_json::json!({ "now": micros(Instant::now()), "left": left }).to_string()
    }
}

/// Resolves once the client has closed its connection: none asks again before its answer has ended.
pub async fn left(reader: &mut (impl AsyncBufRead + Unpin)) {
    reader.fill_buf().await.ok();
}
