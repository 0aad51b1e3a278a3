//! The members of a JSON object that need not be whole nor right: enough to find a name in it.

use std::borrow::Cow;

use super::brackets::Brackets;

#[derive(Debug, PartialEq, Eq)]
pub enum Member<'a> {
    Whole {
        key: Cow<'a, str>,
        value: &'a str,
    },
    /// The text ends within the value, or before it.
    Open {
        key: Cow<'a, str>,
        value: &'a str,
    },
    /// The text ends before the key does.
    Cut,
    /// The object's closing bracket.
    End,
    Malformed,
}

/// Goes through an object, whose opening bracket `rest` begins with.
#[derive(Debug)]
pub struct Members<'a> {
    rest: &'a str,
}

impl<'a> Members<'a> {
    pub fn of(object: &'a str) -> Self {
        Self { rest: object.get(1..).unwrap_or_default() }
    }

    pub fn next(&mut self) -> Member<'a> {
        let rest = self.rest.trim_start_matches(|next: char| next == ',' || next.is_whitespace());
        let Some(first) = rest.chars().next() else { return Member::Cut };
        let (key, rest) = match first {
            '}' => return Member::End,
            '"' | '\'' => {
                let Some(length) = string_length(rest) else { return Member::Cut };
                (unquoted(&rest[..length]), &rest[length..])
            }
            _ if first.is_alphanumeric() || first == '_' => {
                let length = rest.find(|next: char| !next.is_alphanumeric() && next != '_');
                let Some(length) = length else { return Member::Cut };
                (Cow::Borrowed(&rest[..length]), &rest[length..])
            }
            _ => return Member::Malformed,
        };
        let rest = rest.trim_start();
        let Some(rest) = rest.strip_prefix(':').or(rest.is_empty().then_some(rest)) else {
            return Member::Malformed;
        };
        let rest = rest.trim_start();
        match rest.bytes().next() {
            None => {
                self.rest = rest;
                Member::Open { key, value: rest }
            }
            Some(b',' | b'}' | b']') => Member::Malformed,
            Some(first) => {
                let length = match first {
                    b'"' | b'\'' => string_length(rest),
                    b'{' | b'[' => Brackets::length(rest),
                    _ => rest.find([',', '}', ']', '\n']),
                };
                let (value, rest) = rest.split_at(length.unwrap_or(rest.len()));
                self.rest = rest;
                if length.is_some() { Member::Whole { key, value } } else { Member::Open { key, value } }
            }
        }
    }
}

/// The length of the string that `text` begins with, its quotes included.
fn string_length(text: &str) -> Option<usize> {
    let mut brackets = Brackets::default();
    text.bytes()
        .position(|byte| {
            brackets.pass(byte);
            !brackets.is_in_string()
        })
        .map(|last| last + 1)
}

/// What a string says, be it in double or single quotes; a word without any says itself.
pub fn unquoted(string: &str) -> Cow<'_, str> {
    if let Ok(text) = serde_json::from_str::<String>(string) {
        return Cow::Owned(text);
    }
    let quotes = ['"', '\''];
    let inner =
        string.strip_prefix(quotes).map_or(string, |inner| inner.strip_suffix(quotes).unwrap_or(inner));
    Cow::Borrowed(inner.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(object: &str) -> (Vec<String>, bool) {
        let (mut keys, mut members) = (Vec::new(), Members::of(object));
        loop {
            match members.next() {
                Member::Whole { key, value } => keys.push(format!("{key}={value}")),
                Member::Open { key, value } => {
                    keys.push(format!("{key}~{value}"));
                    return (keys, false);
                }
                end => return (keys, end == Member::End),
            }
        }
    }

    #[test]
    fn members_are_found_however_they_are_quoted() {
        let expected = (vec!["name=\"x\"".to_owned(), "b={\"c\": [1]}".to_owned()], true);
        assert_eq!(keys(r#"{"name": "x", 'b': {"c": [1]}}"#), expected);
        assert_eq!(keys(r#"{name:"x", "b": {"c": [1]}}"#), expected);
    }

    #[test]
    fn what_is_cut_off_is_told_apart_from_what_is_whole() {
        assert_eq!(keys(r#"{"a": "x", "b": {"c": 1"#).0[1], r#"b~{"c": 1"#);
        assert_eq!(keys(r#"{"a": 12"#).0[0], "a~12");
        assert_eq!(keys(r#"{"a": "x", "b""#).0[1], "b~");
        assert_eq!(keys(r#"{"a": "x", "b"#), (vec!["a=\"x\"".to_owned()], false));
    }
}
