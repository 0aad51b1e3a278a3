use std::{
    convert::Infallible,
    pin::Pin,
    sync::{Arc, OnceLock},
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::time::Instant;

/// Since when the connection of an attempt stands.
#[derive(Debug, Clone, Default)]
pub struct Connected(Arc<OnceLock<Instant>>);

impl Connected {
    pub(super) fn stands(&self) {
        self.0.get_or_init(Instant::now);
    }

    #[must_use]
    pub fn since(&self) -> Option<Instant> {
        self.0.get().copied()
    }
}

/// A request's body that tells when it is first asked for: then TCP and TLS stand.
pub(super) struct AnnouncedBody {
    bytes: Option<Bytes>,
    connected: Connected,
}

impl AnnouncedBody {
    pub(super) fn new(bytes: Bytes, connected: Connected) -> Self {
        Self { bytes: Some(bytes), connected }
    }
}

impl Body for AnnouncedBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.connected.stands();
        Poll::Ready(self.bytes.take().map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_none()
    }

    /// Exact, so that a Content-Length is sent: some servers take no chunked request.
    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.bytes.as_ref().map_or(0, |bytes| bytes.len() as u64))
    }
}
