//! `<think>…</think>` and its relatives.

use memchr::{memchr_iter, memchr3};

use super::Piece;

/// A kind of tag: how it opens (`>` or attributes follow where it ends without one) and how it closes.
#[derive(Debug, Clone, Copy)]
struct Tag {
    open: &'static str,
    close: &'static str,
    /// Special tokens of a model: no text speaks of them by chance, and they have no attributes.
    exact: bool,
}

const TAGS: [Tag; 7] = [
    Tag { open: "<think", close: "</think>", exact: false },
    Tag { open: "<thinking", close: "</thinking>", exact: false },
    Tag { open: "<thought", close: "</thought>", exact: false },
    Tag { open: "<seed:think", close: "</seed:think>", exact: false },
    Tag { open: "[THINK]", close: "[/THINK]", exact: true },
    Tag { open: "◁think▷", close: "◁/think▷", exact: true },
    Tag { open: "<|START_THINKING|>", close: "<|END_THINKING|>", exact: true },
];

/// An opening tag with more attributes than this is none.
const LONGEST_OPENING: usize = 200;

#[derive(Debug)]
pub struct Tags {
    place: Place,
    /// White space, or what may become a tag.
    held: String,
    /// No tag has come so far, so a closing one would be a lone one.
    untagged: bool,
    /// Text was given already.
    given: bool,
    /// How the text stands at the end of what was given.
    line: Line,
}

#[derive(Debug)]
enum Place {
    /// At the start of the answer, or after a block: white space that belongs to neither is dropped.
    Between {
        first: bool,
    },
    Text,
    Reasoning {
        tag: Tag,
        depth: usize,
        begun: bool,
        after_inner: Option<String>,
    },
}

/// What is needed to know whether a tag in the text is only spoken of.
#[derive(Debug, Clone, Copy)]
struct Line {
    /// Only white space since the last line end.
    blank: bool,
    /// Inside fenced code.
    fenced: bool,
    /// Inside `inline code`.
    code: bool,
    ticks: u8,
    last: u8,
}

enum Match {
    Yes(usize),
    /// Not enough text to know.
    MayBe,
    No,
}

impl Default for Tags {
    fn default() -> Self {
        let line = Line { blank: true, fenced: false, code: false, ticks: 0, last: b'\n' };
        Self {
            place: Place::Between { first: true },
            held: String::new(),
            untagged: true,
            given: false,
            line,
        }
    }
}

impl Tags {
    pub fn push(&mut self, text: &str, out: &mut dyn FnMut(Piece<'_>)) {
        if self.held.is_empty() {
            let rest = self.read(text, out);
            self.held.push_str(rest);
        } else {
            self.held.push_str(text);
            let held = std::mem::take(&mut self.held);
            let rest = self.read(&held, out);
            self.held = rest.to_owned();
        }
    }

    pub fn finish(&mut self, out: &mut dyn FnMut(Piece<'_>)) {
        let held = std::mem::take(&mut self.held);
        match &mut self.place {
            Place::Between { first: false } if held.trim().is_empty() => {}
            Place::Between { .. } | Place::Text => give_text(&held, out),
            Place::Reasoning { begun, after_inner, .. } => {
                give_reasoning(held.trim_end(), begun, after_inner, out);
                if let Some(text) = after_inner.take().filter(|text| !text.is_empty()) {
                    out(Piece::ReasoningWasText(&text));
                }
            }
        }
    }

    /// Gives what can be decided, and returns the rest.
    fn read<'a>(&mut self, mut text: &'a str, out: &mut dyn FnMut(Piece<'_>)) -> &'a str {
        while !text.is_empty() {
            let left = text.len();
            text = match self.place {
                Place::Between { .. } => self.read_between(text, out),
                Place::Text => self.read_text(text, out),
                Place::Reasoning { .. } => self.read_reasoning(text, out),
            };
            if text.len() == left {
                break;
            }
        }
        text
    }

    fn read_between<'a>(&mut self, text: &'a str, out: &mut dyn FnMut(Piece<'_>)) -> &'a str {
        let start = text.trim_start();
        if start.is_empty() {
            return text;
        }
        for tag in TAGS {
            match opens(tag, start) {
                Match::Yes(length) => return self.open(tag, &start[length..]),
                Match::MayBe => return text,
                Match::No => {}
            }
        }
        let Place::Between { first } = std::mem::replace(&mut self.place, Place::Text) else { return text };
        // At the start of an answer without a tag, the white space is the answer's own.
        self.read_text(if first { text } else { start }, out)
    }

    fn read_text<'a>(&mut self, text: &'a str, out: &mut dyn FnMut(Piece<'_>)) -> &'a str {
        let mut at = 0;
        let mut line = self.line;
        while let Some(found) = memchr3(b'<', b'`', b'\n', &text.as_bytes()[at..]) {
            line.pass(&text.as_bytes()[at..at + found]);
            at += found;
            let rest = &text[at..];
            if rest.starts_with('<') {
                match self.tag_in_text(rest, line) {
                    (Match::Yes(length), Some(tag)) => {
                        self.give_text(&text[..at], out);
                        self.line = line;
                        return self.open(tag, &rest[length..]);
                    }
                    (Match::Yes(length), None) => {
                        let before = &text[..at];
                        if self.given {
                            give_text(before, out);
                            out(Piece::TextWasReasoning);
                        } else if !before.trim().is_empty() {
                            out(Piece::Reasoning(before.trim()));
                        }
                        return self.close(&rest[length..]);
                    }
                    (Match::MayBe, _) => {
                        self.give_text(&text[..at], out);
                        self.line = line;
                        return rest;
                    }
                    (Match::No, _) => {}
                }
            }
            line.pass(&rest.as_bytes()[..1]);
            at += 1;
        }
        line.pass(&text.as_bytes()[at..]);
        self.line = line;
        self.give_text(text, out);
        ""
    }

    /// Whether `rest` begins with a tag that counts; with the tag if it opens.
    fn tag_in_text(&self, rest: &str, line: Line) -> (Match, Option<Tag>) {
        if line.is_quoted() {
            return (Match::No, None);
        }
        let mut may_be = false;
        for tag in TAGS {
            if line.blank {
                match opens(tag, rest) {
                    Match::Yes(length) => return (Match::Yes(length), Some(tag)),
                    Match::MayBe => may_be = true,
                    Match::No => {}
                }
            }
            if self.untagged {
                match begins(tag.close, rest) {
                    Match::Yes(length) => return (Match::Yes(length), None),
                    Match::MayBe => may_be = true,
                    Match::No => {}
                }
            }
        }
        (if may_be { Match::MayBe } else { Match::No }, None)
    }

    fn read_reasoning<'a>(&mut self, text: &'a str, out: &mut dyn FnMut(Piece<'_>)) -> &'a str {
        let Place::Reasoning { tag, depth, begun, after_inner } = &mut self.place else { return text };
        let first = tag.open.as_bytes()[0];
        for at in memchr_iter(first, text.as_bytes()) {
            let rest = &text[at..];
            if let Match::Yes(length) = begins(tag.close, rest) {
                let before = if *depth == 1 { text[..at].trim_end() } else { &text[..at] };
                give_reasoning(before, begun, after_inner, out);
                if *depth == 1 {
                    return self.close(&rest[length..]);
                }
                *depth -= 1;
                give_reasoning(&rest[..length], begun, after_inner, out);
                *after_inner = Some(String::new());
                return &rest[length..];
            }
            if let Match::Yes(length) = opens(*tag, rest) {
                *depth += 1;
                give_reasoning(&text[..at + length], begun, after_inner, out);
                return &rest[length..];
            }
            let may_be =
                matches!(begins(tag.close, rest), Match::MayBe) || matches!(opens(*tag, rest), Match::MayBe);
            if may_be {
                let known = text[..at].trim_end().len();
                give_reasoning(&text[..known], begun, after_inner, out);
                return &text[known..];
            }
        }
        // White space before the closing tag is not part of it; whether that tag follows is not known yet.
        let known = text.trim_end().len();
        give_reasoning(&text[..known], begun, after_inner, out);
        &text[known..]
    }

    fn give_text(&mut self, text: &str, out: &mut dyn FnMut(Piece<'_>)) {
        self.given |= !text.is_empty();
        give_text(text, out);
    }

    fn open<'a>(&mut self, tag: Tag, rest: &'a str) -> &'a str {
        self.untagged = false;
        self.place = Place::Reasoning { tag, depth: 1, begun: false, after_inner: None };
        rest
    }

    fn close<'a>(&mut self, rest: &'a str) -> &'a str {
        self.untagged = false;
        self.line = Line { blank: true, last: b'\n', ..self.line };
        self.place = Place::Between { first: false };
        rest
    }
}

fn give_text(text: &str, out: &mut dyn FnMut(Piece<'_>)) {
    if !text.is_empty() {
        out(Piece::Text(text));
    }
}

fn give_reasoning(
    text: &str,
    begun: &mut bool,
    after_inner: &mut Option<String>,
    out: &mut dyn FnMut(Piece<'_>),
) {
    let text = if *begun { text } else { text.trim_start() };
    if text.is_empty() {
        return;
    }
    *begun = true;
    if let Some(after) = after_inner {
        after.push_str(text);
    }
    out(Piece::Reasoning(text));
}

fn begins(tag: &str, text: &str) -> Match {
    if text.starts_with(tag) {
        Match::Yes(tag.len())
    } else if tag.starts_with(text) {
        Match::MayBe
    } else {
        Match::No
    }
}

fn opens(tag: Tag, text: &str) -> Match {
    match begins(tag.open, text) {
        Match::Yes(length) if !tag.exact => {
            let rest = &text[length..];
            match rest.bytes().next() {
                None => Match::MayBe,
                Some(b'>') => Match::Yes(length + 1),
                Some(b' ' | b'\n' | b'\t') => match rest.find(['>', '<']) {
                    Some(end) if rest.as_bytes()[end] == b'>' => Match::Yes(length + end + 1),
                    None if rest.len() < LONGEST_OPENING => Match::MayBe,
                    _ => Match::No,
                },
                Some(_) => Match::No,
            }
        }
        other => other,
    }
}

impl Line {
    /// Takes note of text that holds at most one backtick or line end, and that at its end.
    fn pass(&mut self, text: &[u8]) {
        let Some(&last) = text.last() else { return };
        match last {
            b'`' => {
                self.ticks = self.ticks.saturating_add(1);
                self.code = !self.code;
                if self.ticks == 3 {
                    self.fenced = !self.fenced;
                    self.code = false;
                }
                self.blank = false;
            }
            b'\n' => *self = Self { blank: true, code: false, ticks: 0, ..*self },
            _ => {
                self.ticks = 0;
                self.blank &= text.iter().all(u8::is_ascii_whitespace);
            }
        }
        self.last = last;
    }

    fn is_quoted(self) -> bool {
        self.fenced || self.code || matches!(self.last, b'`' | b'"' | b'\'')
    }
}
