//! One attempt over HTTP: connections, clocks, limits, cancellation. Knows nothing of what is said.

mod clients;
mod connected;
mod failure;
mod pooled;
mod response;
mod watch;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, header};

pub use clients::Clients;
pub use connected::Connected;
pub use pooled::Replaced;
pub use response::Response;
pub use watch::Watch;

use crate::{
    endpoint::Address,
    error::{Error, Result},
};
use connected::AnnouncedBody;

/// How long an answer may be, after decompression.
pub const MAX_RESPONSE_BYTES: u64 = 1 << 30;

/// How long one event of an answer may be.
pub const MAX_EVENT_BYTES: usize = 64 << 20;

/// One request, ready to be sent.
#[derive(Debug)]
pub struct Request {
    pub method: Method,
    pub url: String,
    pub headers: HeaderMap,
    pub body: Option<Bytes>,
}

impl Clients {
    /// Sends `request` and waits for the head of the answer, whatever its status. `connected` is told when the
    /// connection stands. A connection from the pool that turns out to be closed is replaced, once a call.
    ///
    /// # Errors
    /// `connection`
    pub async fn send(
        &self,
        address: &Address,
        request: Request,
        connected: Connected,
        replaced: &mut Replaced,
    ) -> Result<Response> {
        let client = self.client(address).await?;
        let Request { method, url, mut headers, body } = request;
        // A stream that is compressed comes in lumps.
        headers.entry(header::ACCEPT_ENCODING).or_insert(HeaderValue::from_static("identity"));
        let send = || {
            let mut builder = client.request(method.clone(), &url).headers(headers.clone());
            if let Some(body) = body.clone() {
                builder = builder.body(reqwest::Body::wrap(AnnouncedBody::new(body, connected.clone())));
            }
            builder.send()
        };
        let outcome = replaced.replacing(send).await;
        outcome.map(Response::new).map_err(|error| failure::of_request(&error, address))
    }
}

/// The address of an error, without its query.
pub(crate) fn shown(url: &str) -> &str {
    url.split('?').next().unwrap_or(url)
}

/// A 3xx is not followed: a body, and the key with it, goes only where the caller sent it.
pub(crate) fn redirected(response: &Response) -> Option<Error> {
    if !(300..400).contains(&response.status().as_u16()) {
        return None;
    }
    let target =
        response.headers().get(header::LOCATION).and_then(|target| target.to_str().ok()).unwrap_or("nowhere");
    let target = shown(target);
    let mut error = Error::new(
        crate::error::Code::Protocol,
        format!("The server redirects to {target}, which is not followed"),
    )
    .hint("Set `baseURL` to the address that the server redirects to, if you trust it.");
    error.status = Some(response.status().as_u16());
    Some(error)
}
