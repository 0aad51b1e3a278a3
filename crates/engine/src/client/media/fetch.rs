//! What stands at an address, for a server that fetches nothing itself.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, header};
use url::{Position, Url};

use super::{Kind, mistake, too_long};
use crate::{
    endpoint::{Endpoint, EndpointConfig, TlsConfig},
    error::{Code, Error, Result},
    transport::{Clients, Connected, Replaced, Request},
};

/// Asks without anything that is for the server of `given`: no key, no header, no certificate.
pub fn elsewhere(given: &EndpointConfig) -> EndpointConfig {
    EndpointConfig {
        tls: TlsConfig { ca: given.tls.ca.clone(), ..TlsConfig::default() },
        proxy: given.proxy.clone(),
        environment: given.environment.clone(),
        ..EndpointConfig::default()
    }
}

/// # Errors
/// `configuration` for an address that is none; else as of any request, but never retryable.
pub async fn fetch(elsewhere: &EndpointConfig, address: &str, kind: Kind, limit: usize) -> Result<Bytes> {
    let place = shown(address);
    let named = |mut error: Error| {
        error.message = format!("The {} {place} could not be fetched: {}", kind.name(), error.message);
        error.hint = Some("This server fetches none itself. Check the address, or give the bytes.".into());
        error.retryable = false;
        error.url = Some(place.clone());
        error
    };
    let mut url = Url::parse(address)
        .map_err(|error| mistake(kind, &format!("{place} is no URL: {error}"), "Check the address."))?;
    let origin = url[..Position::BeforePath].to_owned();
    let endpoint = Endpoint::new(&EndpointConfig { base_url: Some(origin.into()), ..elsewhere.clone() })?;
    // Who asks stands in the headers.
    _ = url.set_username("");
    _ = url.set_password(None);
    url.set_fragment(None);
    let mut headers = HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_static("*/*"))]);
    headers.extend(endpoint.headers.clone());
    let http = Clients::default().of(&endpoint.route);
    let request = Request { method: Method::GET, url, headers, body: None };
    let replaced = &mut Replaced::default();
    let mut response =
        http.send(&endpoint.address, request, Connected::default(), replaced).await.map_err(named)?;
    if !response.status().is_success() {
        return Err(named(Error::new(Code::InvalidRequest, format!("HTTP {}", response.status()))));
    }
    response.whole(limit).await.map_err(|error| match error.code {
        Code::Protocol => too_long(kind, &place, limit),
        _ => named(error),
    })
}

/// An address without what may be secret in it.
pub fn shown(address: &str) -> String {
    let Ok(mut url) = Url::parse(address) else { return "of its address".to_owned() };
    _ = url.set_username("");
    _ = url.set_password(None);
    url[..Position::AfterPath].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_secret_of_an_address_is_shown() {
        assert_eq!(shown("https://user:pass@host:8/a/b.png?key=1#top"), "https://host:8/a/b.png");
        assert_eq!(shown("cat?key=1"), "of its address");
    }

    #[test]
    fn nothing_of_the_servers_own_is_for_others() {
        let given: EndpointConfig = serde_json::from_str(
            r#"{"apiKey":"k","headers":{"a":"b"},"query":{"c":"d"},"baseURL":"http://own/v1",
                "environment":{"X_KEY":"e"},"definition":{"apiKeyEnv":["X_KEY"]}}"#,
        )
        .unwrap();
        let elsewhere = EndpointConfig { base_url: Some("http://other".into()), ..elsewhere(&given) };
        let endpoint = Endpoint::new(&elsewhere).unwrap();
        assert!(endpoint.headers.is_empty() && !endpoint.credential.is_key());
        assert_eq!(endpoint.secrets().count(), 0);
    }
}
