//! What goes wrong on the way through a proxy.

use super::failure::{chain, system_code};
use crate::{
    endpoint::{Address, Proxy},
    error::{Code, Error},
};

/// What the errors of a tunnel and of SOCKS say where the proxy itself could not be reached.
const UNREACHED: &str = "failed to create underlying connection";

/// Whether no tunnel could be asked for, because there is no connection to the proxy.
pub(super) fn is_unreached(error: &reqwest::Error) -> bool {
    chain(error).any(|error| error.to_string().strip_prefix("tunnel error: ") == Some(UNREACHED))
}

/// The failure of a connection that was to go through `proxy`, if it is the proxy's.
pub(super) fn failure(error: &reqwest::Error, proxy: &Proxy, address: &Address) -> Option<Error> {
    let texts: Vec<_> = chain(error).map(ToString::to_string).collect();
    let said = |of: &str| texts.iter().find_map(|text| text.strip_prefix(of));
    let (shown, base) = (proxy.shown(), address.base());
    let system_code = system_code(error);
    let failed = |message: String| {
        let mut failure = Error::new(Code::Connection, message).hint(check(proxy));
        failure.system_code = system_code;
        failure
    };
    // Only their texts tell these errors apart: their types are private.
    let is_name_unknown = said("error resolving for socks proxy").is_some();
    match said("tunnel error: ").or_else(|| said("SOCKS error: ")) {
        Some("proxy authorization required") => Some(wants_credentials(proxy)),
        Some("credentials not accepted" | "server does not support user/pass authentication") => {
            Some(refused(format!("The proxy {shown} does not take this user name and password"), proxy))
        }
        // It may only be that the server is down: the status is not told.
        Some("unsuccessful") => Some(failed(format!("The proxy {shown} refuses to connect to {base}"))),
        Some(why) if why != UNREACHED => {
            Some(failed(format!("The proxy {shown} did not connect to {base}: {why}")))
        }
        // TLS with the server behind the proxy, or the server's name.
        None if address.is_https() || !error.is_connect() || is_name_unknown => None,
        _ => {
            let why = system_code.map(|code| format!(" ({code})")).unwrap_or_default();
            Some(failed(format!("No connection to the proxy {shown}{why}, on the way to {base}")))
        }
    }
}

/// 407.
pub(super) fn wants_credentials(proxy: &Proxy) -> Error {
    let message = format!("The proxy {} wants another user name and password (407)", proxy.shown());
    let mut error = refused(message, proxy);
    error.status = Some(407);
    error
}

/// What trying again does not mend.
fn refused(message: String, proxy: &Proxy) -> Error {
    let mut error = Error::new(Code::Connection, message).hint(check(proxy));
    error.retryable = false;
    error
}

/// What the caller can look at.
fn check(proxy: &Proxy) -> String {
    let origin = proxy.origin();
    let without =
        if origin.starts_with('`') { "`proxy: false` goes" } else { "NO_PROXY names what to reach" };
    format!(
        "It comes from {origin}: check it, with its user name and password (http://user:password@proxy:3128). \
         {without} without a proxy."
    )
}
