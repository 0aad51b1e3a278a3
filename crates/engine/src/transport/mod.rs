//! One attempt over HTTP: connections, clocks, limits, cancellation. Knows nothing of what is said.

mod clients;
mod connected;
mod failure;
mod handshake;
mod peek;
mod pooled;
mod proxied;
mod redirect;
mod response;
mod tls;
mod watch;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use url::Url;

pub use clients::{Clients, HttpClient};
pub use connected::Connected;
pub use peek::{Peeked, peek};
pub use pooled::Replaced;
pub use response::Response;
pub use watch::Watch;

use crate::{endpoint::Address, error::Result};
use connected::AnnouncedBody;

/// One request, ready to be sent.
pub struct Request {
    pub method: Method,
    pub url: Url,
    pub headers: HeaderMap,
    pub body: Option<Bytes>,
}

impl HttpClient {
    /// Sends `request` and waits for the head of the answer, whatever its status; a redirect within the origin is
    /// followed. `connected` is told when the connection stands. A connection from the pool that turns out to be
    /// closed is replaced, once a call.
    ///
    /// # Errors
    /// `connection`; `protocol`, for a redirect that is not followed; `configuration`, for a file of certificates
    /// that cannot be read.
    pub async fn send(
        &self,
        address: &Address,
        mut request: Request,
        connected: Connected,
        replaced: &mut Replaced,
    ) -> Result<Response> {
        // A stream that is compressed comes in lumps.
        request.headers.entry(header::ACCEPT_ENCODING).or_insert(HeaderValue::from_static("identity"));
        let mut redirects = 0;
        loop {
            let response = self.send_once(address, &request, &connected, replaced).await?;
            let Some(target) = redirect::target(&response, &request)? else { return Ok(response) };
            if redirects == redirect::MAX_REDIRECTS {
                return Err(redirect::too_many(&response));
            }
            redirects += 1;
            request.url = target;
            response.let_go().await;
        }
    }

    async fn send_once(
        &self,
        address: &Address,
        request: &Request,
        connected: &Connected,
        replaced: &mut Replaced,
    ) -> Result<Response> {
        let client = self.client().await?;
        let send = || {
            let mut builder =
                client.request(request.method.clone(), request.url.clone()).headers(request.headers.clone());
            if let Some(body) = request.body.clone() {
                builder = builder.body(reqwest::Body::wrap(AnnouncedBody::new(body, connected.clone())));
            }
            builder.send()
        };
        let outcome = replaced.replacing(send).await;
        let response =
            outcome.map(Response::new).map_err(|error| failure::of_request(&error, address, &self.route))?;
        // Through a tunnel or SOCKS, all that is answered is the server's.
        let asked_proxy = self.route.proxy.as_ref().filter(|proxy| proxy.is_http() && !address.is_https());
        match asked_proxy {
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
