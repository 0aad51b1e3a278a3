//! One attempt over HTTP: connections, clocks, limits, cancellation. Knows nothing of what is said.

mod clients;
mod connected;
mod failure;
mod handshake;
mod pooled;
mod proxied;
mod redirect;
mod response;
mod tls;
mod watch;

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use tokio::time::Instant;

pub use clients::{Clients, HttpClient};
pub use connected::Connected;
pub use response::Response;
pub use watch::Watch;

use crate::{endpoint::Address, error::Result};
use connected::AnnouncedBody;
use pooled::noting_connections;

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

/// How soon a connection from the pool shows that it was closed. Later, the server may have read the request.
const STALE_WITHIN: Duration = Duration::from_millis(100);

impl HttpClient {
    /// Sends `request` and waits for the head of the answer, whatever its status; a redirect within the origin is
    /// followed. `connected` is told when the connection stands. A connection from the pool that turns out to be
    /// closed is replaced once.
    ///
    /// # Errors
    /// `connection`; `protocol`, for a redirect that is not followed; `configuration`, for a file of certificates
    /// that cannot be read.
    pub async fn send(
        &self,
        address: &Address,
        mut request: Request,
        connected: Connected,
    ) -> Result<Response> {
        // A stream that is compressed comes in lumps.
        request.headers.entry(header::ACCEPT_ENCODING).or_insert(HeaderValue::from_static("identity"));
        let mut redirects = 0;
        loop {
            let response = self.send_once(address, &request, &connected).await?;
            let Some(target) = redirect::target(&response, &request)? else { return Ok(response) };
            if redirects == redirect::MAX_REDIRECTS {
                return Err(redirect::too_many(&response));
            }
            redirects += 1;
            request.url = target;
            response.let_go();
        }
    }

    async fn send_once(
        &self,
        address: &Address,
        request: &Request,
        connected: &Connected,
    ) -> Result<Response> {
        let client = self.client().await?;
        let send = || {
            let mut builder =
                client.request(request.method.clone(), &request.url).headers(request.headers.clone());
            if let Some(body) = request.body.clone() {
                builder = builder.body(reqwest::Body::wrap(AnnouncedBody::new(body, connected.clone())));
            }
            noting_connections(builder.send())
        };
        let sent_at = Instant::now();
        let outcome = match send().await {
            // At once, and without a byte of an answer: the server had most likely closed it while it waited in the
            // pool, and has not read this request.
            (Err(error), false) if failure::is_closed(&error) && sent_at.elapsed() <= STALE_WITHIN => {
                send().await.0
            }
            (outcome, _) => outcome,
        };
        let response =
            outcome.map(Response::new).map_err(|error| failure::of_request(&error, address, &self.route))?;
        match &self.route.proxy {
            Some(proxy) if response.status() == StatusCode::PROXY_AUTHENTICATION_REQUIRED => {
                Err(proxied::wants_credentials(proxy))
            }
            _ => Ok(response),
        }
    }
}

/// The address of an error, without its query.
fn shown(url: &str) -> &str {
    url.split('?').next().unwrap_or(url)
}
