//! The failures of an answer that cannot be read, whatever dialect was asked for.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Failure, json, title_of_html};
use crate::{
    error::{Code, Error, MAX_BODY},
    wire::TooLong,
};

/// A chunk of a stream is no JSON, and could not be repaired.
pub fn broken_json(chunk: &[u8], error: &serde_json::Error) -> Error {
    let message =
        format!("The server sent a chunk that is no JSON ({}); what it held is lost", json::describe(error));
    let mut error = Error::new(Code::Protocol, message);
    error.body = Some(truncated(chunk));
    error
}

/// Of an answer that is one document, only the beginning came.
pub fn broken_off(document: &[u8]) -> Error {
    let mut error = Error::new(Code::Stream, "The answer broke off in the middle of one JSON document");
    error.body = Some(truncated(document));
    error
}

pub fn not_an_answer(body: &[u8]) -> Error {
    let mut error = Error::not_an_answer(&words_of(body));
    error.body = Some(truncated(body));
    error
}

/// What something that cannot be read says, in short.
fn words_of(body: &[u8]) -> String {
    match title_of_html(body) {
        Some(title) => format!("a web page: {title}"),
        None => String::from_utf8_lossy(&body[..body.len().min(200)]).trim().to_owned(),
    }
}

/// What came is no answer with `what`: a failure that came as a success, or something else altogether.
pub fn something_else(what: &str, body: &[u8]) -> Error {
    if is_failure(body) {
        return Failure::of_body(body).into_error();
    }
    let words = words_of(body);
    let mut error = Error::new(Code::Protocol, format!("What came is no answer with {what}: {words}"))
        .hint("Check the address: something else than an LLM server answers there.");
    error.body = Some(truncated(body));
    error.wrong_path = true;
    error
}

/// `document` is no JSON, as `error` found it; it was to be an answer with `what`.
pub fn unread(what: &str, document: &[u8], error: &serde_json::Error) -> Error {
    let is_begun = matches!(document.trim_ascii_start().first(), Some(b'{' | b'['));
    if is_begun && json::is_cut_off(document, error) {
        broken_off(document)
    } else {
        something_else(what, document)
    }
}

/// An object that says what went wrong.
fn is_failure(body: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Words<'a> {
        #[serde(borrow, default)]
        error: Option<&'a RawValue>,
        #[serde(borrow, default)]
        message: Option<&'a RawValue>,
        #[serde(borrow, default)]
        detail: Option<&'a RawValue>,
    }
    let told = serde_json::from_slice(body);
    told.is_ok_and(|Words { error, message, detail }| error.or(message).or(detail).is_some())
}

pub fn too_long(TooLong { limit }: TooLong) -> Error {
    let message = format!("The server sent one event of more than {limit} bytes (limits.maxEventBytes)");
    Error::new(Code::Protocol, message)
        .hint("If events this long are to be expected, raise `limits.maxEventBytes`.")
}

/// More than an error shows: what is cut here may end in the middle of a secret, which is not found then.
pub fn truncated(bytes: &[u8]) -> String {
    String::from_utf8_lossy(&bytes[..bytes.len().min(2 * MAX_BODY)]).into_owned()
}
