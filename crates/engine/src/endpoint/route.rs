use std::path::PathBuf;

use secrecy::ExposeSecret;

use super::{Address, EndpointConfig, Proxy, Tls, Variable};
use crate::error::{Error, Result};

/// How a server is reached: what all connections to it have in common.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Route {
    pub proxy: Option<Proxy>,
    /// In place of an address of the network.
    pub unix_socket: Option<PathBuf>,
    /// `None`: nobody is spoken to by TLS.
    pub tls: Option<Tls>,
}

impl Route {
    pub(super) fn new(config: &EndpointConfig, address: &Address, variable: Variable<'_>) -> Result<Self> {
        let unix_socket = config.unix_socket.as_deref().map(|path| unix_socket(path, config)).transpose()?;
        let proxy = if unix_socket.is_some() { None } else { Proxy::choose(config, address, variable)? };
        let trusted_file =
            variable(&["NODE_EXTRA_CA_CERTS".to_owned()]).map(|(_, file)| file.expose_secret().to_owned());
        // Checked in any case: a mistake should not wait for the day on which the address becomes https.
        let tls = Tls::new(&config.tls, trusted_file)?;
        let needs_tls = address.is_https() || proxy.as_ref().is_some_and(Proxy::is_https);
        Ok(Self { proxy, unix_socket, tls: needs_tls.then_some(tls) })
    }

    pub(super) fn secrets(&self) -> impl Iterator<Item = &str> {
        self.proxy.iter().flat_map(Proxy::secrets)
    }
}

fn unix_socket(path: &str, config: &EndpointConfig) -> Result<PathBuf> {
    if cfg!(not(unix)) {
        return Err(Error::configuration("`unixSocket` is not available on this system")
            .hint("Let the server listen on a port, and give `host` and `port`."));
    }
    if path.is_empty() {
        return Err(Error::configuration("`unixSocket` is empty").hint("Give the path of the socket."));
    }
    if config.proxy.as_ref().is_some_and(|proxy| !proxy.expose_secret().is_empty()) {
        return Err(Error::configuration("Both `unixSocket` and `proxy` are given")
            .hint("Leave one of them out: no proxy leads to a socket of this machine."));
    }
    Ok(path.into())
}

#[cfg(test)]
mod tests {
    use super::{super::Endpoint, *};

    fn endpoint(config: &str) -> Result<Endpoint> {
        let mut config: EndpointConfig = serde_json::from_str(config).unwrap();
        config.definition.base_url = "http://localhost:1234/v1".into();
        Endpoint::new(&config)
    }

    fn proxy(config: &str) -> Option<String> {
        endpoint(config).unwrap().route.proxy.map(|proxy| format!("{} of {}", proxy.shown(), proxy.origin()))
    }

    fn mistake(config: &str) -> String {
        let error = endpoint(config).unwrap_err();
        assert_eq!(error.code, crate::error::Code::Configuration);
        format!("{} {}", error.message, error.hint.as_deref().unwrap())
    }

    #[test]
    fn a_proxy_comes_from_the_configuration_or_from_the_variable_of_the_scheme() {
        for (config, expected) in [
            (r#"{"host":"box"}"#, None),
            (r#"{"host":"box","environment":{"http_proxy":"http://p:1"}}"#, Some("http://p:1 of http_proxy")),
            (r#"{"host":"box","environment":{"HTTP_PROXY":"http://p:1"}}"#, Some("http://p:1 of HTTP_PROXY")),
            (
                r#"{"host":"box","environment":{"HTTP_PROXY":"http://p:1","http_proxy":"http://q:1"}}"#,
                Some("http://q:1 of http_proxy"),
            ),
            (
                r#"{"host":"box","environment":{"HTTP_PROXY":"http://p:1","http_proxy":""}}"#,
                Some("http://p:1 of HTTP_PROXY"),
            ),
            (r#"{"host":"box","environment":{"REQUEST_METHOD":"GET","HTTP_PROXY":"http://evil:1"}}"#, None),
            (
                r#"{"host":"box","environment":{"REQUEST_METHOD":"GET","HTTP_PROXY":"http://evil:1","http_proxy":"http://p:1"}}"#,
                Some("http://p:1 of http_proxy"),
            ),
            (
                r#"{"host":"https://box","environment":{"REQUEST_METHOD":"GET","HTTPS_PROXY":"http://p:1"}}"#,
                Some("http://p:1 of HTTPS_PROXY"),
            ),
            (r#"{"host":"box","environment":{"HTTPS_PROXY":"http://p:1"}}"#, None),
            (r#"{"host":"https://box","environment":{"HTTP_PROXY":"http://p:1"}}"#, None),
            (
                r#"{"host":"https://box","environment":{"https_proxy":"http://p:1","ALL_PROXY":"http://q"}}"#,
                Some("http://p:1 of https_proxy"),
            ),
            (
                r#"{"host":"https://box","environment":{"HTTPS_PROXY":"http://p:1"}}"#,
                Some("http://p:1 of HTTPS_PROXY"),
            ),
            (
                r#"{"host":"box","environment":{"all_proxy":"socks5h://p"}}"#,
                Some("socks5h://p:1080 of all_proxy"),
            ),
            (r#"{"host":"box","environment":{"ALL_PROXY":"p:3128"}}"#, Some("http://p:3128 of ALL_PROXY")),
            (r#"{"host":"box","environment":{"ALL_PROXY":"p","NO_PROXY":"box"}}"#, None),
            (r#"{"host":"box","environment":{"ALL_PROXY":"p","no_proxy":"*"}}"#, None),
            (
                r#"{"host":"box","environment":{"ALL_PROXY":"p","NO_PROXY":"other"}}"#,
                Some("http://p of ALL_PROXY"),
            ),
            (r#"{"host":"box","proxy":"","environment":{"ALL_PROXY":"p"}}"#, None),
            (
                r#"{"host":"box","proxy":"p","environment":{"ALL_PROXY":"q","NO_PROXY":"*"}}"#,
                Some("http://p of `proxy`"),
            ),
            (r#"{"host":"localhost","environment":{"ALL_PROXY":"p"}}"#, None),
            (r#"{"host":"a.localhost","environment":{"ALL_PROXY":"p"}}"#, None),
            (r#"{"host":"127.8.0.1","environment":{"HTTP_PROXY":"p"}}"#, None),
            (r#"{"host":"::1","environment":{"HTTP_PROXY":"p"}}"#, None),
            // What is not used may be anything.
            (r#"{"host":"::1","environment":{"HTTP_PROXY":"ftp://p"}}"#, None),
            (r#"{"host":"localhost","proxy":"http://p:1/"}"#, Some("http://p:1 of `proxy`")),
            (r#"{"unixSocket":"/s","host":"box","environment":{"ALL_PROXY":"p"}}"#, None),
            (r#"{"unixSocket":"/s","proxy":""}"#, None),
            (r#"{"proxy":"HTTP://User@Proxy:80"}"#, Some("http://proxy of `proxy`")),
            (r#"{"proxy":"socks://p"}"#, Some("socks5://p:1080 of `proxy`")),
            (r#"{"proxy":"socks4a://[::1]:9"}"#, Some("socks4a://[::1]:9 of `proxy`")),
        ] {
            assert_eq!(proxy(config).as_deref(), expected, "{config}");
        }
    }

    #[test]
    fn a_proxy_that_cannot_be_is_refused_without_its_password() {
        for (config, words) in [
            (r#"{"proxy":"ftp://user:sk-secret@p"}"#, "`proxy` is no proxy: its scheme is none of http"),
            (r#"{"proxy":"http://user:sk-secret@"}"#, "is no proxy"),
            (r#"{"proxy":"http://"}"#, "is no proxy"),
            (r#"{"proxy":"http://p:99999"}"#, "invalid port number"),
            (r#"{"proxy":"http://user:sk/secret@p"}"#, "Write / as %2F"),
            (r#"{"proxy":"socks5://pröxy"}"#, "its host is no name of a machine"),
            (
                r#"{"host":"box","environment":{"HTTP_PROXY":"gopher://u:sk-secret@p"}}"#,
                "HTTP_PROXY is no proxy",
            ),
            (r#"{"proxy":"http://user:sk-secret"}"#, "`proxy` is no proxy: invalid port number"),
            (r#"{"proxy":"user:sk-secret"}"#, "`proxy` is no proxy: invalid port number"),
            (r#"{"proxy":"sk-secret:x://y@host"}"#, "`proxy` is no proxy"),
            (r#"{"proxy":"sk-secret://host"}"#, "`proxy` is no proxy: its scheme is none of http"),
            (r#"{"unixSocket":"/s","proxy":"http://p"}"#, "Leave one of them out"),
            (r#"{"unixSocket":""}"#, "`unixSocket` is empty"),
        ] {
            let said = mistake(config);
            assert!(said.contains(words) && !said.contains("sk-secret"), "{config}: {said}");
        }
    }

    #[test]
    fn the_password_of_a_proxy_is_sent_as_it_is_and_known_as_a_secret() {
        let endpoint = endpoint(r#"{"proxy":"http://user%40corp:p%2F4%20'x@p:1"}"#).unwrap();
        let proxy = endpoint.route.proxy.as_ref().unwrap();
        assert_eq!(proxy.url(), "http://user%40corp:p%2F4%20%27x@p:1");
        let secrets: Vec<_> = endpoint.secrets().collect();
        for secret in ["user@corp", "p/4 'x", "dXNlckBjb3JwOnAvNCAneA=="] {
            assert!(secrets.contains(&secret), "{secret}");
        }
        assert_eq!(format!("{:?}", endpoint.route.proxy), r#"Some(Proxy("http://p:1"))"#);
    }

    #[test]
    fn equal_settings_are_an_equal_route() {
        let route = |config| endpoint(config).unwrap().route;
        assert_eq!(route("{}"), route(r#"{"host":"http://box:8080","tls":{"insecure":true}}"#));
        assert_eq!(route("{}"), Route::default());
        let insecure = route(r#"{"host":"https://box","tls":{"insecure":true}}"#);
        assert_eq!(insecure, route(r#"{"host":"https://other","tls":{"insecure":true}}"#));
        assert_ne!(insecure, route(r#"{"host":"https://box"}"#));
        assert_ne!(route(r#"{"proxy":"http://u:a@p"}"#), route(r#"{"proxy":"http://u:b@p"}"#));
        assert_ne!(route(r#"{"unixSocket":"/a"}"#), route(r#"{"unixSocket":"/b"}"#));
        // A proxy is spoken to by TLS, too.
        assert!(route(r#"{"proxy":"https://p"}"#).tls.is_some());
    }
}
