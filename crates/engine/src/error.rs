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
    /// `InvalidResponseError`: the answer does not fit the response format.
    InvalidResponse,
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
            Self::InvalidResponse => "invalid_response",
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

    /// Whether the same request may succeed later without a change of the caller's, and costs little if it does not.
    fn is_retryable(self) -> bool {
        matches!(
            self,
            Self::Connection | Self::RateLimit | Self::ModelLoading | Self::Server | Self::EmptyCompletion
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
    /// Sending the same request again is safe and may help: `policy` does so, as long as the retries last.
    pub retryable: bool,
    /// When the server wants to be asked again, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
    /// Without its query.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// At most [`MAX_BODY`] bytes when it reaches the caller.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    pub attempts: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partial: Option<Partial>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clock: Option<Clock>,
    /// At most [`MAX_MODELS`] names when it reaches the caller.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub available_models: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context_length: Option<u64>,
    #[serde(skip)]
    pub refusal: Refusal,
    /// An answer had begun, if only with its reasoning: the request must not be sent again.
    #[serde(skip)]
    pub begun: bool,
    /// The address seems to be no LLM server's, or not its right path.
    #[serde(skip)]
    pub wrong_path: bool,
    #[serde(skip)]
    pub of_tools: Option<ToolFailure>,
}

/// What a server says of the request's tools.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ToolFailure {
    /// It takes none, for this model or at all.
    Refused,
    /// Its model wrote a call that it could not read.
    GarbledCall,
}

/// What a server says of a field of the request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Refusal {
    /// Its path, where the server names one: `temperature`, `messages[0].role`.
    pub field: Option<String>,
    /// The server does not know or not support it, whatever its value.
    pub of_any_value: bool,
}

/// How much of an answer's body an error shows.
pub const MAX_BODY: usize = 4096;

/// How much of a server's words an error shows.
pub const MAX_MESSAGE: usize = 2048;

/// How much of a request's id an error shows.
const MAX_REQUEST_ID: usize = 256;

/// How many of the server's models an error names.
pub const MAX_MODELS: usize = 100;

/// The longest name of a model that an error shows, in bytes: the beginning of one names nothing.
pub const MAX_MODEL: usize = 256;

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
            refusal: Refusal::default(),
            begun: false,
            wrong_path: false,
            of_tools: None,
        }))
    }

    pub fn configuration(message: impl Into<String>) -> Self {
        Self::new(Code::Configuration, message)
    }

    /// What came is something else than a chat's answer: `words`, in short.
    #[must_use]
    pub fn not_an_answer(words: &str) -> Self {
        let words: String = words.chars().take(200).collect();
        let mut error = Self::new(Code::Protocol, format!("What came is no answer of a chat: {words}"))
            .hint("Check the address: something else than an LLM server's chat answers there.");
        error.wrong_path = true;
        error
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
        // Nothing was sent yet. Past that, a long prompt would be read twice, and the user wait as long again.
        error.retryable = clock == Clock::Connect;
        error
    }

    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// An argument of the wrong shape. Of serde's `words`, only what can hold no value: it may be a key or a prompt.
    #[must_use]
    pub fn of_argument(place: &str, words: &str) -> Self {
        // The position in our own JSON says nothing to the caller.
        let words = words.rsplit_once(" at line ").map_or(words, |(words, _)| words);
        let expected = words.rfind(", expected ").map(|at| &words[at + ", ".len()..]);
        let is_safe = ["missing field ", "expected "].iter().any(|start| words.starts_with(start));
        let words = expected.or(is_safe.then_some(words)).unwrap_or("nothing of this shape is known");
        let named = RUST_NAMES.iter().find(|(name, _)| words.starts_with(name));
        let words = named.map_or(words, |(_, words)| words);
        Self::configuration(format!("`{place}`: {words}"))
    }

    /// All texts that a server had a say in.
    pub fn texts_mut(&mut self) -> impl Iterator<Item = &mut String> {
        let Details { message, hint, url, body, request_id, available_models, .. } = &mut *self.0;
        let optional = [hint, url, body, request_id].into_iter().flatten();
        std::iter::once(message).chain(optional).chain(available_models.iter_mut().flatten())
    }

    /// Drops what is far beyond what is shown: to look for secrets in all of a long text takes long. As much again
    /// stays, so that the end of what is shown is no piece of a secret.
    pub fn prune(&mut self) {
        truncate(&mut self.0.message, 2 * MAX_MESSAGE);
        self.truncate_optional(2);
        if let Some(models) = &mut self.0.available_models {
            models.retain(|name| name.len() <= MAX_MODEL);
            models.truncate(MAX_MODELS);
        }
    }

    /// Cuts the server's words to what is shown. Secrets are taken out before: a piece of one is not found.
    pub fn shorten(&mut self) {
        if truncate(&mut self.0.message, MAX_MESSAGE - '…'.len_utf8()) {
            self.0.message.push('…');
        }
        self.truncate_optional(1);
    }

    fn truncate_optional(&mut self, times: usize) {
        let Details { hint, body, request_id, .. } = &mut *self.0;
        for (text, limit) in [(hint, MAX_MESSAGE), (body, MAX_BODY), (request_id, MAX_REQUEST_ID)] {
            if let Some(text) = text {
                truncate(text, times * limit);
            }
        }
    }
}

/// What serde calls by names of our code, as the caller knows it.
const RUST_NAMES: [(&str, &str); 3] = [
    ("expected struct ", "expected an object"),
    ("expected internally tagged enum ", "expected an object"),
    ("expected f64", "expected a number"),
];

/// Cuts `text` to at most `limit` bytes, and says whether that was needed.
pub fn truncate(text: &mut String, limit: usize) -> bool {
    let is_longer = text.len() > limit;
    let end = (0..=limit.min(text.len())).rfind(|end| text.is_char_boundary(*end));
    text.truncate(end.unwrap_or_default());
    is_longer
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

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;
    use crate::types::ChatRequest;

    fn said<T: for<'a> Deserialize<'a>>(json: &str) -> String {
        let words = serde_json::from_str::<T>(json).err().unwrap().to_string();
        Error::of_argument("place", &words).message.clone()
    }

    #[test]
    fn an_argument_of_the_wrong_shape_is_not_shown() {
        type Headers = std::collections::HashMap<String, String>;
        for (said, words) in [
            (said::<Headers>(r#""Bearer sk-secret""#), "expected a map"),
            (said::<Headers>(r#""sk, expected sk-secret at line 1 of sk-secret""#), "expected a map"),
            (said::<String>("5"), "expected a string"),
            (said::<ChatRequest>(r#"{"messages":["sk-secret"]}"#), "expected an object"),
            (said::<ChatRequest>(r#"{"messages":[{"content":"sk-secret"}]}"#), "missing field `role`"),
            (
                said::<ChatRequest>(r#"{"messages":[{"role":"sk-secret"}]}"#),
                "expected one of `system`, `developer`, `user`, `assistant`, `tool`",
            ),
            (said::<ChatRequest>(r#"{"options":{"stop":[5]}}"#), "expected a string or a list of strings"),
            (said::<ChatRequest>(r#"{"messages":[{"role":"user"}]}"#), "expected a string as `content`"),
            (said::<f64>(r#""sk-secret""#), "expected a number"),
        ] {
            assert_eq!(said, format!("`place`: {words}"));
        }
        let ours = Error::of_argument("timeout", "expected milliseconds at line 1 column 2");
        assert_eq!(ours.message, "`timeout`: expected milliseconds");
    }

    #[test]
    fn what_is_looked_through_for_secrets_is_bounded() {
        let long = "é".repeat(1 << 20);
        let mut error = Error::new(Code::ModelNotFound, long.clone()).hint(long.clone());
        error.body = Some(long.clone());
        error.request_id = Some(long.clone());
        error.available_models = Some([vec![long], vec!["model".into(); 1000]].concat());
        error.prune();
        assert_eq!(error.available_models, Some(vec!["model".into(); MAX_MODELS]));
        let length: usize = error.texts_mut().map(|text| text.len()).sum();
        assert!(length < 32 * 1024, "{length}");
    }

    #[test]
    fn long_words_are_cut_between_two_characters() {
        let mut error = Error::new(Code::Server, "é".repeat(MAX_MESSAGE));
        error.body = Some("é".repeat(MAX_BODY));
        error.shorten();
        assert!(error.message.ends_with("é…"));
        assert!((MAX_MESSAGE - 3..=MAX_MESSAGE).contains(&error.message.len()));
        assert_eq!(error.body.as_ref().unwrap().len(), MAX_BODY);
        let mut short = Error::new(Code::Server, "short");
        short.shorten();
        assert_eq!(short.message, "short");
    }
}
