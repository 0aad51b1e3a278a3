//! One error type: a code, the server's own words, what to do, and what had arrived.

use std::{fmt, time::Duration};

use serde::Serialize;

use crate::types::{Clock, Partial};

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What kind of failure it is. `lib/` makes the class from it that stands beside each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// `ConfigurationError`: the caller's configuration or arguments.
    Configuration,
    /// `ConnectionError`: no connection, or none any more before an answer began.
    Connection,
    /// `TimeoutError`: one of the clocks ran out.
    Timeout,
    /// `AuthenticationError`: the key is missing or wrong.
    Authentication,
    /// `AuthenticationError`: the key is right but may not do this.
    Permission,
    /// `RateLimitError`: too much at once; later it works.
    RateLimit,
    /// `RateLimitError`: nothing is left; waiting does not help.
    Quota,
    /// `ModelNotFoundError`
    ModelNotFound,
    /// `ContextLengthError`
    ContextLengthExceeded,
    /// `InvalidRequestError`: the server does not take this request.
    InvalidRequest,
    /// `InvalidRequestError`: the server will not answer this.
    ContentFilter,
    /// `ServerError`: not yet ready.
    ModelLoading,
    /// `ServerError`
    OutOfMemory,
    /// `ServerError`: any other fault of the server's.
    Server,
    /// `StreamError`: the answer broke off.
    Stream,
    /// `StreamError`: what came is no answer of an LLM server.
    Protocol,
    /// `StreamError`: 200, and nothing in it.
    EmptyCompletion,
    /// `AbortError`
    Aborted,
    /// `UnsupportedError`: the server cannot do this.
    Unsupported,
}

impl Code {
    /// The code as it stands in the contract: `model_not_found`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Configuration => "configuration",
            Self::Connection => "connection",
            Self::Timeout => "timeout",
            Self::Authentication => "authentication",
            Self::Permission => "permission",
            Self::RateLimit => "rate_limit",
            Self::Quota => "quota",
            Self::ModelNotFound => "model_not_found",
            Self::ContextLengthExceeded => "context_length_exceeded",
            Self::InvalidRequest => "invalid_request",
            Self::ContentFilter => "content_filter",
            Self::ModelLoading => "model_loading",
            Self::OutOfMemory => "out_of_memory",
            Self::Server => "server",
            Self::Stream => "stream",
            Self::Protocol => "protocol",
            Self::EmptyCompletion => "empty_completion",
            Self::Aborted => "aborted",
            Self::Unsupported => "unsupported",
        }
    }

    /// Whether the same request may succeed later without a change of the caller's.
    fn is_retryable(self) -> bool {
        matches!(
            self,
            Self::Connection
                | Self::Timeout
                | Self::RateLimit
                | Self::ModelLoading
                | Self::Server
                | Self::Stream
                | Self::EmptyCompletion
        )
    }
}

/// Any failure of the engine. Boxed, because a `Result` is moved far more often than it fails.
#[derive(Debug, Clone, PartialEq)]
pub struct Error(Box<Details>);

/// What is known of a failure; crosses to JavaScript as JSON.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Details {
    pub code: Code,
    pub message: String,
    /// What to do about it, in one sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// `ECONNREFUSED`, `ENOTFOUND`, …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub system_code: Option<&'static str>,
    pub retryable: bool,
    /// In milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
    /// Without its query.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// At most [`MAX_BODY`] bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    pub attempts: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partial: Option<Partial>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clock: Option<Clock>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub available_models: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context_length: Option<u64>,
    /// The request's field that the server refused, where it named one.
    #[serde(skip)]
    pub refused_field: Option<String>,
    /// The address seems to be no LLM server's, or not its right path.
    #[serde(skip)]
    pub wrong_path: bool,
}

/// How much of an answer's body an error keeps.
pub const MAX_BODY: usize = 4096;

impl Error {
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self(Box::new(Details {
            code,
            message: message.into(),
            hint: None,
            status: None,
            system_code: None,
            retryable: code.is_retryable(),
            retry_after: None,
            url: None,
            body: None,
            request_id: None,
            attempts: 0,
            partial: None,
            clock: None,
            available_models: None,
            prompt_tokens: None,
            context_length: None,
            refused_field: None,
            wrong_path: false,
        }))
    }

    pub fn configuration(message: impl Into<String>) -> Self {
        Self::new(Code::Configuration, message)
    }

    #[must_use]
    pub fn aborted() -> Self {
        Self::new(Code::Aborted, "The call was cancelled")
    }

    #[must_use]
    pub fn timeout(clock: Clock, limit: Duration) -> Self {
        let name = clock.as_str();
        let what = match clock {
            Clock::Connect => "No connection",
            Clock::FirstToken => "No first token",
            Clock::Idle => "The server fell silent in the middle of its answer: nothing",
            Clock::Metadata => "No answer to a question about the server",
            Clock::Total => "The call was not finished",
        };
        let milliseconds = limit.as_millis();
        let mut error = Self::new(Code::Timeout, format!("{what} within {milliseconds} ms (timeout.{name})"))
            .hint(format!("If the server is only slow, raise `timeout.{name}`; 0 switches this clock off."));
        error.clock = Some(clock);
        // The caller's own limit for everything: to try again would go beyond it.
        error.retryable = clock != Clock::Total;
        error
    }

    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// Replaces each of `secrets` wherever a server may have repeated it.
    pub fn redact<'a>(&mut self, secrets: impl Iterator<Item = &'a str>) {
        // A "key" of one or two letters is no secret, and blanking it would garble every word.
        for secret in secrets.filter(|secret| secret.len() >= 4) {
            let texts = [
                Some(&mut self.0.message),
                self.0.hint.as_mut(),
                self.0.body.as_mut(),
                self.0.request_id.as_mut(),
            ];
            for text in texts.into_iter().flatten().filter(|text| text.contains(secret)) {
                *text = text.replace(secret, "***");
            }
        }
    }
}

impl std::ops::Deref for Error {
    type Target = Details;

    fn deref(&self) -> &Details {
        &self.0
    }
}

impl std::ops::DerefMut for Error {
    fn deref_mut(&mut self) -> &mut Details {
        &mut self.0
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.code.as_str(), self.message)
    }
}

impl std::error::Error for Error {}
