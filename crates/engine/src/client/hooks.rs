use futures_util::future::BoxFuture;
use secrecy::SecretString;

use crate::error::Result;

/// What the caller may change of a request before it is sent, and say of its answer. One object a call.
pub trait Hooks: Send + Sync {
    /// Whether [`request_headers`](Self::request_headers) does anything.
    fn changes_headers(&self) -> bool;

    /// Whether [`request_body`](Self::request_body) does anything.
    fn changes_body(&self) -> bool;

    /// The key for the next attempt; empty for none.
    fn api_key(&self) -> BoxFuture<'_, Result<SecretString>>;

    /// The headers as they will be sent, in and out.
    fn request_headers(&self, headers: Vec<(String, String)>)
    -> BoxFuture<'_, Result<Vec<(String, String)>>>;

    /// The body as it will be sent, in and out: JSON.
    fn request_body(&self, body: String) -> BoxFuture<'_, Result<String>>;

    /// What the caller finds wrong with an answer that fits its schema, if the format says that he looks himself.
    fn validate(&self, _answer: String) -> BoxFuture<'_, Result<Option<String>>> {
        Box::pin(async { Ok(None) })
    }
}

/// Changes nothing.
#[derive(Debug, Clone, Copy)]
pub struct NoHooks;

impl Hooks for NoHooks {
    fn changes_headers(&self) -> bool {
        false
    }

    fn changes_body(&self) -> bool {
        false
    }

    fn api_key(&self) -> BoxFuture<'_, Result<SecretString>> {
        Box::pin(async { Ok(SecretString::default()) })
    }

    fn request_headers(
        &self,
        headers: Vec<(String, String)>,
    ) -> BoxFuture<'_, Result<Vec<(String, String)>>> {
        Box::pin(async { Ok(headers) })
    }

    fn request_body(&self, body: String) -> BoxFuture<'_, Result<String>> {
        Box::pin(async { Ok(body) })
    }
}
