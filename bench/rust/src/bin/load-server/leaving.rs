//! When a client left in the middle of an answer.

use std::sync::{Mutex, PoisonError};

use tokio::io::{AsyncBufRead, AsyncBufReadExt};
use tokio::time::Instant;

/// The last time it happened, until somebody asks.
#[derive(Default)]
pub struct Leaving(Mutex<Option<Instant>>);

impl Leaving {
    pub fn note(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    /// As JSON: `{"ago":1234.5}` in microseconds, `{"ago":null}` where nobody has left.
    pub fn take(&self) -> String {
        let left = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        let ago = left.map(|left| left.elapsed().as_secs_f64() * 1e6);
        serde_json::json!({ "ago": ago }).to_string()
    }
}

/// Resolves once the client has closed its connection: none asks again before its answer has ended.
pub async fn left(reader: &mut (impl AsyncBufRead + Unpin)) {
    reader.fill_buf().await.ok();
}
