//! Where a block of markup ends, found while it streams: no byte is looked at twice. And once more at the end of the
//! answer, where something was never closed.

use super::{
    brackets::Brackets,
    elements::{Elements, ElementsScanner, Pairing},
    syntax::{CLOSINGS, STOPS},
};
use crate::text::marker::{Match, begins};

pub type Markers = &'static [&'static str];

/// How the end of a syntax's blocks is found.
#[derive(Debug, Clone, Copy)]
pub enum Extent {
    /// By the brackets of JSON or of a Python call.
    Value,
    /// By what follows the last of several elements, or a JSON object in their place.
    Elements(&'static Elements),
    /// By the end of a fence, which belongs to the block.
    Fence,
}

pub const FENCE: &str = "```";

/// What has been found of a block's end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scan {
    /// The block ends after so many bytes.
    End(usize),
    /// So many bytes belong to the block; the others may be the beginning of a marker.
    More(usize),
    /// What follows after so many bytes shows that it is no block.
    No(usize),
    /// Another block begins after so many bytes, and this one ended before, without a closing tag.
    Lost(usize),
}

/// What an answer was found to leave open at its end. Whatever comes after that is not given the benefit of the doubt:
/// so each is found once in an answer, however often it happens.
#[derive(Debug, Clone, Copy, Default)]
pub struct Lapses {
    /// Brackets and quotes.
    values: bool,
    pairing: Pairing,
}

#[derive(Debug)]
pub struct Scanner {
    found: Scanned,
    closes: Markers,
    lapses: Lapses,
}

#[derive(Debug)]
enum Scanned {
    Value(ValueScanner),
    Elements(ElementsScanner),
    Fence,
}

impl Scanner {
    /// `closes` are the closing tags of the syntax.
    pub fn new(extent: Extent, closes: Markers, lapses: Lapses) -> Self {
        let found = match extent {
            Extent::Value => Scanned::Value(ValueScanner::new(closes, lapses.values, 0)),
            Extent::Elements(tags) => Scanned::Elements(ElementsScanner::new(tags, lapses.pairing)),
            Extent::Fence => Scanned::Fence,
        };
        Self { found, closes, lapses }
    }

    pub fn scan(&mut self, text: &str) -> Scan {
        match &mut self.found {
            Scanned::Value(value) => value.scan(text),
            Scanned::Elements(elements) => match elements.scan(text) {
                Scan::No(at) if text[at..].starts_with('{') => {
                    let mut value = ValueScanner::new(self.closes, self.lapses.values, elements.length());
                    let scan = value.scan(&text[at..]);
                    self.found = Scanned::Value(value);
                    match scan {
                        Scan::End(end) => Scan::End(at + end),
                        Scan::More(end) => Scan::More(at + end),
                        Scan::No(end) => Scan::No(at + end),
                        Scan::Lost(end) => Scan::Lost(at + end),
                    }
                }
                scan => scan,
            },
            Scanned::Fence => scan_fence(text),
        }
    }

    /// Where the block ends in `text`, its whole rest, if that is not the end of it; `cut` if more was to come.
    pub fn finish(&mut self, text: &str, cut: bool) -> Option<usize> {
        match &mut self.found {
            Scanned::Value(value) => {
                let end = value.lost_end(text, cut);
                self.lapses.values |= end.is_some();
                end
            }
            // What a value was to be that was cut off, nobody knows.
            Scanned::Elements(_) if cut => None,
            Scanned::Elements(elements) => {
                let end = elements.finish(text);
                self.lapses.pairing = elements.pairing();
                Some(end)
            }
            Scanned::Fence => None,
        }
    }

    pub fn lapses(&self) -> Lapses {
        self.lapses
    }
}

fn scan_fence(text: &str) -> Scan {
    for (at, _) in text.match_indices('`') {
        match begins(FENCE, &text[at..]) {
            Match::Yes(length) => return Scan::End(at + length),
            Match::MayBe => return Scan::More(at),
            Match::No => {}
        }
    }
    Scan::More(text.len())
}

/// Ends where the outermost bracket closes; at any marker outside of a string, whose brackets are then missing; and in
/// a string at a closing tag beside a line end, which JSON has none of in strings: the closing quote is missing.
#[derive(Debug)]
struct ValueScanner {
    brackets: Brackets,
    closes: Markers,
    /// Only white space since the last line end.
    line_blank: bool,
    /// Closing brackets right before, in a string.
    closing: usize,
    /// A bracket was the last thing to come outside of strings, and closed.
    closed: bool,
    /// What seems to be behind the end is known to be so.
    lapsed: bool,
    /// Where a string has first held what would end the value: then it has perhaps no end.
    end_in_string: Option<usize>,
    /// Where something has first followed a bracket that nothing within a value follows one with.
    end_in_value: Option<usize>,
    /// How much was scanned.
    length: usize,
}

impl ValueScanner {
    fn new(closes: Markers, lapsed: bool, length: usize) -> Self {
        Self {
            brackets: Brackets::default(),
            closes,
            line_blank: false,
            closing: 0,
            closed: false,
            lapsed,
            end_in_string: None,
            end_in_value: None,
            length,
        }
    }

    fn scan(&mut self, text: &str) -> Scan {
        for (at, byte) in text.bytes().enumerate() {
            if matches!(byte, b'<' | b'[' | b'`') {
                match self.stop(&text[at..]) {
                    Stop::Here if self.is_lost(&text[at..]) => {
                        self.length += at;
                        return Scan::Lost(at);
                    }
                    Stop::Here => return Scan::End(at),
                    Stop::Quoted => self.end_in_string = self.end_in_string.or(Some(self.length + at)),
                    Stop::MayBe => {
                        self.length += at;
                        return Scan::More(at);
                    }
                    Stop::No => {}
                }
            }
            if self.is_behind(byte) {
                let end = if self.brackets.is_in_string() {
                    &mut self.end_in_string
                } else {
                    &mut self.end_in_value
                };
                *end = end.or(Some(self.length + at));
                if self.lapsed {
                    return Scan::End(at);
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

    /// Whether `byte` seems to stand behind the value, a bracket or a quote of which is missing: where text follows a
    /// bracket, or where a line of a string ends with all the brackets that are open.
    fn is_behind(&mut self, byte: u8) -> bool {
        let is_bracket = matches!(byte, b'}' | b']' | b')');
        if self.brackets.is_in_string() {
            let depth = self.brackets.depth();
            let is_behind = byte == b'\n' && depth > 0 && self.closing >= depth;
            self.closing = if is_bracket { self.closing + 1 } else { 0 };
            return is_behind;
        }
        self.closing = 0;
        if byte.is_ascii_whitespace() {
            return false;
        }
        let goes_on = is_bracket || b",:;{[\"'".contains(&byte);
        std::mem::replace(&mut self.closed, is_bracket) && !goes_on
    }

    /// Whether a marker ends the value here, although brackets of it are open.
    fn stop(&self, text: &str) -> Stop {
        let in_string = self.brackets.is_in_string();
        match any_begins(if in_string { self.closes } else { &STOPS }, text) {
            Match::No => Stop::No,
            Match::MayBe => Stop::MayBe,
            Match::Yes(_) if !in_string => Stop::Here,
            Match::Yes(_) if text.starts_with('`') => Stop::Quoted,
            Match::Yes(_) if self.lapsed || self.line_blank => Stop::Here,
            Match::Yes(length) => match text.as_bytes().get(length) {
                None => Stop::MayBe,
                Some(b'\n') => Stop::Here,
                Some(_) => Stop::Quoted,
            },
        }
    }

    /// Whether what was behind the value, as it seems, was text between it and the next block, which begins here.
    fn is_lost(&self, next: &str) -> bool {
        self.end_in_value.is_some()
            && !self.brackets.is_in_string()
            && any_begins(&CLOSINGS, next) == Match::No
            && any_begins(self.closes, next) == Match::No
    }

    /// Where the value ends in `text`, which is all of it and what was not scanned, if a quote or a bracket is missing.
    fn lost_end(&self, text: &str, cut: bool) -> Option<usize> {
        let is_held = matches!(any_begins(self.closes, &text[self.length..]), Match::Yes(_));
        let end = if self.brackets.is_in_string() {
            // What is cut off within a string may have no more to it than that.
            self.end_in_string.or(is_held.then_some(self.length)).filter(|_| !cut)
        } else {
            self.end_in_value
        };
        end.filter(|_| !self.lapsed)
    }
}

enum Stop {
    Here,
    /// A string holds it.
    Quoted,
    MayBe,
    No,
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
