//! JSON that its writer got slightly wrong.

use std::borrow::Cow;

use serde::Deserialize;

use crate::types::Warning;

/// Whether something had to be repaired to read a value.
pub type Repaired = bool;

/// How deep values may be nested in what is read. It is serde's own limit.
pub const MAX_DEPTH: usize = 128;

/// The longest text that is looked through for keys that come twice: as a tree it takes up to 40 times its length.
const MAX_TREE: usize = 1 << 20;

/// Reads `text` into `T` through `read`, repairing it first where it is no JSON as it stands.
///
/// Repaired are bytes that are no UTF-8, halves of surrogate pairs, raw control characters in strings, `NaN` and
/// `Infinity`, numbers that no float holds, and keys that come twice in one object.
pub fn with_repair<R>(
    text: &[u8],
    mut read: impl FnMut(&str) -> Result<R, serde_json::Error>,
) -> Result<(R, Repaired), serde_json::Error> {
    // Looked at once as a whole, no string in it is looked at again for its UTF-8.
    let utf8 = str::from_utf8(text).map_or_else(|_| String::from_utf8_lossy(text), Cow::Borrowed);
    match read(&utf8) {
        Ok(value) => Ok((value, matches!(utf8, Cow::Owned(_)))),
        Err(error) => {
            let repaired = repair(&utf8);
            if matches!(repaired, Cow::Owned(_))
                && let Ok(value) = read(&repaired)
            {
                return Ok((value, true));
            }
            if repaired.len() > MAX_TREE {
                return Err(error);
            }
            // A value keeps the last of two equal keys, which typed reading refuses.
            let Ok(value) = serde_json::from_str::<serde_json::Value>(&repaired) else { return Err(error) };
            read(&value.to_string()).map(|value| (value, true))
        }
    }
}

pub fn warning() -> Warning {
    Warning::new("json", "The server sent JSON that had to be repaired.")
}

/// What is wrong with a text, for people.
pub fn describe(error: &serde_json::Error) -> String {
    // serde tells this apart by its words only.
    if error.to_string().starts_with("recursion limit exceeded") {
        return format!("nested deeper than {MAX_DEPTH} levels");
    }
    error.to_string()
}

/// Whether `text` is only the beginning of a value, as `error` found it.
pub fn is_cut_off(text: &[u8], error: &serde_json::Error) -> bool {
    let last_line = text.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
    let lines = memchr::memchr_iter(b'\n', text).count() + 1;
    // A number that ends in its point is no unexpected end to serde, but invalid where the text ends.
    error.is_eof() || (error.is_syntax() && error.line() == lines && error.column() >= last_line.len())
}

/// The values of a text that holds several, one after the other.
pub fn all<'a, T: Deserialize<'a>>(text: &'a [u8]) -> impl Iterator<Item = Result<T, serde_json::Error>> {
    serde_json::Deserializer::from_slice(text).into_iter()
}

fn repair(text: &str) -> Cow<'_, str> {
    let mut repaired = String::new();
    let mut kept = 0;
    let mut in_string = false;
    let mut at = 0;
    let bytes = text.as_bytes();
    while at < bytes.len() {
        let (length, replacement): (usize, Option<Cow<'_, str>>) = match (in_string, bytes[at]) {
            (true, b'\\') if bytes.get(at + 1) == Some(&b'u') => match (unit(bytes, at), unit(bytes, at + 6))
            {
                (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => (12, None),
                (Some(0xD800..=0xDFFF), _) => (6, Some("\\ufffd".into())),
                _ => (2, None),
            },
            (true, b'\\') => (2, None),
            (true, control @ 0..0x20) => (1, Some(format!("\\u{control:04x}").into())),
            (_, b'"') => {
                in_string = !in_string;
                (1, None)
            }
            (false, b'N' | b'I' | b'-' | b'0'..=b'9') => {
                let word =
                    ["NaN", "Infinity", "-Infinity"].into_iter().find(|word| text[at..].starts_with(word));
                let number = number(&text[at..]);
                match word {
                    Some(word) => (word.len(), Some("null".into())),
                    None if number.parse().is_ok_and(f64::is_infinite) => (number.len(), Some("null".into())),
                    None => (number.len().max(1), None),
                }
            }
            _ => (1, None),
        };
        if let Some(replacement) = replacement {
            repaired.push_str(&text[kept..at]);
            repaired.push_str(&replacement);
            kept = at + length;
        }
        at += length;
    }
    if kept == 0 {
        return Cow::Borrowed(text);
    }
    repaired.push_str(&text[kept..]);
    Cow::Owned(repaired)
}

/// The number, or whatever is written like one, at the start of `text`.
fn number(text: &str) -> &str {
    let end = text.bytes().position(|byte| !matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E'));
    &text[..end.unwrap_or(text.len())]
}

/// The UTF-16 unit that is escaped at `at` as `\uXXXX`.
fn unit(bytes: &[u8], at: usize) -> Option<u16> {
    let digits = bytes.get(at..at + 6)?.strip_prefix(b"\\u")?;
    u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn value(text: &[u8]) -> Option<(Value, Repaired)> {
        with_repair(text, |text| serde_json::from_str(text)).ok()
    }

    #[test]
    fn what_python_and_cut_characters_leave_is_read() {
        for (text, expected) in [
            (&br#"{"a":NaN,"b":-Infinity,"c":"NaN"}"#[..], json!({"a": null, "b": null, "c": "NaN"})),
            (br#"["\ud83d","\ud83d\ude00","\\ud83d"]"#, json!(["\u{fffd}", "😀", "\\ud83d"])),
            (b"[\"a\nb\tc\"]", json!(["a\nb\tc"])),
            (b"[\"\xff\"]", json!(["\u{fffd}"])),
            (b"[1e999,-1E+999,12e3,\"1e999\"]", json!([null, null, 12e3, "1e999"])),
        ] {
            assert_eq!(value(text), Some((expected, true)));
        }
    }

    #[test]
    fn of_a_long_text_only_what_costs_little_is_repaired() {
        let zeros = "0,".repeat(MAX_TREE);
        let read =
            |text: String| with_repair(text.as_bytes(), |text| serde_json::from_str::<Twice>(text)).is_ok();
        assert!(read(r#"{"a":1,"a":2}"#.into()));
        assert!(read(format!(r#"{{"a":NaN,"b":[{zeros}0]}}"#)));
        assert!(!read(format!(r#"{{"a":1,"a":2,"b":[{zeros}0]}}"#)));
    }

    #[derive(Deserialize)]
    struct Twice {
        #[serde(rename = "a")]
        _a: Option<i32>,
    }

    #[test]
    fn what_is_nested_too_deeply_is_called_so() {
        let nested = |depth| "[".repeat(depth) + &"]".repeat(depth);
        let read = |depth| serde_json::from_str::<Value>(&nested(depth));
        assert!(read(MAX_DEPTH - 1).is_ok());
        assert_eq!(describe(&read(MAX_DEPTH).unwrap_err()), "nested deeper than 128 levels");
    }

    #[test]
    fn right_json_is_left_alone_and_hopeless_json_is_refused() {
        assert_eq!(value(b"{\"a\":1}"), Some((json!({"a": 1}), false)));
        assert_eq!(value(b"{\"a\":"), None);
    }

    proptest! {
        #[test]
        fn any_text_is_survived(text in "[\\\\u{d8}\"NaInfty\u{1}\\-é0-9]{0,40}") {
            repair(&text);
        }
    }
}
