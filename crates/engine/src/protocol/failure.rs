//! The words of a server that failed, found in whatever it sent, and what kind of failure they mean.

use std::time::{Duration, SystemTime};

use http::HeaderMap;
use serde_json::{Value, value::RawValue};

use super::{media_failure, overflow, retry_after, tool_failure};
use crate::error::{Code, Error, Refusal, truncate};

/// How much of a failure is read. More than an error shows: secrets are looked for in all of it before it is cut.
const MAX_BYTES: usize = 64 * 1024;

/// What a server said of its failure.
#[derive(Debug, Default)]
pub struct Failure {
    message: String,
    /// `error.code`, if it is a text.
    code: String,
    /// `error.type`, `error_type`.
    kind: String,
    /// The request's field that it is about, as a path: `temperature`, `messages[0].role`.
    param: Option<String>,
    /// The HTTP status, or a status that the body tells.
    status: Option<u16>,
    /// It came after the answer had begun well.
    mid_stream: bool,
    retry_after: Option<Duration>,
    /// When the limits are reset that its headers tell of.
    limit_reset: Option<Duration>,
    /// It says itself that the same request would fail again.
    is_final: bool,
    request_id: Option<String>,
    prompt_tokens: Option<u64>,
    context_length: Option<u64>,
    is_page: bool,
    body: String,
}

impl Failure {
    /// Reads a body: JSON of any of the known shapes, a web page, or plain text.
    #[must_use]
    pub fn of_body(body: &[u8]) -> Self {
        let mut failure = Self::default();
        let text = String::from_utf8_lossy(&body[..body.len().min(MAX_BYTES)]);
        let words = text.trim();
        match serde_json::from_str(words) {
            Ok(value) => failure.read(&value, 0),
            // It was too long to be read to its end, so it holds more than words: perhaps the prompt.
            Err(error) if error.is_eof() => {}
            Err(_) => match title_of_html(body) {
                Some(title) => {
                    failure.message = title;
                    failure.is_page = true;
                }
                None => words.clone_into(&mut failure.message),
            },
        }
        failure.body = text.into_owned();
        truncate(&mut failure.message, MAX_BYTES);
        truncate(&mut failure.body, MAX_BYTES);
        failure
    }

    /// Reads the value of a field `error`; `None` where it says that there is none.
    #[must_use]
    pub fn of_error(error: &RawValue) -> Option<Self> {
        let nothing = matches!(error.get(), "null" | "false" | "\"\"" | "{}" | "[]");
        (!nothing).then(|| Self::of_body(format!("{{\"error\":{}}}", error.get()).as_bytes()))
    }

    #[must_use]
    pub fn status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }

    /// It came after the answer had begun well: it can be no mistake of the caller's, whatever code it has.
    #[must_use]
    pub fn mid_stream(mut self) -> Self {
        self.mid_stream = true;
        self
    }

    #[must_use]
    pub fn headers(mut self, headers: &HeaderMap) -> Self {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        self.request_id = request_id(headers);
        let now = SystemTime::now();
        self.retry_after = retry_after::of_headers(headers, now).or(self.retry_after);
        self.limit_reset = retry_after::of_limits(headers, now);
        self.is_final |= text("x-should-retry") == Some("false");
        self
    }

    /// `depth`: how often JSON was found inside JSON; servers behind servers nest it.
    fn read(&mut self, value: &Value, depth: u8) {
        match value {
            Value::String(text) => self.read_text(text, depth),
            Value::Array(list) => match list.as_slice() {
                [one] => self.read(one, depth),
                _ => self.message = words_of_list(list),
            },
            Value::Object(fields) => {
                let text = |name| fields.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
                let number = |name| fields.get(name).and_then(Value::as_u64);
                match fields.get("code") {
                    Some(Value::String(code)) => {
                        self.status = self.status.or(code.parse().ok());
                        self.code.clone_from(code);
                    }
                    Some(Value::Number(code)) => {
                        self.status = self.status.or(code.as_u64().and_then(|code| u16::try_from(code).ok()));
                    }
                    _ => {}
                }
                for name in ["status_code", "http_status_code", "http_status"] {
                    self.status = self.status.or(number(name).and_then(|code| u16::try_from(code).ok()));
                }
                if let Some(kind) =
                    text("type").or_else(|| text("error_type")).filter(|kind| *kind != "error")
                {
                    kind.clone_into(&mut self.kind);
                }
                if let Some(param) = text("param") {
                    self.param = Some(field_of_path(param));
                }
                let availability = |name| fields.get("availability").and_then(|it| it.get(name));
                self.is_final |= availability("retryable") == Some(&Value::Bool(false));
                let seconds = availability("retry_after").and_then(Value::as_f64);
                self.retry_after =
                    seconds.and_then(|it| Duration::try_from_secs_f64(it).ok()).or(self.retry_after);
                self.prompt_tokens = number("n_prompt_tokens").or(self.prompt_tokens);
                self.context_length = number("n_ctx").or(self.context_length);
                let words = ["error", "message", "detail", "error_message", "error_type"]
                    .into_iter()
                    .filter_map(|name| fields.get(name))
                    .find(|words| !matches!(words, Value::Null | Value::Bool(_)) && **words != *"");
                match words {
                    Some(Value::Array(list)) => {
                        self.param = self.param.take().or_else(|| field_of_list(list));
                        self.message = words_of_list(list);
                    }
                    Some(words) => self.read(words, depth),
                    // Of what nobody knows, any part may be the prompt.
                    None => {}
                }
                if let Some(metadata) = fields.get("metadata") {
                    self.read_behind(metadata, depth);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// A gateway's own words say little; those of the server behind it say what happened, and who that is.
    /// <https://openrouter.ai/docs/api/errors>
    fn read_behind(&mut self, metadata: &Value, depth: u8) {
        let mut gateway = std::mem::take(&mut self.message);
        let provider = metadata.get("provider_name").and_then(Value::as_str);
        if let Some(provider) = provider.filter(|_| !gateway.is_empty()) {
            gateway = format!("{gateway} ({provider})");
        }
        if let Some(behind) = ["raw", "reasons"].into_iter().find_map(|name| metadata.get(name)) {
            self.read(behind, depth + 1);
        }
        let told = [gateway, std::mem::take(&mut self.message)].into_iter().filter(|it| !it.is_empty());
        self.message = told.collect::<Vec<_>>().join(": ");
    }

    fn read_text(&mut self, text: &str, depth: u8) {
        match serde_json::from_str(text) {
            Ok(inner @ Value::Object(_)) if depth < 4 => self.read(&inner, depth + 1),
            _ => text.trim().clone_into(&mut self.message),
        }
    }

    #[must_use]
    pub fn into_error(self) -> Error {
        let code = self.classify();
        let status = self.status.filter(|status| (100..600).contains(status));
        let takes_no_media = media_failure::is_told(&self.message);
        let is_wrong_path = self.is_page
            || matches!(status, Some(404 | 405))
                && code != Code::ModelNotFound
                && !takes_no_media
                && !self.is_of_routing()
            || self.is_unknown_endpoint();
        let silence = if self.body.trim().is_empty() { " without a word" } else { "" };
        let message = match (self.message.is_empty(), status) {
            (false, _) if self.is_page => format!("The server answered with a web page: {}", self.message),
            (false, _) => self.message,
            (true, Some(status)) => {
                let reason =
                    http::StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
                format!("HTTP {status} {}{silence}", reason.unwrap_or_default())
            }
            (true, None) => format!("The server reported an error{silence}"),
        };
        let mut error = Error::new(code, message);
        let refuses_value = is_refusal(&self.code) || is_refusal(&error.message);
        error.of_tools =
            tool_failure::find(&self.code, &error.message, self.param.as_deref().filter(|_| refuses_value));
        error.hint = hint(code)
            .map(str::to_owned)
            .or_else(|| hint_of_flags(code, &error.message))
            .or_else(|| error.of_tools.map(|failure| tool_failure::hint(failure).to_owned()))
            .or_else(|| media_failure::hint(&error.message).map(str::to_owned));
        error.status = status;
        // What is known only to have gone wrong inside of an answer may go wrong each time.
        error.retryable &= code != Code::Server || matches!(status, Some(408 | 425 | 500..));
        error.retryable &= !self.is_final;
        let limit_reset = self.limit_reset.filter(|_| matches!(code, Code::RateLimit | Code::Quota));
        error.retry_after = self
            .retry_after
            .or_else(|| retry_after::of_words(&error.message))
            .or(limit_reset)
            .and_then(|time| u64::try_from(time.as_millis()).ok());
        error.request_id = self.request_id;
        error.refusal = Refusal { of_any_value: refuses_value, field: self.param };
        error.wrong_path = is_wrong_path;
        if code == Code::ContextLengthExceeded {
            let words = error.message.to_lowercase();
            error.prompt_tokens = self.prompt_tokens.or_else(|| overflow::prompt_tokens(&words));
            error.context_length = self.context_length.or_else(|| overflow::context_length(&words));
        }
        error.body = Some(self.body).filter(|body| !body.is_empty());
        error
    }

    /// A gateway has nobody who would answer such a request.
    /// <https://openrouter.ai/docs/guides/routing/provider-selection>
    fn is_of_routing(&self) -> bool {
        let words = self.message.to_lowercase();
        ["no endpoints found", "no allowed providers"].iter().any(|known| words.contains(known))
    }

    /// A server that answers 200 to what it does not know.
    fn is_unknown_endpoint(&self) -> bool {
        self.message.starts_with("Unexpected endpoint or method")
    }

    fn classify(&self) -> Code {
        let label = format!("{} {}", self.code, self.kind).to_lowercase();
        let words = self.message.to_lowercase();
        // Several servers call every failure in a stream 400 or 422.
        let status =
            self.status.filter(|status| !(self.mid_stream && matches!(status, 400 | 422))).unwrap_or(0);
        // Who may not ask is told by the status: the words speak of the key, and of what it was to open.
        let is_locked = matches!(status, 401 | 403);
        let labelled = |parts: &[&str]| parts.iter().any(|part| label.contains(part));
        let says = |parts: &[&str]| !is_locked && parts.iter().any(|part| words.contains(part));

        if labelled(&["context_length", "exceed_context_size"]) || !is_locked && overflow::is_told(&words) {
            Code::ContextLengthExceeded
        } else if labelled(&["insufficient_quota", "credits"]) || status == 402 {
            Code::Quota
        } else if labelled(&["content_filter", "content_policy", "moderation"])
            || says(&["content_filter", "flagged"])
            || status == 403 && words.contains("flagged")
        {
            Code::ContentFilter
        } else if labelled(&["model_not_found"])
            || says(&["model"]) && says(&MODEL_UNKNOWN)
            || says(&["no endpoints found for"])
        {
            Code::ModelNotFound
        } else if labelled(&["model_loading"])
            || status == 503 && says(&["loading model"])
            || says(&["model is loading", "model is currently loading", "model is still loading"])
        {
            Code::ModelLoading
        } else if says(&OUT_OF_MEMORY) {
            Code::OutOfMemory
        } else if labelled(&[
            "invalid_api_key",
            "authentication",
            "auth_error",
            "token_not_found",
            "no_db_connection",
        ]) {
            Code::Authentication
        } else if labelled(&["rate_limit", "throttling", "overloaded"]) {
            Code::RateLimit
        } else if self.is_unknown_endpoint()
            || labelled(&["invalid_request"]) && (status >= 500 || status == 0)
            || labelled(&["badrequest", "bad request", "invaliduserinput"]) && status >= 500
            || says(&MISTAKE_OF_CALLER) && status >= 500
            || says(&TEMPLATE_REFUSES)
            || says(&media_failure::REFUSED)
        {
            // Also under a server's status.
            Code::InvalidRequest
        } else {
            match status {
                401 => Code::Authentication,
                403 => Code::Permission,
                429 => Code::RateLimit,
                501 => Code::Unsupported,
                408 | 425 => Code::Server,
                400..=499 => Code::InvalidRequest,
                300..=399 => Code::Protocol,
                _ => Code::Server,
            }
        }
    }
}

const MODEL_UNKNOWN: [&str; 8] = [
    "not found",
    "does not exist",
    "invalid model name",
    "not a valid model",
    "no such model",
    "unknown model",
    "no models loaded",
    "no model is loaded",
];

const OUT_OF_MEMORY: [&str; 5] = [
    "out of memory",
    "outofmemory",
    "failed to allocate",
    "insufficient memory",
    "requires more system memory",
];

/// What is wrong with a field of the request.
const MISTAKE_OF_CALLER: [&str; 2] = ["must be of type ", "expected \"json\" or a valid json schema"];

/// What is wrong with the messages, as the model's chat template says: each time anew.
const TEMPLATE_REFUSES: [&str; 3] = ["jinja exception", "with jinja template", "roles must alternate"];

/// Codes and words for a field, or for any value of it, that the server does not know or does not support. (That one
/// value is wrong is another matter: the caller's.)
const REFUSALS: [&str; 21] = [
    "unsupported_parameter",
    "unsupported_value",
    "unknown_parameter",
    "unsupported parameter",
    "unsupported value",
    "unknown parameter",
    "unknown field",
    "unknown argument",
    "unrecognized",
    "unexpected keys",
    "unexpected fields",
    "unexpected keyword argument",
    "extra inputs are not permitted",
    "extra fields not permitted",
    "does not support",
    "doesn't support",
    "don't support",
    "do not support",
    "not supported",
    "is unsupported",
    "no endpoints found that support",
];

fn is_refusal(words: &str) -> bool {
    let words = words.to_lowercase();
    REFUSALS.iter().any(|refusal| words.contains(refusal))
}

/// The name by which the server's makers find a request.
#[must_use]
pub fn request_id(headers: &HeaderMap) -> Option<String> {
    ["x-request-id", "request-id", "x-litellm-call-id", "x-generation-id"]
        .into_iter()
        .find_map(|name| headers.get(name)?.to_str().ok())
        .map(str::to_owned)
}

/// What to do about it, as far as the code tells.
#[must_use]
pub fn hint(code: Code) -> Option<&'static str> {
    Some(match code {
        Code::Permission => "The key is not allowed to do this: use another one, or ask for the right.",
        Code::RateLimit => "Ask again later, or less often.",
        Code::Quota => "The account has nothing left: top it up, or use another server.",
        Code::ModelNotFound => "Set `model` to one that `listModels()` names.",
        Code::ContextLengthExceeded => {
            "Shorten the prompt or the history, ask for fewer tokens, or load the model with a longer context."
        }
        Code::ModelLoading => "The model is still loading: ask again in a moment.",
        Code::OutOfMemory => "Load a smaller model or quantization, or a shorter context.",
        _ => return None,
    })
}

/// What a server refuses because of how it was started, it names by the flags that it lacks: `"auto" tool choice requires
/// --enable-auto-tool-choice and --tool-call-parser to be set`.
fn hint_of_flags(code: Code, words: &str) -> Option<String> {
    const MOST: usize = 4;
    let is_refusal = matches!(code, Code::InvalidRequest | Code::Unsupported | Code::Permission);
    let is_end =
        |character: char| !character.is_ascii_alphanumeric() && !matches!(character, '-' | '_' | '.');
    let flag = |word: &str| {
        let name = word.trim_start_matches(is_end).strip_prefix("--")?;
        let name = name.split(is_end).next()?.trim_end_matches('.');
        name.starts_with(|first: char| first.is_ascii_alphabetic()).then(|| format!("`--{name}`"))
    };
    let flags: Vec<_> = words.split_whitespace().filter_map(flag).take(MOST).collect();
    (is_refusal && !flags.is_empty())
        .then(|| format!("It depends on how the server was started: start it with {}.", flags.join(" and ")))
}

fn words_of_list(list: &[Value]) -> String {
    list.iter().filter_map(one_of_list).collect::<Vec<_>>().join("; ")
}

/// FastAPI's `{"loc": ["body", "temperature"], "msg": "…", "input": …}`: the input may be the prompt.
fn one_of_list(item: &Value) -> Option<String> {
    let words = item.get("msg").or_else(|| item.get("message")).unwrap_or(item).as_str()?;
    Some(match place_of(item) {
        Some(place) => format!("{place}: {words}"),
        None => words.to_owned(),
    })
}

fn place_of(item: &Value) -> Option<String> {
    let steps = item.get("loc")?.as_array()?.iter();
    let steps: Vec<_> =
        steps.map(|step| step.as_str().map_or_else(|| step.to_string(), str::to_owned)).collect();
    Some(steps.join("."))
}

/// The first that is refused, else the first: `temperature` of `["body", "temperature"]`.
fn field_of_list(list: &[Value]) -> Option<String> {
    let is_refused = |item: &&Value| one_of_list(item).is_some_and(|words| is_refusal(&words));
    let item = list.iter().find(is_refused).or(list.first())?;
    place_of(item).map(|place| field_of_path(&place))
}

/// FastAPI counts from the body.
fn field_of_path(path: &str) -> String {
    path.strip_prefix("body.").unwrap_or(path).to_owned()
}

/// What a web page calls itself; `None` if `body` is no web page.
#[must_use]
pub fn title_of_html(body: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(&body[..body.len().min(64 * 1024)]);
    if !text.trim_start_matches('\u{feff}').trim_start().starts_with('<') {
        return None;
    }
    let lower = text.to_ascii_lowercase();
    let inside = |name: &str| {
        let open = lower.find(&format!("<{name}"))?;
        let start = open + lower[open..].find('>')? + 1;
        let end = start + lower[start..].find(&format!("</{name}"))?;
        let title = text[start..end].split_whitespace().collect::<Vec<_>>().join(" ");
        Some(title).filter(|title| !title.is_empty())
    };
    Some(inside("title").or_else(|| inside("h1")).unwrap_or_else(|| "(without a title)".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(status: u16, body: &str) -> Error {
        Failure::of_body(body.as_bytes()).status(status).into_error()
    }

    #[test]
    fn a_gateway_that_has_nobody_for_a_request_is_at_the_right_path() {
        for (words, code) in [
            ("No endpoints found matching your data policy (Free model publication).", Code::InvalidRequest),
            ("No allowed providers are available for the selected model.", Code::InvalidRequest),
            ("No endpoints found for foo/bar.", Code::ModelNotFound),
        ] {
            let error = error(404, &format!(r#"{{"error":{{"message":"{words}","code":404}}}}"#));
            assert_eq!((error.code, error.wrong_path), (code, false), "{words}");
        }
    }

    #[test]
    fn the_words_are_found_in_every_shape() {
        for (body, words) in [
            (r#"{"error":{"message":"m","type":"t","param":null,"code":null}}"#, "m"),
            (r#"{"error":"m"}"#, "m"),
            (r#"{"object":"error","message":"m","code":400}"#, "m"),
            (r#"{"detail":"m"}"#, "m"),
            (r#"{"detail":[{"loc":["body","temperature"],"msg":"m"}]}"#, "body.temperature: m"),
            (r#"{"error":"m","error_type":"validation"}"#, "m"),
            (r#"{"error":"{\"error\":{\"code\":400,\"message\":\"m\"}}"}"#, "m"),
            (
                r#"{"error":{"message":"Provider returned error","metadata":{"raw":"{\"error\":\"m\"}"}}}"#,
                "Provider returned error: m",
            ),
            ("m", "m"),
            (
                "<html><head><title>502 Bad\n Gateway</title></head></html>",
                "The server answered with a web page: 502 Bad Gateway",
            ),
            ("", "HTTP 400 Bad Request without a word"),
            (r#"{"detail":[{"loc":["body"],"msg":"m","input":"prompt"},{"input":"prompt"}]}"#, "body: m"),
            (r#"{"detail":[{"loc":["body"],"input":"prompt"#, "HTTP 400 Bad Request"),
            (r#"{"problems":["prompt"]}"#, "HTTP 400 Bad Request"),
            (
                r#"{"error":{"message":"Provider returned error","metadata":{"raw":"{\"error\":\"m\"}","provider_name":"P"}}}"#,
                "Provider returned error (P): m",
            ),
            (r#"{"error":{"message":"gateway","metadata":{"raw":{"error":{"message":"m"}}}}}"#, "gateway: m"),
            (
                r#"{"error":{"message":"m","metadata":{"reasons":["r","s"],"provider_name":"P","flagged_input":"prompt"}}}"#,
                "m (P): r; s",
            ),
            (r#"{"detail":[{"input":"prompt"}]}"#, "HTTP 400 Bad Request"),
            (r#"{"error":{"message":"m","metadata":{"raw":"{\"prompt\":1}"}}}"#, "m"),
            (r#"{"error":{"prompt":"p","metadata":{"raw":"m"}}}"#, "m"),
        ] {
            assert_eq!(error(400, body).message, words, "{body}");
        }
    }

    #[test]
    fn long_words_are_kept_only_so_far() {
        let error = error(500, &"é".repeat(MAX_BYTES));
        assert_eq!((error.message.len(), error.body.as_ref().unwrap().len()), (MAX_BYTES, MAX_BYTES));
    }

    #[test]
    fn the_kind_is_told_by_words_labels_and_status() {
        for (status, body, code) in [
            (401, "", Code::Authentication),
            (403, r#"{"error":{"type":"feature_disabled"}}"#, Code::Permission),
            (401, "API key not found. Check the model access.", Code::Authentication),
            (403, "The model does not exist, or this key is not for it.", Code::Permission),
            (403, r#"{"error":{"code":"insufficient_quota","message":"m"}}"#, Code::Quota),
            (403, r#"{"error":{"code":403,"message":"Your input was flagged"}}"#, Code::ContentFilter),
            (404, r#"{"error":"model 'x' not found"}"#, Code::ModelNotFound),
            (404, "404 page not found", Code::InvalidRequest),
            (400, r#"{"error":{"message":"Invalid model name passed in model=x"}}"#, Code::ModelNotFound),
            (429, r#"{"error":{"code":"insufficient_quota","message":"You exceeded"}}"#, Code::Quota),
            (429, "slow down", Code::RateLimit),
            (503, r#"{"error":{"message":"Loading model"}}"#, Code::ModelLoading),
            (500, r#"{"error":"CUDA error: out of memory"}"#, Code::OutOfMemory),
            (500, r#"{"error":{"type":"invalid_request_error","message":"bad"}}"#, Code::InvalidRequest),
            (500, r#"{"error":"option \"temperature\" must be of type float32"}"#, Code::InvalidRequest),
            (
                500,
                r#"{"error":"invalid format: \"yaml\"; expected \"json\" or a valid JSON Schema object"}"#,
                Code::InvalidRequest,
            ),
            (400, r#"{"error":"\"all-minilm\" does not support chat"}"#, Code::InvalidRequest),
            (
                500,
                r#"{"error":{"code":500,"message":"...\nError: Jinja Exception: no","type":"server_error"}}"#,
                Code::InvalidRequest,
            ),
            (200, r#"{"error":"Error rendering prompt with jinja template: \"no\"."}"#, Code::InvalidRequest),
            (
                503,
                r#"{"error":"server busy, please try again.  maximum pending requests exceeded"}"#,
                Code::Server,
            ),
            (500, "oops", Code::Server),
            (501, "no", Code::Unsupported),
        ] {
            assert_eq!(error(status, body).code, code, "{status} {body}");
        }
    }

    #[test]
    fn the_flags_that_a_server_lacks_are_the_hint() {
        for (status, words, flags) in [
            (
                400,
                r#"\"auto\" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set"#,
                Some("`--enable-auto-tool-choice` and `--tool-call-parser`"),
            ),
            (
                501,
                "This server does not support embeddings. Start it with `--embeddings`",
                Some("`--embeddings`"),
            ),
            (400, "Try --pooler-config.task. (parameter=task)", Some("`--pooler-config.task`")),
            (400, "a -- b --1 c--d", None),
            (500, "the process died of --verbose", None),
        ] {
            let body = format!(r#"{{"error":{{"message":"{words}"}}}}"#);
            let hint = error(status, &body).hint.clone();
            let expected = flags
                .map(|flags| format!("It depends on how the server was started: start it with {flags}."));
            assert_eq!(hint, expected, "{words}");
        }
    }

    #[test]
    fn what_passes_is_told_apart_from_what_stays() {
        for (status, body, retryable) in [
            (408, "", true),
            (425, "", true),
            (429, "", true),
            (500, "", true),
            (503, "Loading model", true),
            (599, "", true),
            (501, "", false),
            (400, "", false),
            (409, "", false),
            (429, r#"{"error":{"code":"insufficient_quota"}}"#, false),
            (500, "out of memory", false),
        ] {
            assert_eq!(error(status, body).retryable, retryable, "{status} {body}");
        }
        for (body, retryable) in [
            (r#"{"error":{"code":502,"message":"m"}}"#, true),
            (r#"{"error":{"type":"rate_limit_error","message":"m"}}"#, true),
            (r#"{"error":{"code":400,"message":"m"}}"#, false),
            (r#"{"error":"m"}"#, false),
        ] {
            let error = Failure::of_body(body.as_bytes()).mid_stream().into_error();
            assert_eq!(error.retryable, retryable, "{body}");
        }
    }

    #[test]
    fn what_may_not_be_asked_again_says_so_itself() {
        let told = r#"{"error":{"message":"m","http_status":429,"availability":{"retryable":false}}}"#;
        let error = Failure::of_body(told.as_bytes()).into_error();
        assert_eq!((error.code, error.status, error.retryable), (Code::RateLimit, Some(429), false));
    }

    #[test]
    fn a_field_that_is_refused_is_told_apart_from_one_whose_value_is_wrong() {
        for (body, field, refuses) in [
            (
                r#"{"error":{"message":"Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.","param":"max_tokens","code":"unsupported_parameter"}}"#,
                Some("max_tokens"),
                true,
            ),
            (
                r#"{"error":{"message":"Unsupported value: 'temperature' does not support 0.2 with this model. Only the default (1) value is supported.","param":"temperature","code":"unsupported_value"}}"#,
                Some("temperature"),
                true,
            ),
            (r#"{"error":{"message":"no","param":"seed","code":"unsupported_value"}}"#, Some("seed"), true),
            (
                r#"{"error":{"message":"Invalid 'temperature': decimal above maximum value. Expected a value <= 2, but got 5 instead.","param":"temperature","code":"decimal_above_max_value"}}"#,
                Some("temperature"),
                false,
            ),
            (r#"{"error":{"message":"temperature must be <= 2","param":null}}"#, None, false),
            (
                r#"{"detail":[{"type":"extra_forbidden","loc":["body","top_k"],"msg":"Extra inputs are not permitted","input":5}]}"#,
                Some("top_k"),
                true,
            ),
            (
                r#"{"detail":[{"loc":["body","temperature"],"msg":"Input should be less than 2"},{"loc":["body","top_k"],"msg":"Extra inputs are not permitted"}]}"#,
                Some("top_k"),
                true,
            ),
            (
                r#"{"detail":[{"type":"literal_error","loc":["body","messages",0,"role"],"msg":"Input should be 'system', 'user' or 'assistant'"}]}"#,
                Some("messages.0.role"),
                false,
            ),
            (r#"{"detail":"Unexpected keys in the request: {'top_k'}"}"#, None, true),
        ] {
            let error = error(422, body);
            let said = (error.refusal.field.as_deref(), error.refusal.of_any_value);
            assert_eq!(said, (field, refuses), "{body}");
        }
    }

    #[test]
    fn a_body_says_when_to_ask_again() {
        let told = r#"{"error":{"message":"m","availability":{"retryable":true,"retry_after":40}}}"#;
        assert_eq!(error(429, told).retry_after, Some(40_000));
        assert_eq!(error(503, "busy: retry in 5s").retry_after, Some(5000));
        assert_eq!(error(503, "busy").retry_after, None);
        let headers = HeaderMap::from_iter([(http::header::RETRY_AFTER, http::HeaderValue::from(7))]);
        let both = Failure::of_body(told.as_bytes()).status(429).headers(&headers).into_error();
        assert_eq!(both.retry_after, Some(7000), "the header is the last word");
    }
}
