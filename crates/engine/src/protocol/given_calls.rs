//! The arguments of calls in the history: always an object's JSON, because servers refuse all else (llama.cpp with a 500).

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::{text::json_repair::object, types::GivenToolCall};

/// As a text: what the model wrote, byte for byte, where that is right, so that the server finds it in its cache.
pub fn text(call: &GivenToolCall) -> Cow<'_, str> {
    match read(call) {
        Read::AsWritten(_) => call.raw_arguments.as_str().into(),
        Read::Otherwise(fields) => Value::Object(fields).to_string().into(),
    }
}

/// As an object.
pub fn fields(call: &GivenToolCall) -> Map<String, Value> {
    match read(call) {
        Read::AsWritten(fields) | Read::Otherwise(fields) => fields,
    }
}

enum Read {
    AsWritten(Map<String, Value>),
    Otherwise(Map<String, Value>),
}

/// A call that could not be used was made with none: its result says why, and what was written.
fn read(call: &GivenToolCall) -> Read {
    let written = serde_json::from_str::<Map<String, Value>>(&call.raw_arguments);
    match (written, &call.arguments) {
        (Ok(written), None) => Read::AsWritten(written),
        (Ok(written), Some(given)) if written == *given => Read::AsWritten(written),
        (_, Some(given)) => Read::Otherwise(given.clone()),
        (Err(_), None) => {
            let repaired = object(&call.raw_arguments).ok().filter(|object| !object.is_open);
            Read::Otherwise(repaired.map(|object| object.fields).unwrap_or_default())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_of_the_history_are_always_an_object() {
        for (call, sent) in [
            (r#"{"rawArguments":"{ \"a\":1 }","arguments":{"a":1}}"#, r#"{ "a":1 }"#),
            (r#"{"rawArguments":"{ \"a\":1 }"}"#, r#"{ "a":1 }"#),
            (r#"{"rawArguments":"{'a':1}","arguments":{"a":1}}"#, r#"{"a":1}"#),
            (r#"{"rawArguments":"{'a':1}"}"#, r#"{"a":1}"#),
            (r#"{"rawArguments":"{\"a\":1}","arguments":{"a":2}}"#, r#"{"a":2}"#),
            (r#"{"arguments":{"a":1}}"#, r#"{"a":1}"#),
            (r#"{"rawArguments":"","arguments":{}}"#, "{}"),
            (r#"{"rawArguments":"{\"a\":\"b"}"#, "{}"),
            (r#"{"rawArguments":"0"}"#, "{}"),
            (r#"{"rawArguments":"no"}"#, "{}"),
        ] {
            let mut given: Value = serde_json::from_str(call).unwrap();
            given["id"] = "1".into();
            given["name"] = "f".into();
            let call: GivenToolCall = serde_json::from_value(given).unwrap();
            assert_eq!(text(&call), sent);
            assert_eq!(Value::Object(fields(&call)), serde_json::from_str::<Value>(sent).unwrap());
        }
    }
}
