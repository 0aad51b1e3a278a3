//! Where a block of markup ends, found while it streams: no byte is looked at twice.

use super::brackets::Brackets;
use crate::text::marker::{Match, begins};

pub type Markers = &'static [&'static str];

/// How the end of a syntax's blocks is found.
#[derive(Debug, Clone, Copy)]
pub enum Extent {
    /// By the brackets of JSON or of a Python call.
    Value,
    /// By a closing tag, outside of the values that other tags enclose.
    Elements(&'static Elements),
}

/// The tags of a syntax in the manner of XML.
#[derive(Debug)]
pub struct Elements {
    /// What the tag before a value begins with, and what follows the value.
    pub values: Option<(&'static str, &'static str)>,
    /// What ends the block, and belongs to it.
    pub closes: &'static str,
    /// What ends the block if that was forgotten.
    pub stops: Markers,
}

/// What has been found of a block's end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scan {
    /// The block ends after so many bytes.
    End(usize),
    /// So many bytes belong to the block; the others may be the beginning of a marker.
    More(usize),
}

#[derive(Debug)]
pub enum Scanner {
    Value(ValueScanner),
    Elements(ElementsScanner),
}

impl Scanner {
    /// `stops` end a value whose brackets are not all closed, `closes` perhaps even in a string; for sure where
    /// `strings_end`.
    pub fn new(extent: Extent, stops: Markers, closes: Markers, strings_end: bool) -> Self {
        match extent {
            Extent::Value => Self::Value(ValueScanner {
                brackets: Brackets::default(),
                stops,
                closes,
                line_blank: false,
                strings_end,
                quoted_close: None,
                length: 0,
            }),
            Extent::Elements(tags) => {
                Self::Elements(ElementsScanner { tags, in_value: false, line_blank: false })
            }
        }
    }

    pub fn scan(&mut self, text: &str) -> Scan {
        match self {
            Self::Value(value) => value.scan(text),
            Self::Elements(elements) => elements.scan(text),
        }
    }
}

#[derive(Debug)]
pub struct ValueScanner {
    brackets: Brackets,
    stops: Markers,
    closes: Markers,
    /// Only white space since the last line end.
    line_blank: bool,
    strings_end: bool,
    /// Where the first closing tag stands that a string holds.
    quoted_close: Option<usize>,
    /// How much was scanned.
    length: usize,
}

impl ValueScanner {
    fn scan(&mut self, text: &str) -> Scan {
        for (at, byte) in text.bytes().enumerate() {
            if matches!(byte, b'<' | b'[' | b'`') {
                match self.stop(&text[at..]) {
                    Stop::Here => return Scan::End(at),
                    Stop::Quoted => self.quoted_close = self.quoted_close.or(Some(self.length + at)),
                    Stop::MayBe => {
                        self.length += at;
                        return Scan::More(at);
                    }
                    Stop::No => {}
                }
            }
            if self.brackets.pass(byte) {
                return Scan::End(at + 1);
            }
            self.line_blank = byte == b'\n' || (self.line_blank && byte.is_ascii_whitespace());
        }
        self.length += text.len();
        Scan::More(text.len())
    }

    /// Whether a marker ends the value here, although brackets of it are open.
    fn stop(&self, text: &str) -> Stop {
        let in_string = self.brackets.is_in_string();
        match any_begins(if in_string { self.closes } else { self.stops }, text) {
            Match::No => Stop::No,
            Match::MayBe => Stop::MayBe,
            Match::Yes(_) if !in_string => Stop::Here,
            Match::Yes(_) if text.starts_with('`') => Stop::Quoted,
            Match::Yes(_) if self.strings_end || self.line_blank => Stop::Here,
            // JSON has no line ends in strings: beside one the closing quote is missing.
            Match::Yes(length) => match text.as_bytes().get(length) {
                None => Stop::MayBe,
                Some(b'\n') => Stop::Here,
                Some(_) => Stop::Quoted,
            },
        }
    }

    /// How much of what was scanned is the value, if a string without an end has swallowed its closing tag.
    /// `held` comes after it.
    pub fn lost_end(&self, held: &str) -> Option<usize> {
        let is_held = matches!(any_begins(self.closes, held), Match::Yes(_));
        let end = self.quoted_close.or(is_held.then_some(self.length));
        end.filter(|_| self.brackets.is_in_string())
    }
}

enum Stop {
    Here,
    /// A string holds it.
    Quoted,
    MayBe,
    No,
}

#[derive(Debug)]
pub struct ElementsScanner {
    tags: &'static Elements,
    in_value: bool,
    /// Only white space since the last line end.
    line_blank: bool,
}

impl ElementsScanner {
    fn scan(&mut self, text: &str) -> Scan {
        for (at, byte) in text.bytes().enumerate() {
            if matches!(byte, b'<' | b'`') {
                let rest = &text[at..];
                let tags = self.tags;
                let (opens, closes) = tags.values.map_or((Match::No, Match::No), |(opens, closes)| {
                    (begins(opens, rest), begins(closes, rest))
                });
                let found = [closes, opens, begins(tags.closes, rest), any_begins(tags.stops, rest)];
                if found.contains(&Match::MayBe) {
                    return Scan::More(at);
                }
                let is_inside = self.in_value && !self.line_blank;
                match found {
                    [Match::Yes(_), ..] => self.in_value = false,
                    [_, Match::Yes(_), ..] if !is_inside => self.in_value = true,
                    [_, _, Match::Yes(length), _] if !is_inside => return Scan::End(at + length),
                    [_, _, _, Match::Yes(_)] if !is_inside => return Scan::End(at),
                    _ => {}
                }
            }
            self.line_blank = byte == b'\n' || (self.line_blank && byte.is_ascii_whitespace());
        }
        Scan::More(text.len())
    }
}

/// Whether `text` begins with one of `markers`.
pub fn any_begins(markers: &[&str], text: &str) -> Match {
    let mut may_be = false;
    for marker in markers {
        match begins(marker, text) {
            Match::Yes(length) => return Match::Yes(length),
            Match::MayBe => may_be = true,
            Match::No => {}
        }
    }
    if may_be { Match::MayBe } else { Match::No }
}
