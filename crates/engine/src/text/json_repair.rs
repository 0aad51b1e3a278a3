//! Reads JSON as models write it: with single quotes, Python's words, raw line ends, without its last brackets.

use serde_json::{Map, Number, Value};

/// Whether a text was no JSON as it stood.
pub type Repaired = bool;

/// What is nested deeper than this is refused; serde's own bound.
const DEEPEST: usize = 128;

/// The object that `text` holds: nothing at all is an empty one.
///
/// # Errors
/// Why `text` cannot be read even with repair.
pub fn object(text: &str) -> Result<(Map<String, Value>, Repaired), String> {
    let text = text.trim();
    if text.is_empty() || text == "null" {
        return Ok((Map::new(), false));
    }
    if let Ok(object) = serde_json::from_str(text) {
        return Ok((object, false));
    }
    // JSON inside a JSON string.
    if let Ok(inner) = serde_json::from_str::<String>(text) {
        return if inner.trim_start().starts_with('"') {
            Err("a string, not an object".into())
        } else {
            object(&inner).map(|(object, _)| (object, true))
        };
    }
    let text = inside_fence(text);
    if !text.starts_with('{') {
        return Err("no JSON object".into());
    }
    let mut reader = Reader { text, at: 0 };
    match reader.value(0)? {
        Value::Object(object) => Ok((object, true)),
        _ => Err("no JSON object".into()),
    }
}

/// What stands between the lines of a fence that somebody put around the JSON.
fn inside_fence(text: &str) -> &str {
    let Some(inside) = text.strip_prefix("```") else { return text };
    inside.trim_start_matches(|character: char| character.is_ascii_alphabetic()).trim_start()
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn value(&mut self, depth: usize) -> Result<Value, String> {
        if depth >= DEEPEST {
            return Err("nested too deeply".into());
        }
        match self.next() {
            None => Err("a value is missing at the end".into()),
            Some('{') => self.members(depth),
            Some('[') => self.elements(depth),
            Some(quote @ ('"' | '\'')) => Ok(Value::String(self.string(quote, &[',', '}', ']'])?)),
            Some(',' | '}' | ']') => Err(format!("a value is missing at byte {}", self.at)),
            Some(_) => Ok(word(self.bare(&[',', '}', ']', '\n', '"']))),
        }
    }

    fn members(&mut self, depth: usize) -> Result<Value, String> {
        self.at += 1;
        let mut object = Map::new();
        loop {
            match self.next() {
                Some(',') => self.at += 1,
                Some('}') => {
                    self.at += 1;
                    return Ok(Value::Object(object));
                }
                // A bracket that closes something further out: this one's own is missing.
                None | Some(']') => return Ok(Value::Object(object)),
                Some(first) => {
                    let key = match first {
                        '"' | '\'' => self.string(first, &[':'])?,
                        _ => self.bare(&[':', ',', '}', '\n']).to_owned(),
                    };
                    if self.next() != Some(':') {
                        return Err(format!("a colon is missing at byte {}", self.at));
                    }
                    self.at += 1;
                    let value = self.value(depth + 1)?;
                    object.insert(key, value);
                }
            }
        }
    }

    fn elements(&mut self, depth: usize) -> Result<Value, String> {
        self.at += 1;
        let mut list = Vec::new();
        loop {
            match self.next() {
                Some(',') => self.at += 1,
                Some(']') => {
                    self.at += 1;
                    return Ok(Value::Array(list));
                }
                None | Some('}') => return Ok(Value::Array(list)),
                Some(_) => list.push(self.value(depth + 1)?),
            }
        }
    }

    /// A string, whose closing quote is one that something of `follow` follows: any other is part of it.
    fn string(&mut self, quote: char, follow: &[char]) -> Result<String, String> {
        self.at += 1;
        let mut string = String::new();
        loop {
            let rest = &self.text[self.at..];
            let Some(end) = rest.find([quote, '\\']) else { return Err("a string does not end".into()) };
            string.push_str(&rest[..end]);
            self.at += end + 1;
            let after = &self.text[self.at..];
            if rest[end..].starts_with('\\') {
                self.escape(&mut string);
            } else if closes(after, follow) {
                return Ok(string);
            } else {
                string.push(quote);
            }
        }
    }

    /// What a backslash stands for; itself before what needs none.
    fn escape(&mut self, string: &mut String) {
        let Some(escaped) = self.text[self.at..].chars().next() else { return };
        self.at += escaped.len_utf8();
        match escaped {
            '"' | '\'' | '\\' | '/' | '\n' => string.push(escaped),
            'n' => string.push('\n'),
            't' => string.push('\t'),
            'r' => string.push('\r'),
            'b' => string.push('\u{8}'),
            'f' => string.push('\u{c}'),
            'u' => string.push(self.unicode()),
            _ => string.extend(['\\', escaped]),
        }
    }

    fn unicode(&mut self) -> char {
        let first = self.hex();
        let code = match first {
            Some(high @ 0xd800..0xdc00) if self.text[self.at..].starts_with("\\u") => {
                self.at += 2;
                self.hex()
                    .filter(|low| (0xdc00..0xe000).contains(low))
                    .map(|low| 0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00))
            }
            other => other,
        };
        code.and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER)
    }

    fn hex(&mut self) -> Option<u32> {
        let digits = self.text.get(self.at..self.at + 4)?;
        let code = u32::from_str_radix(digits, 16).ok()?;
        self.at += 4;
        Some(code)
    }

    /// Text without quotes, up to one of `ends`.
    fn bare(&mut self, ends: &[char]) -> &'a str {
        let rest = &self.text[self.at..];
        let length = rest.find(ends).unwrap_or(rest.len());
        self.at += length;
        rest[..length].trim_end()
    }

    fn next(&mut self) -> Option<char> {
        let rest = self.text[self.at..].trim_start();
        self.at = self.text.len() - rest.len();
        rest.chars().next()
    }
}

/// Whether a quote before `after` closes its string: something of `follow` comes, or a line with another string.
fn closes(after: &str, follow: &[char]) -> bool {
    let next = after.trim_start();
    let has_line_end = after[..after.len() - next.len()].contains('\n');
    next.is_empty() || next.starts_with(follow) || (has_line_end && next.starts_with(['"', '\'']))
}

/// What a word without quotes means.
fn word(word: &str) -> Value {
    match word {
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        "null" | "None" | "NULL" | "undefined" | "NaN" => Value::Null,
        _ => number(word).map_or_else(|| Value::String(word.to_owned()), Value::Number),
    }
}

/// A number as JSON has it, or as people write it: `+1`, `.5`, `1.`.
pub fn number(text: &str) -> Option<Number> {
    if let Ok(number) = serde_json::from_str(text) {
        return Some(number);
    }
    let is_number =
        text.bytes().any(|byte| byte.is_ascii_digit()) && !text.contains(|byte: char| byte.is_alphabetic());
    text.parse().ok().filter(|_| is_number).and_then(Number::from_f64)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn assert_repaired(text: &str, expected: &Value) {
        let (object, repaired) = object(text).unwrap();
        assert_eq!((&Value::Object(object), repaired), (expected, true), "{text}");
    }

    #[test]
    fn json_is_read_as_it_stands() {
        for text in [r#"{"a":1}"#, " {\"a\": 1}\n"] {
            assert_eq!(object(text), Ok((Map::from_iter([("a".to_owned(), json!(1))]), false)));
        }
        for text in ["", "  ", "null", "{}"] {
            assert_eq!(object(text), Ok((Map::new(), false)), "{text:?}");
        }
    }

    #[test]
    fn quotes_and_words_of_python_are_understood() {
        assert_repaired(
            "{'a': True, 'b': None, 'c': False, 'd': [1, 'x']}",
            &json!({"a": true, "b": null, "c": false, "d": [1, "x"]}),
        );
        assert_repaired(r#"{'a': 'it\'s "so"'}"#, &json!({"a": "it's \"so\""}));
    }

    #[test]
    fn keys_and_words_need_no_quotes() {
        assert_repaired("{city: New York, days: 3}", &json!({"city": "New York", "days": 3}));
        assert_repaired("{url: http://a/b}", &json!({"url": "http://a/b"}));
    }

    #[test]
    fn raw_line_ends_and_unknown_escapes_stay_in_a_string() {
        assert_repaired("{\"a\": \"one\ntwo\", \"b\": \"\\d\"}", &json!({"a": "one\ntwo", "b": "\\d"}));
        assert_repaired(r#"{"a": "\ud83d\ude42", b: "\ud83d"}"#, &json!({"a": "🙂", "b": "\u{fffd}"}));
    }

    #[test]
    fn brackets_that_are_missing_are_put_in() {
        assert_repaired(r#"{"a": {"b": [1, 2"#, &json!({"a": {"b": [1, 2]}}));
        assert_repaired(r#"{"a": [1, 2}"#, &json!({"a": [1, 2]}));
        assert_repaired(r#"{"a": {"b": 1}"#, &json!({"a": {"b": 1}}));
    }

    #[test]
    fn commas_may_trail_or_be_missing() {
        assert_repaired(r#"{"a": [1, 2,], "b": 1,}"#, &json!({"a": [1, 2], "b": 1}));
        assert_repaired("{\"a\": \"x\"\n\"b\": 2}", &json!({"a": "x", "b": 2}));
        assert_repaired("{\"a\": 1\n\"b\": 2}", &json!({"a": 1, "b": 2}));
    }

    #[test]
    fn quotes_within_a_string_are_its_own() {
        assert_repaired(r#"{"a": "say "hi" now"}"#, &json!({"a": "say \"hi\" now"}));
    }

    #[test]
    fn what_follows_or_surrounds_the_object_is_left_out() {
        assert_repaired(r#"{"a": 1}}</tool_call>"#, &json!({"a": 1}));
        assert_repaired("```json\n{\"a\": 1}\n```", &json!({"a": 1}));
        assert_repaired(r#""{\"a\": 1}""#, &json!({"a": 1}));
    }

    #[test]
    fn what_is_no_object_is_refused() {
        for text in ["[1]", "1", "Paris", "{\"a\":", "{\"a\": \"b", "{\"a\"}", "\"a\""] {
            assert!(object(text).is_err(), "{text}");
        }
        assert!(object(&"{a:".repeat(1000)).is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in any::<String>()) {
            let _ = object(&format!("{{{text}"));
        }

        #[test]
        fn any_cut_of_json_is_read_or_refused(cut in 0_usize..60) {
            let text = r#"{"a": [1, {"b": "\u00e9🙂\n"}], 'c': None, d: -1.5e3, "e": "x"}"#;
            let _ = object(text.get(..cut).unwrap_or(text));
        }
    }
}
