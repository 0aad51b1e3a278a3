//! JSON as models write it, where no grammar holds them to it. What is repaired is written otherwise, never guessed: no
//! value is made up, and of what was cut off only the closing marks are put in.

use serde_json::{Map, Number, Value};

/// How deep values may be nested. It is serde's own limit.
const MAX_DEPTH: usize = 128;

/// An object, and what it took to read it.
#[derive(Debug, Clone, PartialEq)]
pub struct Repaired {
    pub fields: Map<String, Value>,
    /// It was no JSON as it stood.
    pub is_repaired: bool,
    /// Closing quotes or brackets were missing: it may have been cut off.
    pub is_open: bool,
    /// It ends within a string, of which the rest is missing.
    pub ends_in_string: bool,
}

impl Repaired {
    /// One that was written right.
    #[must_use]
    pub fn whole(fields: Map<String, Value>) -> Self {
        Self { fields, is_repaired: false, is_open: false, ends_in_string: false }
    }
}

/// Why there is no object in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoObject {
    /// Nor anything else that is JSON.
    NoJson,
    /// But another value.
    OtherValue,
    TooDeep,
    /// But several that differ.
    Several,
}

/// The one object that `text` holds.
///
/// Repaired are quotes of the wrong kind, keys without any, Python's `True`, `False` and `None`, raw control characters
/// in strings, commas before a closing bracket, missing closing brackets and quotes, a fence around it, a string that
/// holds the object's JSON, `null` for an empty one, and rubbish after it. An empty object or the same one before another
/// is what gateways leave that join pieces wrongly.
///
/// # Errors
/// Why there is none.
pub fn object(text: &str) -> Result<Repaired, NoObject> {
    match serde_json::from_str(text) {
        Ok(Value::Object(fields)) => Ok(Repaired::whole(fields)),
        Ok(value) => object_in(value),
        Err(_) => repaired(text),
    }
}

fn object_in(value: Value) -> Result<Repaired, NoObject> {
    let whole = |fields| Repaired { is_repaired: true, ..Repaired::whole(fields) };
    match value {
        Value::Object(fields) => Ok(whole(fields)),
        Value::Null => Ok(whole(Map::new())),
        Value::String(inner) => match serde_json::from_str(&inner) {
            Ok(Value::Object(fields)) => Ok(whole(fields)),
            Err(_) if inner.trim_start().starts_with('{') => repaired(&inner),
            _ => Err(NoObject::OtherValue),
        },
        _ => Err(NoObject::OtherValue),
    }
}

fn repaired(text: &str) -> Result<Repaired, NoObject> {
    let mut reader = Reader { rest: unfenced(text), is_open: false, ends_in_string: false };
    let mut found: Option<Repaired> = None;
    loop {
        let value = match reader.value(MAX_DEPTH) {
            Ok(value) => value,
            Err(_) if found.is_some() => break,
            Err(reason) => return Err(reason),
        };
        let next = match value {
            Value::Object(fields) => Repaired {
                fields,
                is_repaired: true,
                is_open: reader.is_open,
                ends_in_string: reader.ends_in_string,
            },
            value => object_in(value)?,
        };
        found = match found {
            Some(earlier) if next.fields.is_empty() || earlier.fields == next.fields => Some(earlier),
            Some(earlier) if !earlier.fields.is_empty() => return Err(NoObject::Several),
            _ => Some(next),
        };
        reader.skip_space();
        if !reader.rest.starts_with('{') {
            break;
        }
    }
    found.ok_or(NoObject::NoJson)
}

/// What stands inside a fence, if there is one around it.
fn unfenced(text: &str) -> &str {
    let text =
        text.trim_start_matches(|character: char| character == '\u{feff}' || character.is_whitespace());
    match text.strip_prefix("```") {
        Some(fenced) => fenced.trim_start_matches(|character: char| character.is_ascii_alphanumeric()),
        None => text,
    }
}

/// Reads values from the start of `rest`.
struct Reader<'a> {
    rest: &'a str,
    /// The text ended inside of a value that could be closed.
    is_open: bool,
    ends_in_string: bool,
}

impl<'a> Reader<'a> {
    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start();
    }

    /// Takes `mark`, if it is what comes.
    fn takes(&mut self, mark: char) -> bool {
        let rest = self.rest.strip_prefix(mark);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn take_while(&mut self, belongs: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|character| !belongs(character)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken
    }

    fn value(&mut self, depth: usize) -> Result<Value, NoObject> {
        self.skip_space();
        match self.rest.chars().next() {
            Some('{' | '[') if depth == 0 => Err(NoObject::TooDeep),
            Some('{') => self.object(depth - 1).map(Value::Object),
            Some('[') => self.list(depth - 1).map(Value::Array),
            Some('"' | '\'') => Ok(Value::String(self.string())),
            Some('-' | '+' | '.' | '0'..='9') => self.number().map(Value::Number),
            Some(_) => self.word(),
            None => Err(NoObject::NoJson),
        }
    }

    fn object(&mut self, depth: usize) -> Result<Map<String, Value>, NoObject> {
        self.takes('{');
        let mut fields = Map::new();
        while !self.ends('}') {
            let key = match self.rest.chars().next() {
                Some('"' | '\'') => self.string(),
                _ => self.bare_key()?,
            };
            self.skip_space();
            if !self.takes(':') {
                return Err(NoObject::NoJson);
            }
            let value = self.value(depth)?;
            fields.insert(key, value);
            if !self.goes_on('}')? {
                break;
            }
        }
        Ok(fields)
    }

    fn list(&mut self, depth: usize) -> Result<Vec<Value>, NoObject> {
        self.takes('[');
        let mut values = Vec::new();
        while !self.ends(']') {
            values.push(self.value(depth)?);
            if !self.goes_on(']')? {
                break;
            }
        }
        Ok(values)
    }

    fn bare_key(&mut self) -> Result<String, NoObject> {
        let key = self.take_while(|it| it.is_alphanumeric() || "_-$.".contains(it));
        if key.is_empty() { Err(NoObject::NoJson) } else { Ok(key.to_owned()) }
    }

    /// Whether `bracket`, or the end of the text, comes next.
    fn ends(&mut self, bracket: char) -> bool {
        self.skip_space();
        self.is_open |= self.rest.is_empty();
        self.rest.is_empty() || self.takes(bracket)
    }

    /// Whether a comma comes after a value, and not `bracket` or the end of the text.
    fn goes_on(&mut self, bracket: char) -> Result<bool, NoObject> {
        self.skip_space();
        if self.takes(',') {
            return Ok(true);
        }
        if self.ends(bracket) { Ok(false) } else { Err(NoObject::NoJson) }
    }

    fn string(&mut self) -> String {
        let quote = if self.rest.starts_with('\'') { '\'' } else { '"' };
        self.takes(quote);
        let mut string = String::new();
        loop {
            string.push_str(self.take_while(|it| it != quote && it != '\\'));
            if self.takes(quote) {
                return string;
            }
            if !self.takes('\\') {
                self.is_open = true;
                self.ends_in_string = true;
                return string;
            }
            self.escaped(&mut string);
        }
    }

    /// What stands after a backslash. One that escapes nothing is meant as it is.
    fn escaped(&mut self, string: &mut String) {
        let (meant, length) = match self.rest.bytes().next() {
            None => return,
            Some(b'n') => ('\n', 1),
            Some(b't') => ('\t', 1),
            Some(b'r') => ('\r', 1),
            Some(b'b') => ('\u{8}', 1),
            Some(b'f') => ('\u{c}', 1),
            Some(mark @ (b'"' | b'\'' | b'\\' | b'/')) => (char::from(mark), 1),
            Some(b'u') => unicode(self.rest).unwrap_or(('\\', 0)),
            Some(_) => ('\\', 0),
        };
        string.push(meant);
        self.rest = &self.rest[length..];
    }

    fn number(&mut self) -> Result<Number, NoObject> {
        let written = self.take_while(|it| it.is_ascii_digit() || "+-.eE".contains(it));
        let plain = written.strip_prefix('+').unwrap_or(written);
        plain.parse().ok().or_else(|| plain.parse().ok().and_then(Number::from_f64)).ok_or(NoObject::NoJson)
    }

    fn word(&mut self) -> Result<Value, NoObject> {
        match self.take_while(|it| it.is_ascii_alphabetic()) {
            "true" | "True" => Ok(Value::Bool(true)),
            "false" | "False" => Ok(Value::Bool(false)),
            "null" | "None" | "NaN" => Ok(Value::Null),
            _ => Err(NoObject::NoJson),
        }
    }
}

/// The character that `text` begins with as `uXXXX`, perhaps in two halves, and how long that is.
fn unicode(text: &str) -> Option<(char, usize)> {
    let unit = |at: usize| {
        let digits = text.get(at..at + 4)?;
        digits.bytes().all(|it| it.is_ascii_hexdigit()).then(|| u16::from_str_radix(digits, 16).ok())?
    };
    let first = unit(1)?;
    if let Some(character) = char::from_u32(first.into()) {
        return Some((character, 5));
    }
    let second = text.get(5..7).filter(|escape| *escape == "\\u").and_then(|_| unit(7));
    let pair = second.and_then(|second| char::decode_utf16([first, second]).next()?.ok());
    Some(pair.map_or((char::REPLACEMENT_CHARACTER, 5), |pair| (pair, 11)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn mended(text: &str) -> Value {
        let object = object(text).unwrap_or_else(|reason| panic!("{reason:?}: {text}"));
        assert!(object.is_repaired, "{text}");
        Value::Object(object.fields)
    }

    #[test]
    fn what_models_get_wrong_is_repaired() {
        let paris = json!({"city": "Paris"});
        for (text, expected) in [
            ("{'city': 'Paris'}", paris.clone()),
            ("{city: \"Paris\"}", paris.clone()),
            (r#"{"city":"Paris",}"#, paris.clone()),
            (r#"{"city":"Paris"}}"#, paris.clone()),
            ("{\"city\":\"Paris\"}\nI hope this helps", paris.clone()),
            (r#"{"city":"Paris"}</tool_call>"#, paris.clone()),
            (r#"{"city":"Paris""#, paris.clone()),
            (r#"{"city":"Paris"#, paris.clone()),
            ("```json\n{\"city\":\"Paris\"}\n```", paris.clone()),
            ("```\n{'city':'Paris'}```", paris.clone()),
            (r#""{\"city\":\"Paris\"}""#, paris.clone()),
            (r#""{'city':'Paris'}""#, paris.clone()),
            (r#"{}{"city":"Paris"}"#, paris.clone()),
            (r#"{"city":"Paris"}{"city":"Paris"}"#, paris.clone()),
            ("null", json!({})),
            (
                r#"{"a":True,"b":False,"c":None,"d":NaN}"#,
                json!({"a": true, "b": false, "c": null, "d": null}),
            ),
            ("{\"a\":\"one\ntwo\tthree\"}", json!({"a": "one\ntwo\tthree"})),
            (r#"{"a":[1,2,],"b":{"c":-1.5e3"#, json!({"a": [1, 2], "b": {"c": -1500.0}})),
            (r#"{"path":"C:\Users\new",'q':'it\'s'}"#, json!({"path": "C:\\Users\new", "q": "it's"})),
            (r#"{'a':"\u00e9\ud83d\ude00\ud83d\u12"}"#, json!({"a": "é😀\u{fffd}\\u12"})),
            ("{a:+1,b:.5}", json!({"a": 1, "b": 0.5})),
        ] {
            assert_eq!(mended(text), expected, "{text}");
        }
    }

    #[test]
    fn what_was_not_written_is_not_made_up() {
        for text in [
            "",
            "{\"city\":",
            "{\"city\"",
            "{\"a\":tru",
            "{\"a\":-",
            "hello",
            "{\"a\" 1}",
            "{\"a\":1 \"b\":2}",
            "{:}",
        ] {
            assert_eq!(object(text), Err(NoObject::NoJson), "{text}");
        }
        for text in ["0", "[]", "\"Paris\"", "[{\"a\":1}]", "true"] {
            assert_eq!(object(text), Err(NoObject::OtherValue), "{text}");
        }
        assert_eq!(object(r#"{"a":1}{"a":2}"#), Err(NoObject::Several));
        assert_eq!(object(&format!("{{'a':{}", "[".repeat(1 << 20))), Err(NoObject::TooDeep));
    }

    #[test]
    fn what_ends_too_early_is_told_from_what_is_only_written_wrongly() {
        for (text, is_open, ends_in_string) in [
            ("{'a':'b'}", false, false),
            ("{'a':'b'", true, false),
            ("{'a':'b", true, true),
            ("{'a':[1", true, false),
            ("{\"a\":1,}", false, false),
            ("{", true, false),
        ] {
            let read = object(text).unwrap();
            assert_eq!((read.is_open, read.ends_in_string), (is_open, ends_in_string), "{text}");
        }
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec((any::<String>(), inner), 0..4)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn right_json_is_left_alone(fields in prop::collection::vec((any::<String>(), value()), 0..4)) {
            let value = Value::Object(fields.into_iter().collect());
            let text = value.to_string();
            let object = object(&text).unwrap();
            prop_assert!(!object.is_repaired);
            prop_assert_eq!(Value::Object(object.fields), serde_json::from_str::<Value>(&text).unwrap());
            // And the repair itself reads it as serde does.
            prop_assert_eq!(repaired(&text).unwrap().fields, serde_json::from_str::<Map<_, _>>(&text).unwrap());
        }

        #[test]
        fn what_is_cut_off_is_open_or_refused(fields in prop::collection::vec((any::<String>(), value()), 1..4)) {
            let text = Value::Object(fields.into_iter().collect()).to_string();
            for end in (0..text.len()).filter(|end| text.is_char_boundary(*end)) {
                prop_assert!(object(&text[..end]).map_or(true, |object| object.is_open), "{}", &text[..end]);
            }
        }

        #[test]
        fn any_text_is_survived(text in "[\\[\\]{}:,\"'`\\\\u0-9aTrueNone\n .+-]{0,60}") {
            if let Ok(object) = object(&text) {
                serde_json::to_string(&object.fields).unwrap();
            }
        }
    }
}
