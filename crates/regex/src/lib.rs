//! The large engine has tables of all of Unicode: a megabyte, which the addon would carry for the patterns in schemas.
//! `boon` asks for it by name, and gets this: as much of it as `boon` uses.

use regex_lite::Error;

#[derive(Debug, Clone)]
pub struct Regex {
    pattern: String,
    small: regex_lite::Regex,
}

/// What `boon` makes of the classes of ECMA's expressions, also within another class, where the small engine takes none.
const CLASSES: [(&str, &str); 6] = [
    ("[0-9]", r"\d"),
    ("[^0-9]", r"\D"),
    ("[A-Za-z0-9_]", r"\w"),
    ("[^A-Za-z0-9_]", r"\W"),
    ("[ \t\n\r\u{b}\u{c}\u{a0}\u{feff}\u{2003}\u{2029}]", r"\s"),
    ("[^ \t\n\r\u{b}\u{c}\u{a0}\u{feff}\u{2003}\u{2029}]", r"\S"),
];

impl Regex {
    /// # Errors
    /// What the small engine says of a pattern that it does not know.
    pub fn new(pattern: &str) -> Result<Self, Error> {
        let shorten = |pattern: String, (class, short)| replaced(&pattern, class, short);
        let small = regex_lite::Regex::new(&CLASSES.into_iter().fold(pattern.to_owned(), shorten))?;
        Ok(Self { pattern: pattern.to_owned(), small })
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.pattern
    }

    #[must_use]
    pub fn is_match(&self, text: &str) -> bool {
        self.small.is_match(text)
    }
}

/// `pattern` with `short` for `class`, unless its bracket is a mere character.
fn replaced(pattern: &str, class: &str, short: &str) -> String {
    let mut whole = String::with_capacity(pattern.len());
    for (number, part) in pattern.split(class).enumerate() {
        if number > 0 {
            whole.push_str(if whole.ends_with('\\') { class } else { short });
        }
        whole.push_str(part);
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_stand_within_classes() {
        for (pattern, text, matches) in [
            ("^[[A-Za-z0-9_].-]+@[a-z[0-9]]+$", "a.b-c@d9", true),
            ("^[[A-Za-z0-9_].-]+@[a-z[0-9]]+$", "a b@d9", false),
            ("^[a[^0-9]]$", "b", true),
            ("^[a[^0-9]]$", "1", false),
            (r"^\[0-9]$", "[0-9]", true),
            ("^[0-9]{2}$", "12", true),
        ] {
            assert_eq!(Regex::new(pattern).unwrap().is_match(text), matches, "{pattern}, {text}");
        }
        for pattern in ["(", "(?=a)"] {
            assert!(Regex::new(pattern).is_err(), "{pattern}");
        }
    }
}
