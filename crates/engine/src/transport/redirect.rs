//! Redirects, within the origin only: a body, and the key with it, goes only where the caller sent it.

use http::{Method, header};
use url::Url;

use super::{Request, Response, shown};
use crate::error::{Code, Error, Result};

/// How often one request is redirected.
pub(super) const MAX_REDIRECTS: usize = 5;

/// Where `response` sends `request`; `None` if it is no redirect.
///
/// 301 and 302 keep the method, as 307 and 308 do: browsers make a GET of a POST there, which no chat is. A 303 always
/// means a GET, so a POST does not follow it.
pub(super) fn target(response: &Response, request: &Request) -> Result<Option<Url>> {
    let status = response.status().as_u16();
    if !(300..400).contains(&status) {
        return Ok(None);
    }
    let location = response.headers().get(header::LOCATION).and_then(|location| location.to_str().ok());
    // Read as a slash, as browsers do, a backslash would hide what is told: an escaped key, say.
    let readable = location.filter(|location| !location.contains('\\'));
    let to = readable.and_then(|location| request.url.join(location).ok());
    let is_own = to.as_ref().is_some_and(|to| to.origin() == request.url.origin());
    let keeps_request = matches!(status, 301 | 302 | 307 | 308);
    match to {
        Some(to) if is_own && (keeps_request || (status == 303 && request.method == Method::GET)) => {
            Ok(Some(plain(to)))
        }
        to => {
            let hint = if is_own {
                "Set `baseURL` to the address at which the server answers a POST."
            } else {
                "Set `baseURL` to the address that the server redirects to, if you trust it."
            };
            let unreadable = || location.unwrap_or("nowhere").to_owned();
            let to = to.map_or_else(unreadable, |to| plain(to).into());
            let message = format!("The server redirects to {}, which is not followed", shown(&to));
            Err(refused(message, status).hint(hint))
        }
    }
}

pub(super) fn too_many(response: &Response) -> Error {
    refused(format!("The server redirects more than {MAX_REDIRECTS} times"), response.status().as_u16())
        .hint("Check `baseURL`: the server sends one of its addresses to the other.")
}

fn refused(message: String, status: u16) -> Error {
    let mut error = Error::new(Code::Protocol, message);
    error.status = Some(status);
    error
}

/// Without a user name: the server has no say in who is asking.
fn plain(mut url: Url) -> Url {
    // Neither can fail: the URL has a host.
    _ = url.set_username("");
    _ = url.set_password(None);
    url.set_fragment(None);
    url
}
