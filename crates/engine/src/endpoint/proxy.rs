use std::fmt;

use http::Uri;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::{
    Address, EndpointConfig, Variable,
    address::{check_user, credentials_in},
    no_proxy,
};
use crate::error::{Error, Result};

/// The proxy that connections go through.
#[derive(Clone)]
pub struct Proxy {
    /// With its user name and password.
    url: SecretString,
    /// Without them: `http://proxy:3128`.
    shown: String,
    /// What named it: `proxy`, or an environment variable.
    origin: String,
    secrets: Vec<SecretString>,
}

impl fmt::Debug for Proxy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Proxy({:?})", self.shown)
    }
}

impl PartialEq for Proxy {
    fn eq(&self, other: &Self) -> bool {
        self.url() == other.url() && self.origin == other.origin
    }
}

const SCHEMES: [&str; 6] = ["http", "https", "socks4", "socks4a", "socks5", "socks5h"];

impl Proxy {
    /// Argument, then environment, then none. No variable sends what stays on this machine through another.
    pub(super) fn choose(
        config: &EndpointConfig,
        address: &Address,
        variable: Variable<'_>,
    ) -> Result<Option<Self>> {
        match config.proxy.as_ref().map(ExposeSecret::expose_secret) {
            Some("") => Ok(None),
            Some(given) => Self::new("`proxy`", given).map(Some),
            None if address.is_loopback() => Ok(None),
            None => Self::of_environment(address, variable),
        }
    }

    fn of_environment(address: &Address, variable: Variable<'_>) -> Result<Option<Self>> {
        let first = |names: &[&str]| variable(&names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>());
        let own: &[_] = if address.is_https() {
            &["https_proxy", "HTTPS_PROXY"]
        } else if first(&["REQUEST_METHOD"]).is_some() {
            // A CGI program gets the header `Proxy` of whoever asks it as HTTP_PROXY (CVE-2016-5385).
            &["http_proxy"]
        } else {
            &["http_proxy", "HTTP_PROXY"]
        };
        let Some((name, value)) = first(own).or_else(|| first(&["all_proxy", "ALL_PROXY"])) else {
            return Ok(None);
        };
        if let Some((_, list)) = first(&["no_proxy", "NO_PROXY"])
            && let Ok(url) = Url::parse(address.base())
            && let (Some(host), Some(port)) = (url.host(), url.port_or_known_default())
            && no_proxy::names(list.expose_secret(), &host, port)
        {
            return Ok(None);
        }
        Self::new(&name, value.expose_secret()).map(Some)
    }

    fn new(origin: &str, given: &str) -> Result<Self> {
        let given = given.trim();
        check_user(origin, given)?;
        let with_scheme = if given.contains("://") { given.to_owned() } else { format!("http://{given}") };
        let wrong = |why: &str| {
            // What was given is not shown: without its host, its password stands where the port would.
            Error::configuration(format!("{origin} is no proxy: {why}"))
                .hint("Write it like 'http://proxy:3128' or 'socks5h://localhost:1080'.")
        };
        let url = Url::parse(&with_scheme).map_err(|error| wrong(&error.to_string()))?;
        // So desktops write it.
        let scheme = if url.scheme() == "socks" { "socks5" } else { url.scheme() };
        if !SCHEMES.contains(&scheme) {
            return Err(wrong(&format!("its scheme is none of {}", SCHEMES.join(", "))));
        }
        let Some(host) = url.host_str().filter(|host| !host.is_empty()) else {
            return Err(wrong("it names no host"));
        };
        let default_port = scheme.starts_with("socks").then_some(1080);
        let port = url.port().or(default_port).map(|port| format!(":{port}")).unwrap_or_default();
        let credentials = credentials_in(&url)?;
        let user = match (url.username(), url.password()) {
            ("", None) => String::new(),
            (user, password) => format!("{}:{}@", encoded(user), encoded(password.unwrap_or_default())),
        };
        let full = format!("{scheme}://{user}{host}{port}");
        // What cannot be read there would be left out silently, and the request go around the proxy.
        if Uri::try_from(&full).is_err() {
            return Err(wrong("its host is no name of a machine"));
        }
        let shown = format!("{scheme}://{host}{port}");
        Ok(Self { url: full.into(), shown, origin: origin.to_owned(), secrets: credentials.secrets })
    }

    /// With its user name and password.
    #[must_use]
    pub fn url(&self) -> &str {
        self.url.expose_secret()
    }

    /// For errors: `http://proxy:3128`.
    #[must_use]
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// For errors: what named it.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Whether it is spoken to in HTTP, not in SOCKS.
    #[must_use]
    pub fn is_http(&self) -> bool {
        self.shown.starts_with("http")
    }

    /// Whether the proxy itself is spoken to by TLS.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.shown.starts_with("https:")
    }

    pub(super) fn secrets(&self) -> impl Iterator<Item = &str> {
        self.secrets.iter().map(ExposeSecret::expose_secret)
    }
}

/// RFC 3986, section 2.3: all but these is encoded.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A part of a URL, encoded in full: different schemes leave different characters as they are.
fn encoded(part: &str) -> String {
    let decoded: Vec<u8> = percent_decode_str(part).collect();
    percent_encode(&decoded, RESERVED).to_string()
}
