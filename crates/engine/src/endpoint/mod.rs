//! Host, port, base URL, key, the way there, and a given map of environment variables: into one checked address.

mod address;
mod credential;
mod no_proxy;
mod proxy;
mod redactor;
mod route;
mod tls;
mod trusted;

use std::collections::{BTreeMap, HashMap};

use http::{HeaderMap, HeaderName, HeaderValue, header::AUTHORIZATION};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

pub use address::Address;
pub use credential::{Credential, bearer, is_in as is_credential_in};
pub use proxy::Proxy;
pub use redactor::Redactor;
pub use route::Route;
pub use tls::{Identity, Tls, TlsConfig};
pub use trusted::TrustedCertificate;

use crate::error::{Error, Result};

/// What a provider's class says of its server.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Definition {
    pub name: String,
    pub display_name: String,
    #[serde(rename = "baseURL")]
    pub base_url: String,
    #[serde(rename = "baseURLEnv")]
    pub base_url_env: Vec<String>,
    pub api_key_env: Vec<String>,
    pub api_key_required: bool,
}

/// What the caller says, as `lib/` hands it over.
#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EndpointConfig {
    pub definition: Definition,
    /// Headers whose values the environment may hold, for the definition's own server: their names, and the variables'.
    #[serde(skip)]
    pub header_env: Vec<(&'static str, &'static str)>,
    /// Variables of the definition's whose keys are for some hosts only, and those hosts.
    #[serde(skip)]
    pub key_hosts: Vec<(&'static str, &'static [&'static str])>,
    /// How an address is read that the environment holds, if not as `host`.
    #[serde(skip)]
    pub read_base_url_env: Option<ReadAddress>,
    /// May hold a password, as may `base_url`.
    pub host: Option<SecretString>,
    pub port: Option<f64>,
    #[serde(rename = "baseURL")]
    pub base_url: Option<SecretString>,
    pub api_key: Option<SecretString>,
    /// The key comes from a function of the caller's, asked before each attempt.
    pub has_api_key_function: bool,
    pub headers: BTreeMap<String, SecretString>,
    pub query: HashMap<String, SecretString>,
    pub tls: TlsConfig,
    /// A URL; `''`: none, and no environment variable is asked.
    pub proxy: Option<SecretString>,
    pub unix_socket: Option<String>,
    /// The variables that `definition` names and those of the transport, as the caller's thread sees them.
    pub environment: HashMap<String, SecretString>,
}

/// Where requests go, and what goes with each of them.
#[derive(Debug, Clone)]
pub struct Endpoint {
    pub address: Address,
    pub credential: Credential,
    /// The environment variables that may hold the key: none where they belong to another server.
    pub key_variables: Vec<String>,
    /// The caller's own headers.
    pub headers: HeaderMap,
    pub route: Route,
    /// Values of headers and parameters that are secret, and what is secret of the address.
    secrets: Vec<SecretString>,
}

impl Endpoint {
    /// # Errors
    /// `configuration`: what contradicts itself, or cannot be sent.
    pub fn new(config: &EndpointConfig) -> Result<Self> {
        let variable = |names: &[String]| {
            names.iter().find_map(|name| {
                let value = config.environment.get(name)?.expose_secret().trim();
                (!value.is_empty()).then(|| (name.clone(), value.into()))
            })
        };
        let (address, from_address) = Address::new(config, &variable)?;
        let mut headers = own_headers(&config.headers)?;
        if !from_address.is_foreign {
            add_from_environment(&mut headers, &config.header_env, &variable)?;
        }
        let mut secrets = secrets_in(&config.headers, &config.query);
        secrets.extend(from_address.secrets);
        if let Some(header) = from_address.header {
            if headers.contains_key(AUTHORIZATION)
                || config.api_key.as_ref().is_some_and(|key| !key.expose_secret().is_empty())
            {
                return Err(Error::configuration(
                    "The address has a user name in it, and there is an `apiKey` or an Authorization header, too",
                )
                .hint("Leave one of them out: only one Authorization can be sent."));
            }
            headers.insert(AUTHORIZATION, header);
        }
        let key_variables =
            if from_address.is_foreign { Vec::new() } else { key_variables(config, &address) };
        let credential = Credential::new(config, &headers, &key_variables, &variable)?;
        let route = Route::new(config, &address, &variable)?;
        Ok(Self { address, credential, key_variables, headers, route, secrets })
    }

    /// What may be wrong with the way to the server when nothing comes back on it.
    #[must_use]
    pub fn way(&self) -> Option<String> {
        if let Some(proxy) = &self.route.proxy {
            return Some(format!(
                "The way leads through the proxy {}, from {}.",
                proxy.shown(),
                proxy.origin()
            ));
        }
        self.address.is_https().then(|| "If the server speaks plain HTTP, write http:// instead.".to_owned())
    }

    /// Whether each request says who is asking, be it with a placeholder.
    #[must_use]
    pub fn says_who_is_asking(&self) -> bool {
        !matches!(self.credential, Credential::None) || self.has_own_credential()
    }

    /// Whether a header of the caller's own says who is asking.
    #[must_use]
    pub fn has_own_credential(&self) -> bool {
        credential::is_in(&self.headers)
    }

    /// Whether the server is on this machine.
    #[must_use]
    pub fn is_here(&self) -> bool {
        self.address.is_loopback() && self.route.proxy.is_none() || self.route.unix_socket.is_some()
    }

    /// Everything that must never be shown.
    pub fn secrets(&self) -> impl Iterator<Item = &str> {
        let own = self.secrets.iter().map(ExposeSecret::expose_secret);
        own.chain(self.route.secrets()).chain(self.credential.secret())
    }
}

/// The variables whose keys may go to `address`.
fn key_variables(config: &EndpointConfig, address: &Address) -> Vec<String> {
    let may_go = |hosts: &[&str]| config.unix_socket.is_none() && address.is_at(hosts);
    let is_for_it =
        |name: &&String| config.key_hosts.iter().all(|(variable, hosts)| variable != name || may_go(hosts));
    config.definition.api_key_env.iter().filter(is_for_it).cloned().collect()
}
/// What an address in a variable means: as a host would be written, and the port where it has none.
pub type ReadAddress = fn(&str) -> (&str, u16);

/// Looks the first of some environment variables up that is set: its name and its value.
type Variable<'a> = &'a dyn Fn(&[String]) -> Option<(String, SecretString)>;

fn own_headers(given: &BTreeMap<String, SecretString>) -> Result<HeaderMap> {
    let mut headers = HeaderMap::new();
    for (name, value) in given {
        let name = HeaderName::try_from(name.as_str())
            .map_err(|_| Error::configuration(format!("`headers`: {name:?} is no name for a header")))?;
        if headers.contains_key(&name) {
            return Err(Error::configuration(format!("`headers`: {name:?} is given twice"))
                .hint("Leave one of them out: capital letters make no other name of a header."));
        }
        let mut value = HeaderValue::try_from(value.expose_secret()).map_err(|_| {
            Error::configuration(format!(
                "`headers`: the value of {name:?} holds a character that no header can hold"
            ))
        })?;
        value.set_sensitive(is_secret_name(name.as_str()));
        headers.insert(name, value);
    }
    Ok(headers)
}

/// What the caller gives counts more.
fn add_from_environment(
    headers: &mut HeaderMap,
    names: &[(&'static str, &'static str)],
    variable: Variable<'_>,
) -> Result<()> {
    for (header, name) in names {
        let Some((name, value)) = variable(&[(*name).to_owned()]) else { continue };
        let value = HeaderValue::try_from(value.expose_secret())
            .map_err(|_| Error::configuration(format!("{name} holds a character that no header can hold")))?;
        headers.entry(*header).or_insert(value);
    }
    Ok(())
}

/// A header or a parameter whose name says that its value is a secret.
#[must_use]
pub fn is_secret_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let mut words = name.split(|character: char| !character.is_ascii_alphanumeric());
    SECRET_WORDS.iter().any(|word| name.contains(word))
        || words.any(|word| SHORT_SECRET_WORDS.contains(&word))
}

/// In names of secrets, alone or inside of other words: `apikey`, `X-Amz-Credential`.
const SECRET_WORDS: [&str; 12] = [
    "auth",
    "key",
    "token",
    "secret",
    "password",
    "passwd",
    "passphrase",
    "cookie",
    "credential",
    "session",
    "signature",
    "jwt",
];

/// In names of secrets as words of their own: there is a `sig` in `design`, too.
const SHORT_SECRET_WORDS: [&str; 3] = ["sig", "pass", "pwd"];

fn secrets_in(
    headers: &BTreeMap<String, SecretString>,
    query: &HashMap<String, SecretString>,
) -> Vec<SecretString> {
    let all = headers.iter().chain(query);
    all.filter(|(name, _)| is_secret_name(name)).map(|(_, value)| value.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::is_secret_name;

    #[test]
    fn a_secret_is_known_by_its_name() {
        for name in [
            "Authorization",
            "x-api-key",
            "sig",
            "X-Sig",
            "user_pass",
            "X-JWT",
            "X-Amz-Credential",
            "SessionId",
        ] {
            assert!(is_secret_name(name), "{name}");
        }
        for name in ["X-Team", "design", "bypass", "assigned-to", "version"] {
            assert!(!is_secret_name(name), "{name}");
        }
    }
}
