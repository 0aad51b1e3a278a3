use std::{borrow::Cow, collections::HashSet, ops::Range};

use base64::{
    Engine, alphabet,
    engine::{GeneralPurpose, general_purpose::NO_PAD},
};
use memchr::{memchr2, memchr3_iter, memmem};
use secrecy::{ExposeSecret, SecretString, zeroize::Zeroizing};

/// Takes secrets out of texts: those of servers, which repeat what they were sent, and our own.
#[derive(Debug, Clone)]
pub struct Redactor {
    /// All that may not be shown, also in base64.
    secrets: Vec<SecretString>,
}

/// A "key" of one or two letters is no secret, and blanking it would garble every word.
const SHORTEST: usize = 4;

/// How much of a secret at the end of a text shows that the text was cut off inside of it.
const SHORTEST_BEGINNING: usize = 8;

/// Words of `Authorization` that say how, not who. They stand in many messages.
const SCHEMES: [&str; 4] = ["basic", "bearer", "digest", "token"];

impl Redactor {
    /// `values`: keys, passwords, and headers as they are sent.
    #[must_use]
    pub fn new<'a>(values: impl Iterator<Item = &'a str>) -> Self {
        let values: HashSet<&str> = values.flat_map(parts).collect();
        let plain = values.iter().map(|value| SecretString::from(*value));
        Self { secrets: plain.chain(values.iter().flat_map(|value| in_base64(value))).collect() }
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
    let whole = memmem::find_iter(text.as_bytes(), secret).map(|at| at..at + secret.len());
    let beginning = (SHORTEST_BEGINNING..secret.len())
        .filter_map(|length| secret.get(..length))
        .rfind(|beginning| text.ends_with(beginning));
    whole
        .chain(beginning.map(|beginning| text.len() - beginning.len()..text.len()))
        .chain(spelled(secret, text.as_bytes(), &IN_URL))
        .chain(spelled(secret, text.as_bytes(), &IN_JSON))
}

/// A way to write bytes otherwise.
struct Spelling {
    /// What stands at the start of a byte that is written otherwise.
    escapes: [u8; 2],
    /// How many bytes at the start of a text stand for a byte, if they do.
    length: fn(u8, &[u8]) -> Option<usize>,
}

const IN_URL: Spelling = Spelling { escapes: *b"%+", length: length_in_url };

const IN_JSON: Spelling = Spelling { escapes: *b"\\\\", length: length_in_json };

/// Where `text` spells `secret` with escapes, whichever of its characters are escaped; also its beginning at the end.
fn spelled<'a>(
    secret: &'a str,
    text: &'a [u8],
    spelling: &'static Spelling,
) -> impl Iterator<Item = Range<usize>> + 'a {
    let [one, other] = spelling.escapes;
    let starts = memchr2(one, other, text).map(|_| memchr3_iter(secret.as_bytes()[0], one, other, text));
    starts.into_iter().flatten().filter_map(move |start| {
        let mut rest = &text[start..];
        for (known, byte) in secret.bytes().enumerate() {
            let Some(length) = (spelling.length)(byte, rest) else {
                let is_cut = rest.is_empty() || rest.len() < LONGEST_ESCAPE && b"%\\".contains(&rest[0]);
                return (is_cut && known >= SHORTEST_BEGINNING).then_some(start..text.len());
            };
            rest = &rest[length..];
        }
        Some(start..text.len() - rest.len())
    })
}

/// `\u0041`
const LONGEST_ESCAPE: usize = 6;

/// In URLs and forms.
fn length_in_url(byte: u8, text: &[u8]) -> Option<usize> {
    match text {
        [b'%', high, low, ..] if hex([*high, *low]) == Some(byte) => Some(3),
        [b'+', ..] if byte == b' ' => Some(1),
        [first, ..] if *first == byte => Some(1),
        _ => None,
    }
}

/// Before one character in JSON that is four times inside of JSON.
const MOST_SLASHES: usize = 16;

/// In JSON, and in JSON inside of JSON, which doubles the backslashes.
fn length_in_json(byte: u8, text: &[u8]) -> Option<usize> {
    let slashes = text.iter().take(MOST_SLASHES).take_while(|byte| **byte == b'\\').count();
    match &text[slashes..] {
        [b'u', b'0', b'0', high, low, ..] if slashes > 0 && hex([*high, *low]) == Some(byte) => {
            Some(slashes + 5)
        }
        [escaped, ..] if *escaped == byte && (slashes == 0 || byte.is_ascii_punctuation()) => {
            Some(slashes + 1)
        }
        _ if text.first() == Some(&byte) => Some(1),
        _ => None,
    }
}

fn hex(digits: [u8; 2]) -> Option<u8> {
    u8::from_str_radix(str::from_utf8(&digits).ok()?, 16).ok()
}

/// `value`, each of its words, and what they assign: `session=abc; theme=dark` holds `abc`.
fn parts(value: &str) -> impl Iterator<Item = &str> {
    let words = value.split([' ', ';', ',']);
    let assigned = words.clone().filter_map(|word| Some(word.split_once('=')?.1.trim_matches('"')));
    std::iter::once(value).chain(words).chain(assigned).filter(|part| {
        part.len() >= SHORTEST && !SCHEMES.iter().any(|scheme| part.eq_ignore_ascii_case(scheme))
    })
}

/// `secret` in base64, with something before it and behind it, too: what is sure of it at each of the three offsets
/// at which it can stand, in both alphabets.
fn in_base64(secret: &str) -> impl Iterator<Item = SecretString> {
    [alphabet::STANDARD, alphabet::URL_SAFE].into_iter().flat_map(move |alphabet| {
        let engine = GeneralPurpose::new(&alphabet, NO_PAD);
        (0..3).map(move |offset| {
            let bytes = Zeroizing::new([&[0; 2][..offset], secret.as_bytes()].concat());
            let encoded = Zeroizing::new(engine.encode(&*bytes));
            // A character is six bits: those that hold some of what stands around are left out.
            let sure = (offset * 8).div_ceil(6)..bytes.len() * 8 / 6;
            SecretString::from(&encoded[sure])
        })
    })
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
    fn a_secret_is_known_with_any_of_its_characters_escaped() {
        let secret = "sk-a/b";
        for text in ["%73k-a/b", "s%6b%2da%2fb", r"sk-a\/b", r"\u0073k-\u0061\u002Fb", r"\\u0073k-a\\\/b"] {
            assert_eq!(redacted(&[secret], &format!("\\ at %{text}% !")), "\\ at %***% !", "{text}");
        }
    }

    #[test]
    fn a_cut_secret_is_known_with_its_characters_escaped() {
        let escaped = r"\u0073k-0123\u0034\u0035";
        for cut in escaped.len() - 6..=escaped.len() {
            assert_eq!(redacted(&["sk-0123456789"], &escaped[..cut]), "***", "{}", &escaped[..cut]);
        }
    }

    #[test]
    fn a_secret_is_known_in_base64_wherever_it_stands() {
        use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

        let secret = "sk-~~??witness";
        for before in ["", ":", "me:", "Bearer "] {
            let whole = format!("{before}{secret}{before}");
            for encoded in [STANDARD.encode(&whole), URL_SAFE_NO_PAD.encode(&whole)] {
                let text = redacted(&[secret], &format!("at {encoded}"));
                // What is left of it belongs to what stands around, but for a few bits.
                assert!(text.contains("***") && text.len() <= before.len() * 4 + 15, "{text}");
            }
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
