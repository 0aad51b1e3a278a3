use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use serde_json::{Map, Value};

use super::{Client, Hooks};
use crate::{
    endpoint::{Credential, is_secret_name},
    error::{Error, Result},
};

/// A chat's request as it goes out, after the caller's hooks. The same bytes are sent in each attempt.
pub struct Built {
    pub headers: HeaderMap,
    pub body: Bytes,
    /// Nobody changed the key in the headers.
    has_own_key: bool,
}

impl Built {
    pub async fn new(client: &Client, hooks: &dyn Hooks, body: &Map<String, Value>) -> Result<Self> {
        let mut headers = client.headers(hooks, Some("application/json")).await?;
        let key = headers.get(header::AUTHORIZATION).cloned();
        if hooks.changes_headers() {
            let shown = headers.iter().map(|(name, value)| {
                (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
            });
            let changed = hooks.request_headers(shown.collect()).await?;
            headers = changed.into_iter().map(checked_header).collect::<Result<_>>()?;
        }
        let has_own_key = headers.get(header::AUTHORIZATION) == key.as_ref();
        let mut text = serde_json::to_string(body).map_err(|error| {
            Error::configuration(format!("The request cannot be written as JSON: {error}"))
        })?;
        if hooks.changes_body() {
            text = hooks.request_body(text).await?;
        }
        Ok(Self { headers, body: text.into(), has_own_key })
    }

    /// A key that comes from a function is asked for before each attempt: it may have been replaced meanwhile.
    pub async fn with_renewed_key(mut self, client: &Client, hooks: &dyn Hooks) -> Result<Self> {
        if self.has_own_key && matches!(client.endpoint.credential, Credential::Function) {
            match client.key(hooks).await? {
                Some(key) => _ = self.headers.insert(header::AUTHORIZATION, key),
                None => _ = self.headers.remove(header::AUTHORIZATION),
            }
        }
        Ok(self)
    }
}

fn checked_header((name, value): (String, String)) -> Result<(HeaderName, HeaderValue)> {
    let checked_name = HeaderName::try_from(&name).map_err(|_| {
        Error::configuration(format!("requestHeaders returned {name:?}, which is no name for a header"))
    })?;
    let mut value = HeaderValue::try_from(value).map_err(|_| {
        Error::configuration(format!("requestHeaders returned a value for {name:?} that no header can hold"))
    })?;
    value.set_sensitive(is_secret_name(&name));
    Ok((checked_name, value))
}
