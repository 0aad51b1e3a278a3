use std::fmt;

use http::HeaderValue;
use secrecy::{ExposeSecret, SecretString, zeroize::Zeroizing};
use url::Url;

use super::{EndpointConfig, Variable, is_secret_name};
use crate::error::{Error, Result};

/// The base URL of a server, and what is appended to each request's.
#[derive(Clone, PartialEq, Eq)]
pub struct Address {
    /// Without a trailing slash, without a query: `http://localhost:1234/v1`.
    base: String,
    /// The parameters of every request, encoded, with their `?`; or nothing.
    query: String,
    is_loopback: bool,
}

/// What stood in the address and is not shown.
pub(super) struct FromAddress {
    /// `Authorization`, made of a user name and a password.
    pub header: Option<HeaderValue>,
    pub secrets: Vec<SecretString>,
    /// The caller names a server that is not the one on the Internet which the definition is made for.
    pub is_foreign: bool,
}

impl fmt::Debug for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Address({:?})", self.base)
    }
}

impl Address {
    /// Argument, then environment, then default; `host` and `port` are an address, so no variable is asked then.
    pub(super) fn new(config: &EndpointConfig, variable: Variable<'_>) -> Result<(Self, FromAddress)> {
        let default = &config.definition.base_url;
        let port = config.port.map(checked_port).transpose()?;
        let url = if let Some(base) = &config.base_url {
            exact(base.expose_secret())?
        } else if config.host.is_some() || port.is_some() {
            let host = config.host.as_ref().map_or("localhost", ExposeSecret::expose_secret);
            from_host("`host`", host, port, None, default)?
        } else if let Some((name, value)) = variable(&config.definition.base_url_env) {
            let value = value.expose_secret();
            let (host, default_port) = match config.read_base_url_env.map(|read| read(value)) {
                Some((host, port)) => (host, Some(port)),
                None => (value, None),
            };
            from_host(&name, host, None, default_port, default)?
        } else {
            exact(default)?
        };
        let is_given = config.base_url.is_some() || config.host.is_some() || port.is_some();
        let is_foreign = match exact(default) {
            Ok(home) if is_loopback(&home) => false,
            // Whoever listens on a socket of this machine is not the server that the URL names.
            Ok(home) => config.unix_socket.is_some() || is_given && url.origin() != home.origin(),
            // Nobody can say that it is the same server.
            Err(_) => true,
        };
        let (address, from_address) = Self::of_url(url, config)?;
        Ok((address, FromAddress { is_foreign, ..from_address }))
    }

    fn of_url(mut url: Url, config: &EndpointConfig) -> Result<(Self, FromAddress)> {
        let from_address = credentials_in(&url)?;
        // Neither can fail: the URL has a host.
        _ = url.set_username("");
        _ = url.set_password(None);
        url.set_fragment(None);
        let own: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        url.set_query(None);
        let base = url.as_str().trim_end_matches('/').to_owned();
        let is_loopback = is_loopback(&url);
        let mut given: Vec<_> =
            config.query.iter().map(|(name, value)| (name.as_str(), value.expose_secret())).collect();
        given.sort_unstable();
        {
            let mut pairs = url.query_pairs_mut();
            pairs.extend_pairs(own.iter().filter(|(name, _)| !config.query.contains_key(name)));
            pairs.extend_pairs(given);
        }
        let query = url.query().filter(|query| !query.is_empty()).map(|query| format!("?{query}"));
        Ok((Self { base, query: query.unwrap_or_default(), is_loopback }, from_address))
    }

    /// As users see it: `http://localhost:1234/v1`.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The URL of one path below the base, with its query.
    ///
    /// # Errors
    /// `configuration`
    pub fn url(&self, path: &str) -> Result<Url> {
        let query = if path.contains('?') { self.query.replacen('?', "&", 1) } else { self.query.clone() };
        Url::parse(&format!("{}{path}{query}", self.base))
            .map_err(|error| Error::configuration(format!("{} is no address: {error}", self.base)))
    }

    /// What comes before the API's `/v1`: where a server has what it has beside it.
    #[must_use]
    pub fn root(&self) -> Self {
        self.with_base(self.base.strip_suffix("/v1").unwrap_or(&self.base).to_owned())
    }

    /// The same server under another base path.
    #[must_use]
    pub fn with_base(&self, base: String) -> Self {
        Self { base, ..self.clone() }
    }

    /// The host as URLs have it: `[::1]`.
    #[must_use]
    pub fn host(&self) -> Option<String> {
        Url::parse(&self.base).ok()?.host_str().map(str::to_owned)
    }

    #[must_use]
    pub fn port(&self) -> Option<u16> {
        Url::parse(&self.base).ok()?.port_or_known_default()
    }

    /// `/v1`; empty where there is none.
    #[must_use]
    pub fn path(&self) -> &str {
        let host = self.base.find("://").map_or(0, |at| at + 3);
        self.base[host..].find('/').map_or("", |at| &self.base[host + at..])
    }

    /// Where another server of the same machine's would be, without the path and the parameters of this one.
    #[must_use]
    pub fn beside(&self, host: &str, port: u16) -> Self {
        Self { base: format!("http://{host}:{port}/v1"), query: String::new(), is_loopback: self.is_loopback }
    }

    /// Whether requests stay on this machine.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        self.is_loopback
    }

    #[must_use]
    pub fn is_https(&self) -> bool {
        self.base.starts_with("https:")
    }

    /// Whether it leads to one of `hosts`, by https. `*.` stands for any name below the rest.
    #[must_use]
    pub fn is_at(&self, hosts: &[&str]) -> bool {
        let url = Url::parse(&self.base).ok();
        let host = url.as_ref().and_then(Url::host_str).filter(|_| self.is_https());
        let is_it = |host: &str, known: &str| match known.strip_prefix('*') {
            Some(end) => host.ends_with(end),
            None => host == known,
        };
        host.is_some_and(|host| hosts.iter().any(|known| is_it(host, known)))
    }

    /// Where the server's API might be, if not at the base: in the order of how often that is so.
    #[must_use]
    pub fn other_bases(&self) -> Vec<String> {
        let origin = &self.base[..self.base.len() - self.path().len()];
        let trimmed = without_endpoint(&self.base);
        let mut bases = vec![
            trimmed.to_owned(),
            format!("{trimmed}/v1"),
            format!("{origin}/v1"),
            format!("{origin}/api/v1"),
            format!("{origin}/openai/v1"),
            origin.to_owned(),
        ];
        bases.retain(|base| *base != self.base && !base.ends_with("/v1/v1"));
        let mut seen = std::collections::HashSet::new();
        bases.retain(|base| seen.insert(base.clone()));
        bases
    }
}

fn checked_port(port: f64) -> Result<u16> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked by the guard")]
    if port.fract() == 0.0 && (1.0..=65535.0).contains(&port) {
        Ok(port as u16)
    } else {
        Err(Error::configuration(format!("`port` is {port}; it must be a whole number from 1 to 65535")))
    }
}

/// A base URL, as it was given.
fn exact(base: &str) -> Result<Url> {
    check_user("`baseURL`", base)?;
    let has_scheme = base.trim().to_ascii_lowercase();
    if !(has_scheme.starts_with("http://") || has_scheme.starts_with("https://")) {
        let base = without_secrets(base);
        return Err(Error::configuration(format!(
            "`baseURL` {base:?} does not begin with http:// or https://"
        ))
        .hint(format!("Write `baseURL: 'http://{base}'` with the whole path, or give it as `host`.")));
    }
    parsed("`baseURL`", base.trim())
}

/// A host in any shape, with the port and the path that it lacks. `default_port`: where it is not that of `default`.
fn from_host(
    origin: &str,
    host: &str,
    port: Option<u16>,
    default_port: Option<u16>,
    default: &str,
) -> Result<Url> {
    let default = parsed("the definition's baseURL", default)?;
    let given = host.trim();
    check_user(origin, given)?;
    let (scheme, rest) = match given.split_once("://") {
        Some((scheme, rest)) if ["http", "https"].contains(&scheme.to_ascii_lowercase().as_str()) => {
            (Some(scheme.to_ascii_lowercase()), rest)
        }
        Some(_) => {
            let given = without_secrets(given);
            return Err(Error::configuration(format!("{origin} {given:?} is neither http:// nor https://"))
                .hint("Use http:// or https://."));
        }
        None if ["http:/", "https:/"].iter().any(|start| given.to_ascii_lowercase().starts_with(start)) => {
            let given = without_secrets(given);
            return Err(Error::configuration(format!("{origin} {given:?} lacks a / after its scheme"))
                .hint("Write http:// or https://."));
        }
        None => (None, given),
    };
    let query_begins = rest.find(['?', '#']).unwrap_or(rest.len());
    if rest[..query_begins].contains('\\') {
        return Err(Error::configuration(format!("{origin} has a \\ in it")).hint("Write / instead."));
    }
    let split = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(split);
    let (user, authority) =
        authority.rsplit_once('@').map_or(("", authority), |(user, authority)| (user, authority));
    let (name, written_port) = host_and_port(origin, authority)?;
    let port = match (written_port, port) {
        (Some(written), Some(port)) if written != port => {
            return Err(Error::configuration(format!(
                "{origin} says port {written}, and `port` says {port}"
            ))
            .hint("Leave one of them out."));
        }
        (written, port) => written.or(port),
    };
    let path_only = path.split(['?', '#']).next().unwrap_or("").trim_end_matches('/');
    let path_only = normal_path(path_only);
    // Where the definition's server is on the Internet, another machine is as well, unless it has a port of its own.
    let is_here = || Url::parse(&format!("http://{name}")).is_ok_and(|url| is_loopback(&url));
    let is_remote = default.scheme() == "https" && port.is_none() && !is_here();
    let scheme = scheme.unwrap_or_else(|| if is_remote { "https" } else { "http" }.to_owned());
    // An address with a path of its own, or a secure one, is a gateway's: it has its scheme's port.
    let is_bare = scheme == "http" && matches!(path_only.as_str(), "" | "/v1");
    let port = port.or_else(|| default_port.or(default.port()).filter(|_| is_bare));
    let port = port.map(|port| format!(":{port}")).unwrap_or_default();
    let at = if user.is_empty() { "" } else { "@" };
    let path_only =
        if path_only.is_empty() { default.path().trim_end_matches('/').to_owned() } else { path_only };
    let query = path.find('?').map_or("", |at| &path[at..]);
    parsed(origin, &format!("{scheme}://{user}{at}{name}{port}{path_only}{query}"))
}

/// `box:8080` → `box`, 8080; bare IPv6 addresses get their brackets.
fn host_and_port(origin: &str, authority: &str) -> Result<(String, Option<u16>)> {
    let number = |port: &str| {
        port.parse().ok().filter(|port| *port != 0).ok_or_else(|| {
            // What stands there may be a password.
            Error::configuration(format!("{origin} has a port that is no whole number from 1 to 65535"))
        })
    };
    let (name, port) = if let Some(rest) = authority.strip_prefix('[') {
        let Some((name, port)) = rest.split_once(']') else {
            return Err(Error::configuration(format!("{origin} has a [ without a ]")));
        };
        let port = port.strip_prefix(':').filter(|port| !port.is_empty()).map(number).transpose()?;
        (format!("[{name}]"), port)
    } else if authority.matches(':').count() > 1 {
        (format!("[{authority}]"), None)
    } else {
        let (name, port) = authority.split_once(':').unwrap_or((authority, ""));
        (name.to_owned(), Some(port).filter(|port| !port.is_empty()).map(number).transpose()?)
    };
    if !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Error::configuration(format!("{origin} is {name:?}, which names no machine"))
            .hint(format!("For a port on this machine, give it as a number: `port: {name}`.")));
    }
    // What a server listens on is no address to ask: everything, on this machine.
    let name = match name.as_str() {
        "" | "0.0.0.0" | "[::]" => "localhost".to_owned(),
        _ => name,
    };
    Ok((name, port))
}

/// Without an endpoint at its end, and with one `/v1` for two.
fn normal_path(path: &str) -> String {
    let mut path = without_endpoint(path).to_owned();
    while path.ends_with("/v1/v1") {
        path.truncate(path.len() - "/v1".len());
    }
    path
}

fn without_endpoint(path: &str) -> &str {
    ["/chat/completions", "/completions", "/models"]
        .iter()
        .find_map(|endpoint| path.strip_suffix(endpoint))
        .unwrap_or(path)
        .trim_end_matches('/')
}

fn parsed(origin: &str, text: &str) -> Result<Url> {
    Url::parse(text)
        .map_err(|error| {
            Error::configuration(format!("{origin} {:?} is no address: {error}", without_secrets(text)))
                .hint("Write it like 'localhost:1234' or 'http://localhost:1234/v1'.")
        })
        .and_then(|url| {
            if url.host_str().is_some_and(|host| !host.is_empty()) {
                Ok(url)
            } else {
                Err(Error::configuration(format!("{origin} {:?} names no host", without_secrets(text))))
            }
        })
}

/// Where a user name ends is not guessed: a piece of a password would be taken for the host, and shown; or an address
/// in the query would be, and get what is meant for this one.
pub(super) fn check_user(origin: &str, given: &str) -> Result<()> {
    let rest = given.split_once("://").map_or(given, |(_, rest)| rest);
    let path = rest.find(['/', '\\', '?', '#']).unwrap_or(rest.len());
    if !rest[path..].contains('@') {
        return Ok(());
    }
    Err(Error::configuration(format!(
        "{origin} has an @ behind a /, ? or #: its user name may end at either"
    ))
    .hint("Write / as %2F, ? as %3F and # as %23 in a user name and a password, and @ as %40 elsewhere."))
}

/// For errors: whatever stands before an `@` or after a `?` may be secret.
pub(super) fn without_secrets(text: &str) -> String {
    let shown = text.rsplit_once('@').map_or_else(|| text.to_owned(), |(_, rest)| format!("***@{rest}"));
    shown.split(['?', '#']).next().unwrap_or_default().to_owned()
}

/// What the address says of who is asking, and every secret in it.
pub(super) fn credentials_in(url: &Url) -> Result<FromAddress> {
    use base64::{Engine, engine::general_purpose::STANDARD};

    let query = url.query_pairs().filter(|(name, _)| is_secret_name(name));
    let mut secrets: Vec<SecretString> = query.map(|(_, value)| value.into_owned().into()).collect();
    if url.username().is_empty() && url.password().is_none() {
        return Ok(FromAddress { header: None, secrets, is_foreign: false });
    }
    let decoded = |text: &str| {
        SecretString::from(percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned())
    };
    let (user, password) = (decoded(url.username()), decoded(url.password().unwrap_or_default()));
    // RFC 7617, section 2.
    let pair = Zeroizing::new(format!("{}:{}", user.expose_secret(), password.expose_secret()));
    let encoded = SecretString::from(STANDARD.encode(&*pair));
    let mut header = HeaderValue::try_from(format!("Basic {}", encoded.expose_secret()))
        .map_err(|_| Error::configuration("The user name in the address cannot be sent"))?;
    header.set_sensitive(true);
    let as_written = [url.username(), url.password().unwrap_or_default()].map(SecretString::from);
    // A token stands as the user name, too.
    secrets.extend([encoded, user, password]);
    secrets.extend(as_written);
    Ok(FromAddress { header: Some(header), secrets, is_foreign: false })
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => {
            address.is_loopback() || address.to_ipv4_mapped().is_some_and(|address| address.is_loopback())
        }
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{super::Endpoint, *};

    fn endpoint(config: &str) -> Result<Endpoint> {
        let mut config: EndpointConfig = serde_json::from_str(config).unwrap();
        config.definition.base_url = "http://localhost:1234/v1".into();
        config.definition.base_url_env = vec!["BASE".into()];
        config.definition.api_key_env = vec!["KEY".into()];
        Endpoint::new(&config)
    }

    fn base(config: &str) -> String {
        endpoint(config).unwrap().address.base
    }

    fn mistake(config: &str) -> String {
        let error = endpoint(config).unwrap_err();
        assert_eq!(error.code, crate::error::Code::Configuration);
        format!("{} {}", error.message, error.hint.as_deref().unwrap_or_default())
    }

    #[test]
    fn an_address_of_any_shape_becomes_the_same_base() {
        for config in [
            "{}",
            r#"{"port":1234}"#,
            r#"{"host":"localhost"}"#,
            r#"{"host":"http://localhost"}"#,
            r#"{"host":"http://localhost/"}"#,
            r#"{"host":"localhost:1234"}"#,
            r#"{"host":"localhost:1234","port":1234}"#,
            r#"{"host":":1234"}"#,
            r#"{"host":"0.0.0.0"}"#,
            r#"{"host":"http://localhost:1234/v1/"}"#,
            r#"{"host":"http://localhost:1234/v1/chat/completions"}"#,
            r#"{"host":"http://localhost:1234/v1/models"}"#,
            r#"{"host":"http://localhost:1234/v1/v1"}"#,
            r#"{"host":"HTTP://LocalHost:1234"}"#,
            r#"{"baseURL":"http://localhost:1234/v1"}"#,
            r#"{"baseURL":"http://localhost:1234/v1//"}"#,
            r#"{"environment":{"BASE":" http://localhost:1234 "}}"#,
            r#"{"environment":{"BASE":""}}"#,
        ] {
            assert_eq!(base(config), "http://localhost:1234/v1", "{config}");
        }
    }

    #[test]
    fn a_path_with_a_query_of_its_own_keeps_that_of_the_address() {
        let url = |config, path| String::from(endpoint(config).unwrap().address.root().url(path).unwrap());
        assert_eq!(
            url(r#"{"query":{"a":"1"}}"#, "/props?model=m"),
            "http://localhost:1234/props?model=m&a=1"
        );
        assert_eq!(url(r#"{"query":{"a":"1"}}"#, "/props"), "http://localhost:1234/props?a=1");
        assert_eq!(url("{}", "/props?model=m"), "http://localhost:1234/props?model=m");
    }

    #[test]
    fn what_is_said_is_kept() {
        for (config, expected) in [
            (r#"{"host":"http://box"}"#, "http://box:1234/v1"),
            (r#"{"host":"box:8080"}"#, "http://box:8080/v1"),
            (r#"{"host":"http://box:80"}"#, "http://box/v1"),
            (r#"{"host":"https://gw.example/api/v1"}"#, "https://gw.example/api/v1"),
            (r#"{"host":"http://gw.example/llm"}"#, "http://gw.example/llm"),
            (r#"{"host":"::1"}"#, "http://[::1]:1234/v1"),
            (r#"{"host":"[::1]:8080"}"#, "http://[::1]:8080/v1"),
            (r#"{"host":"fe80::1","port":9}"#, "http://[fe80::1]:9/v1"),
            (r#"{"host":"192.168.0.7","port":9}"#, "http://192.168.0.7:9/v1"),
            (r#"{"baseURL":"http://box","host":"other","port":9}"#, "http://box"),
            (r#"{"port":8080,"environment":{"BASE":"http://other"}}"#, "http://localhost:8080/v1"),
            (r#"{"environment":{"BASE":"box:8080"}}"#, "http://box:8080/v1"),
        ] {
            assert_eq!(base(config), expected, "{config}");
        }
    }

    #[test]
    fn contradictions_and_mistakes_say_what_and_how_to_mend_it() {
        for (config, words) in [
            (r#"{"host":"box:1","port":2}"#, "says port 1, and `port` says 2"),
            (r#"{"port":0}"#, "1 to 65535"),
            (r#"{"port":70000}"#, "1 to 65535"),
            (r#"{"port":12.5}"#, "1 to 65535"),
            (r#"{"host":"1234"}"#, "`port: 1234`"),
            (r#"{"host":"ftp://box"}"#, "ftp://"),
            (r#"{"host":"http:/box:8080"}"#, "lacks a /"),
            (r#"{"host":"box:port"}"#, "1 to 65535"),
            (r#"{"host":"gw/v1?user=me@box"}"#, "@ as %40"),
            (r#"{"baseURL":"http://gw/@team/v1"}"#, "@ as %40"),
            (r#"{"host":"a b"}"#, "no address"),
            (r#"{"host":"http://box\\v1"}"#, "Write / instead"),
            (r#"{"host":"http:\\\\box"}"#, "Write / instead"),
            (r#"{"baseURL":"box:8080/v1"}"#, "http://box:8080/v1"),
            (r#"{"apiKey":"a\nb"}"#, "a line end"),
            (r#"{"apiKey":"schlüssel"}"#, "beyond ASCII"),
            (r#"{"apiKey":"k","headers":{"Authorization":"Bearer x"}}"#, "Leave one of them out"),
            (r#"{"apiKey":"k","headers":{"Authorization":"x","api-key":"y","x-api-key":"z"}}"#, "Leave one"),
            (r#"{"apiKey":"k","host":"u:p@box"}"#, "user name"),
            (r#"{"headers":{"X-Team":"a","x-team":"b"}}"#, "\"x-team\" is given twice"),
            (r#"{"headers":{"a b":"x"}}"#, "a b"),
        ] {
            let said = mistake(config);
            assert!(said.contains(words), "{config}: {said}");
        }
    }

    #[test]
    fn an_error_shows_no_secret() {
        assert!(!mistake(r#"{"apiKey":"sk-secret\n"}"#).contains("sk-secret"));
        assert!(!mistake(r#"{"baseURL":"user:hunter2@box"}"#).contains("hunter2"));
        assert!(!mistake(r#"{"host":"http://user:hunter2@bo x"}"#).contains("hunter2"));
        let config = r#"{"apiKey":"sk-secret","host":"box?key=hunter2","headers":{"X-Token":"t0ken"}}"#;
        let shown = format!("{:?}", endpoint(config).unwrap());
        for secret in ["sk-secret", "hunter2", "t0ken"] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }

    #[test]
    fn an_error_shows_no_piece_of_a_user_name_or_a_password() {
        for address in [
            "http://user:hunter2/ter2@box",
            "user:hunter2#word@box",
            "user:1234#hunter2@box",
            r"user:hunter2\\word@box",
            "hunter2/x@box",
            "hunter2:x://user@box",
            "ftp://hunter2@box",
            "http://user:hunter2@bo x",
            "http://user:hunter2@box:port",
        ] {
            for field in ["host", "baseURL"] {
                let said = mistake(&format!(r#"{{"{field}":"{address}"}}"#));
                assert!(!said.contains("hunter2"), "{said}");
            }
        }
        assert!(!mistake(r#"{"host":"user:hunter2"}"#).contains("hunter2"));
    }

    #[test]
    fn who_is_asking_is_a_secret_decoded_and_as_written() {
        let endpoint = endpoint(r#"{"host":"http://ghp_%2Ftoken:p%40ssword@box"}"#).unwrap();
        let secrets: Vec<_> = endpoint.secrets().collect();
        for secret in ["ghp_/token", "ghp_%2Ftoken", "p@ssword", "p%40ssword"] {
            assert!(secrets.contains(&secret), "{secret}");
        }
    }

    #[test]
    fn the_query_goes_with_every_request() {
        let endpoint = endpoint(r#"{"host":"box:1?a=1&b=2","query":{"b":"3","c":"ä"}}"#).unwrap();
        assert_eq!(
            endpoint.address.url("/models").unwrap().as_str(),
            "http://box:1/v1/models?a=1&b=3&c=%C3%A4"
        );
    }

    #[test]
    fn a_key_is_found_in_order_and_a_placeholder_else() {
        let sent = |config: &str| {
            let header = endpoint(config).unwrap().credential.header().unwrap();
            header.map(|header| header.to_str().unwrap().to_owned())
        };
        assert_eq!(sent(r#"{"apiKey":"k1","environment":{"KEY":"k2"}}"#).unwrap(), "Bearer k1");
        assert_eq!(sent(r#"{"environment":{"KEY":" k2\n"}}"#).unwrap(), "Bearer k2");
        assert_eq!(sent("{}").unwrap(), "Bearer not-needed");
        assert_eq!(sent(r#"{"apiKey":"","environment":{"KEY":"k2"}}"#), None);
        assert_eq!(sent(r#"{"headers":{"x-api-key":"k"}}"#), None);
    }

    #[test]
    fn the_key_of_a_vendor_goes_to_no_other_server() {
        let is_key = |base_url: &str, config: &str| {
            let mut config: EndpointConfig = serde_json::from_str(config).unwrap();
            config.definition.base_url = base_url.into();
            config.definition.base_url_env = vec!["BASE".into()];
            config.definition.api_key_env = vec!["KEY".into()];
            config.environment.insert("KEY".into(), "k".to_owned().into());
            Endpoint::new(&config).unwrap().credential.is_key()
        };
        let (vendor, own) = ("https://api.vendor.example/v1", "http://localhost:1234/v1");
        for (base_url, config, expected) in [
            (vendor, "{}", true),
            (vendor, r#"{"baseURL":"https://api.vendor.example/v2"}"#, true),
            (vendor, r#"{"environment":{"BASE":"http://box:1"}}"#, true),
            (vendor, r#"{"baseURL":"http://box:1/v1"}"#, false),
            (vendor, r#"{"unixSocket":"/run/llm.sock"}"#, false),
            (vendor, r#"{"unixSocket":"/run/llm.sock","baseURL":"https://api.vendor.example/v1"}"#, false),
            ("api.vendor.example/v1", r#"{"baseURL":"http://box:1/v1"}"#, false),
            ("", r#"{"baseURL":"http://box:1/v1"}"#, false),
            (own, r#"{"baseURL":"http://box:1/v1"}"#, true),
            (own, r#"{"unixSocket":"/run/llm.sock"}"#, true),
        ] {
            assert_eq!(is_key(base_url, config), expected, "{base_url} {config}");
        }
    }

    #[test]
    fn a_key_that_is_for_some_hosts_goes_to_no_other() {
        let is_key = |config: &str| {
            let mut config: EndpointConfig = serde_json::from_str(config).unwrap();
            config.definition.base_url = "http://localhost:3000/v1".into();
            config.definition.base_url_env = vec!["BASE".into()];
            config.definition.api_key_env = vec!["HOSTED".into()];
            config.key_hosts = vec![("HOSTED", &["hosts.example", "*.hosts.example"])];
            config.environment.insert("HOSTED".into(), "k".to_owned().into());
            let endpoint = Endpoint::new(&config).unwrap();
            assert_eq!(endpoint.credential.is_key(), !endpoint.key_variables.is_empty());
            endpoint.credential.is_key()
        };
        for (config, expected) in [
            (r#"{"baseURL":"https://hosts.example/v1"}"#, true),
            (r#"{"baseURL":"https://me.eu.Hosts.example:8443/v1"}"#, true),
            (r#"{"host":"https://me.hosts.example"}"#, true),
            (r#"{"environment":{"BASE":"https://me.hosts.example"}}"#, true),
            ("{}", false),
            (r#"{"host":"127.0.0.1"}"#, false),
            (r#"{"environment":{"BASE":"http://box:3000"}}"#, false),
            (r#"{"baseURL":"http://me.hosts.example/v1"}"#, false),
            (r#"{"baseURL":"https://hosts.example.evil.example/v1"}"#, false),
            (r#"{"baseURL":"https://nothosts.example/v1"}"#, false),
            (r#"{"baseURL":"https://evil.example/hosts.example"}"#, false),
            (r#"{"baseURL":"https://me.hosts.example@evil.example/v1"}"#, false),
            (r#"{"baseURL":"https://me.hosts.example/v1","unixSocket":"/run/llm.sock"}"#, false),
        ] {
            assert_eq!(is_key(config), expected, "{config}");
        }
    }

    #[test]
    fn a_key_that_is_for_some_hosts_leaves_other_keys_alone() {
        let mut config = EndpointConfig::default();
        config.definition.base_url = "http://localhost:3000/v1".into();
        config.definition.api_key_env = vec!["HOSTED".into(), "OWN".into()];
        config.key_hosts = vec![("HOSTED", &["hosts.example"])];
        for name in ["HOSTED", "OWN"] {
            config.environment.insert(name.into(), name.to_owned().into());
        }
        let endpoint = Endpoint::new(&config).unwrap();
        assert_eq!(endpoint.credential.header().unwrap().unwrap(), "Bearer OWN");
    }

    #[test]
    fn a_name_and_a_password_in_the_address_are_sent_as_a_header() {
        let endpoint = endpoint(r#"{"host":"http://user:p%40ss@box"}"#).unwrap();
        assert_eq!(endpoint.address.base(), "http://box:1234/v1");
        assert_eq!(endpoint.headers["authorization"], "Basic dXNlcjpwQHNz");
    }

    #[test]
    fn the_port_of_a_server_on_the_internet_is_no_default_for_other_addresses() {
        let base = |host: &str| {
            let config = format!(
                r#"{{"host":"{host}","apiKey":"k","definition":{{"baseURL":"https://api.groq.com/openai/v1"}}}}"#
            );
            let config: EndpointConfig = serde_json::from_str(&config).unwrap();
            Endpoint::new(&config).unwrap().address.base().to_owned()
        };
        for (host, expected) in [
            ("http://litellm/v1", "http://litellm/v1"),
            ("http://localhost", "http://localhost/openai/v1"),
            ("localhost", "http://localhost/openai/v1"),
            ("localhost:4000", "http://localhost:4000/openai/v1"),
            ("box:4000", "http://box:4000/openai/v1"),
            ("gateway.example", "https://gateway.example/openai/v1"),
        ] {
            assert_eq!(base(host), expected, "{host}");
        }
    }

    #[test]
    fn other_bases_are_guessed_from_this_one() {
        let address = endpoint(r#"{"baseURL":"http://box:1/v1/chat/completions"}"#).unwrap().address;
        assert_eq!(address.other_bases()[0], "http://box:1/v1");
        let address = endpoint(r#"{"baseURL":"http://box:1"}"#).unwrap().address;
        assert_eq!(address.other_bases()[0], "http://box:1/v1");
    }

    #[test]
    fn loopback_is_known_by_all_its_names() {
        for (host, expected) in
            [("localhost", true), ("127.8.9.1", true), ("::1", true), ("a.localhost", true), ("box", false)]
        {
            let address = endpoint(&format!(r#"{{"host":"{host}"}}"#)).unwrap().address;
            assert_eq!(address.is_loopback(), expected, "{host}");
        }
    }
}
