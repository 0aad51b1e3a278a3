use std::{borrow::Cow, collections::HashSet, ops::Range};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use url::form_urlencoded::byte_serialize;

/// Takes secrets out of texts: those of servers, which repeat what they were sent, and our own.
#[derive(Debug, Clone)]
pub struct Redactor {
    /// All that may not be shown, in each form in which a server may repeat it.
    secrets: Vec<SecretString>,
}

/// A "key" of one or two letters is no secret, and blanking it would garble every word.
const SHORTEST: usize = 4;

/// How much of a secret at the end of a text shows that the text was cut off inside of it.
const SHORTEST_BEGINNING: usize = 8;

/// Words of `Authorization` that say how, not who. They stand in many messages.
const SCHEMES: [&str; 4] = ["basic", "bearer", "digest", "token"];

/// RFC 3986, section 2.3: all but these is encoded.
pub(super) const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

impl Redactor {
    /// `values`: keys, passwords, and headers as they are sent.
    #[must_use]
    pub fn new<'a>(values: impl Iterator<Item = &'a str>) -> Self {
        let secrets: HashSet<String> = values.flat_map(parts).flat_map(forms).collect();
        Self { secrets: secrets.into_iter().map(SecretString::from).collect() }
    }

    /// `text` with `***` for each secret in it.
    #[must_use]
    pub fn redacted<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut hidden: Vec<_> =
            self.secrets.iter().flat_map(|secret| places(secret.expose_secret(), text)).collect();
        if hidden.is_empty() {
            return text.into();
        }
        // One may hold or overlap another.
        hidden.sort_by_key(|place| place.start);
        let mut shown = String::with_capacity(text.len());
        let mut end = 0;
        for place in hidden {
            if place.start >= end {
                shown.push_str(&text[end..place.start]);
                shown.push_str("***");
            }
            end = end.max(place.end);
        }
        shown.push_str(&text[end..]);
        shown.into()
    }
}

/// Where `secret` stands in `text`, and its beginning at the end of a text that was cut off.
fn places<'a>(secret: &'a str, text: &'a str) -> impl Iterator<Item = Range<usize>> + 'a {
    let whole = text.match_indices(secret).map(|(at, _)| at..at + secret.len());
    let beginning = (SHORTEST_BEGINNING..secret.len())
        .filter_map(|length| secret.get(..length))
        .rfind(|beginning| text.ends_with(beginning));
    whole.chain(beginning.map(|beginning| text.len() - beginning.len()..text.len()))
}

/// `value`, each of its words, and what they assign: `session=abc; theme=dark` holds `abc`.
fn parts(value: &str) -> impl Iterator<Item = &str> {
    let words = value.split([' ', ';', ',']);
    let assigned = words.clone().filter_map(|word| Some(word.split_once('=')?.1.trim_matches('"')));
    std::iter::once(value).chain(words).chain(assigned).filter(|part| {
        part.len() >= SHORTEST && !SCHEMES.iter().any(|scheme| part.eq_ignore_ascii_case(scheme))
    })
}

/// As it is, and as it stands in a URL, in a form and in JSON.
fn forms(secret: &str) -> [String; 4] {
    let json = Value::from(secret).to_string();
    [
        secret.to_owned(),
        utf8_percent_encode(secret, RESERVED).to_string(),
        byte_serialize(secret.as_bytes()).collect(),
        json[1..json.len() - 1].to_owned(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redacted(secrets: &[&str], text: &str) -> String {
        Redactor::new(secrets.iter().copied()).redacted(text).into_owned()
    }

    #[test]
    fn a_secret_is_taken_out_wherever_it_stands() {
        assert_eq!(redacted(&["sk-1234"], "a sk-1234, sk-1234"), "a ***, ***");
        assert!(matches!(Redactor::new(["sk-1234"].into_iter()).redacted("none"), Cow::Borrowed("none")));
    }

    #[test]
    fn nothing_is_left_of_secrets_that_hold_or_overlap_each_other() {
        assert_eq!(redacted(&["sk-12", "sk-12-longer"], "key sk-12-longer."), "key ***.");
        assert_eq!(redacted(&["abcd1234", "1234efgh"], "key abcd1234efgh."), "key ***.");
    }

    #[test]
    fn a_secret_is_known_as_urls_forms_and_json_write_it() {
        let secret = "p/4 \"w~é*";
        for text in ["p%2F4%20%22w~%C3%A9%2A", "p%2F4+%22w%7E%C3%A9*", r#"p/4 \"w~é*"#, secret] {
            assert_eq!(redacted(&[secret], &format!("at {text}!")), "at ***!", "{text}");
        }
    }

    #[test]
    fn all_words_of_a_header_are_secrets_and_what_they_assign() {
        let cookie = "session=abcdef; theme=dark";
        for (text, shown) in [
            ("Cookie: session=abcdef; theme=dark", "Cookie: ***"),
            ("session=abcdef is old", "*** is old"),
            ("the session abcdef is old", "the session *** is old"),
        ] {
            assert_eq!(redacted(&[cookie], text), shown);
        }
        assert_eq!(redacted(&["Bearer key1 key2"], "key1, key2: bad Bearer"), "***, ***: bad Bearer");
        assert_eq!(redacted(&[r#"Digest response="6629f""#], "6629f"), "***");
    }

    #[test]
    fn what_is_short_is_no_secret() {
        assert_eq!(redacted(&["abc", "a=b"], "abc a=b"), "abc a=b");
    }

    #[test]
    fn a_text_that_was_cut_inside_of_a_secret_does_not_end_with_a_piece_of_it() {
        assert_eq!(redacted(&["sk-0123456789"], "key sk-012345"), "key ***");
        assert_eq!(redacted(&["sk-0123456789"], "task sk-0"), "task sk-0");
    }
}
