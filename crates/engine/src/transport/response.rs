use std::{future::poll_fn, task::Poll};

use bytes::{Bytes, BytesMut};
use futures_util::FutureExt;
use http::{HeaderMap, StatusCode};

use super::failure;
use crate::error::{Code, Error, Result};

/// The head of an answer, and its body as it comes. Dropping it closes the connection.
pub struct Response {
    inner: reqwest::Response,
    read: u64,
    max_bytes: u64,
}

/// How much of an error's body is read.
const MAX_ERROR_BYTES: usize = 64 * 1024;

/// How long the words of an error are waited for, once its status is known.
const WORDS_WITHIN: std::time::Duration = std::time::Duration::from_secs(2);

/// What the end of a body may take to arrive after the end of the answer, for the connection to be kept.
const LINGER: std::time::Duration = std::time::Duration::from_secs(1);

impl Response {
    pub(super) fn new(inner: reqwest::Response) -> Self {
        Self { inner, read: 0, max_bytes: u64::MAX }
    }

    /// Bounds what [`chunk`](Self::chunk) gives in all, after decompression.
    #[must_use]
    pub fn limited(self, max_bytes: u64) -> Self {
        Self { max_bytes, ..self }
    }

    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.inner.status()
    }

    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        self.inner.headers()
    }

    /// The next bytes; `None` at the proper end.
    ///
    /// # Errors
    /// `stream`, when the connection breaks; `protocol`, when the body is longer than allowed.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>> {
        let chunk = self.inner.chunk().await.map_err(|error| failure::of_body(&error))?;
        self.read += chunk.as_ref().map_or(0, Bytes::len) as u64;
        if self.read > self.max_bytes {
            let message =
                format!("The answer is longer than {} bytes (limits.maxResponseBytes)", self.max_bytes);
            return Err(Error::new(Code::Protocol, message)
                .hint("If answers this long are to be expected, raise `limits.maxResponseBytes`."));
        }
        Ok(chunk)
    }

    /// The next bytes, if they are here already.
    pub async fn ready(&mut self) -> Option<Result<Option<Bytes>>> {
        // The connection's task hands over one piece a turn: this is its turn.
        let_others_run().await;
        self.chunk().now_or_never()
    }

    /// The whole of a body that should be short.
    ///
    /// # Errors
    /// As [`chunk`](Self::chunk); more than `limit` bytes are `protocol`.
    pub async fn whole(&mut self, limit: usize) -> Result<Bytes> {
        let mut body = BytesMut::new();
        while let Some(chunk) = self.chunk().await? {
            if body.len() + chunk.len() > limit {
                return Err(Error::new(Code::Protocol, format!("The answer is longer than {limit} bytes")));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body.freeze())
    }

    /// As much of an error's body as is worth reading; what breaks it off does not matter.
    pub async fn words(&mut self) -> Bytes {
        let mut body = BytesMut::new();
        let words = async {
            while let Ok(Some(chunk)) = self.chunk().await {
                body.extend_from_slice(&chunk);
                if body.len() > MAX_ERROR_BYTES {
                    break;
                }
            }
        };
        // Not in time: what has come must do.
        _ = tokio::time::timeout(WORDS_WITHIN, words).await;
        body.freeze()
    }

    /// The answer has ended, though perhaps not the body: lets the connection be used again if its end comes soon.
    pub async fn let_go(mut self) {
        // Nearly always it is here already.
        if !matches!(self.ready().await, Some(Ok(None))) {
            tokio::spawn(async move {
                let rest = async { while let Ok(Some(_)) = self.inner.chunk().await {} };
                // Not in time: dropping it closes the connection.
                _ = tokio::time::timeout(LINGER, rest).await;
            });
        }
    }
}

/// Lets the tasks run that are ready, once. (`yield_now` also asks the system for what has arrived, each time.)
async fn let_others_run() {
    let mut has_yielded = false;
    poll_fn(|context| {
        if has_yielded {
            return Poll::Ready(());
        }
        has_yielded = true;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
