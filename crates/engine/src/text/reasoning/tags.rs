//! `<think>…</think>` and its relatives.

use memchr::{memchr_iter, memchr2};

use super::{LONGEST_SPACE, Piece, give_text};
use crate::text::{
    line::Line,
    marker::{Match, begins},
};

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

/// What tags begin with.
pub const STARTS: [char; 3] = ['<', '[', '◁'];

/// Where tags may begin, and what `Line` wants to see by itself: a backtick, a line end.
const MARKS: [u8; 5] = [b'<', b'[', "◁".as_bytes()[0], b'`', b'\n'];

/// An opening tag whose attributes take more bytes than this is none.
const LONGEST_ATTRIBUTES: usize = 200;

#[derive(Debug)]
pub struct Tags {
    place: Place,
    /// What may become a tag.
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
    /// At the start of the answer, or after a block. White space that belongs to neither is dropped; `space` is
    /// that at the start, which is the answer's own unless a tag follows.
    Between {
        space: String,
    },
    Text,
    Reasoning(Block),
}

/// The reasoning between an opening tag and the closing one.
#[derive(Debug)]
struct Block {
    tag: Tag,
    depth: usize,
    /// Something other than white space has come.
    begun: bool,
    /// White space that is not part of the reasoning if the closing tag follows. Kept apart, so that none of it
    /// is looked at twice.
    space: String,
    /// What was given since a tag inside the block was closed.
    after_inner: Option<String>,
}

impl Default for Tags {
    fn default() -> Self {
        Self {
            place: Place::Between { space: String::new() },
            held: String::new(),
            untagged: true,
            given: false,
            line: Line::default(),
        }
    }
}

impl Tags {
    /// For the rest of an answer in which blocks of another kind have come: no closing tag is a lone one.
    pub fn within_text() -> Self {
        Self { place: Place::Text, untagged: false, ..Self::default() }
    }

    pub fn pass_over(&mut self, text: &str) -> bool {
        let can = matches!(self.place, Place::Text) && self.held.is_empty();
        if can {
            self.line.pass_all(text);
            self.given |= !text.is_empty();
        }
        can
    }

    pub fn push(&mut self, text: &str, out: &mut dyn FnMut(Piece<'_>)) {
        if self.held.is_empty() {
            let rest = self.read(text, out);
            self.held.push_str(rest);
        } else {
            self.held.push_str(text);
            let held = std::mem::take(&mut self.held);
            let rest = self.read(&held, out);
            rest.clone_into(&mut self.held);
        }
    }

    pub fn finish(&mut self, out: &mut dyn FnMut(Piece<'_>)) {
        let held = std::mem::take(&mut self.held);
        match &mut self.place {
            Place::Between { space } => give_text(&(std::mem::take(space) + &held), out),
            // It waited for what follows it, and nothing does.
            Place::Text if TAGS.iter().any(|tag| tag.close == held) => out(Piece::TextWasReasoning),
            Place::Text => give_text(&held, out),
            Place::Reasoning(block) => {
                block.give(&held, out);
                if let Some(text) = block.after_inner.take().filter(|text| !text.is_empty()) {
                    out(Piece::ReasoningWasText(&text));
                }
            }
        }
    }

    /// The text that was held back, unless it stands in a block.
    pub fn release(&mut self) -> Option<String> {
        match &mut self.place {
            Place::Between { space } => Some(std::mem::take(space) + &std::mem::take(&mut self.held)),
            Place::Text => Some(std::mem::take(&mut self.held)),
            Place::Reasoning(_) => None,
        }
    }

    /// Gives what can be decided, and returns the rest.
    fn read<'a>(&mut self, mut text: &'a str, out: &mut dyn FnMut(Piece<'_>)) -> &'a str {
        while !text.is_empty() {
            let left = text.len();
            text = match self.place {
                Place::Between { .. } => self.read_between(text, out),
                Place::Text => self.read_text(text, out),
                Place::Reasoning(_) => self.read_reasoning(text, out),
            };
            if text.len() == left {
                break;
            }
        }
        text
    }

    fn read_between<'a>(&mut self, text: &'a str, out: &mut dyn FnMut(Piece<'_>)) -> &'a str {
        let Place::Between { space } = &mut self.place else { return text };
        let start = text.trim_start();
        if self.untagged {
            space.push_str(&text[..text.len() - start.len()]);
        }
        if space.len() <= LONGEST_SPACE {
            if start.is_empty() {
                return start;
            }
            for tag in TAGS {
                match opens(tag, start) {
                    Match::Yes(length) => return self.open(tag, &start[length..]),
                    Match::MayBe => return start,
                    Match::No => {}
                }
            }
        }
        let space = std::mem::take(space);
        self.place = Place::Text;
        if space.is_empty() {
            return self.read_text(start, out);
        }
        let left = self.read_text(&(space + start), out).len();
        &start[start.len() - left..]
    }

    fn read_text<'a>(&mut self, text: &'a str, out: &mut dyn FnMut(Piece<'_>)) -> &'a str {
        let mut at = 0;
        let mut line = self.line;
        while let Some(found) = text.as_bytes()[at..].iter().position(|byte| MARKS.contains(byte)) {
            line.pass(&text.as_bytes()[at..at + found]);
            at += found;
            let rest = &text[at..];
            if !rest.starts_with(['`', '\n']) {
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
            let length = rest.chars().next().map_or(1, char::len_utf8);
            line.pass(&rest.as_bytes()[..length]);
            at += length;
        }
        line.pass(&text.as_bytes()[at..]);
        self.line = line;
        self.give_text(text, out);
        ""
    }

    /// Whether `rest` begins with a tag that counts; with the tag if it opens.
    fn tag_in_text(&self, rest: &str, line: Line) -> (Match, Option<Tag>) {
        let mut may_be = false;
        for tag in TAGS {
            if line.blank && !line.is_quoted() {
                match opens(tag, rest) {
                    Match::Yes(length) => return (Match::Yes(length), Some(tag)),
                    Match::MayBe => may_be = true,
                    Match::No => {}
                }
            }
            if self.untagged && !line.is_code() && !line.opens_quotes() {
                match closes_alone(tag, rest, line) {
                    Match::Yes(length) => return (Match::Yes(length), None),
                    Match::MayBe => may_be = true,
                    Match::No => {}
                }
            }
        }
        (if may_be { Match::MayBe } else { Match::No }, None)
    }

    fn read_reasoning<'a>(&mut self, text: &'a str, out: &mut dyn FnMut(Piece<'_>)) -> &'a str {
        let Place::Reasoning(block) = &mut self.place else { return text };
        let first = block.tag.open.as_bytes()[0];
        for at in memchr_iter(first, text.as_bytes()) {
            let rest = &text[at..];
            match (begins(block.tag.close, rest), opens(block.tag, rest)) {
                (Match::Yes(length), _) if block.depth == 1 => {
                    block.give(&text[..at], out);
                    return self.close(&rest[length..]);
                }
                (Match::Yes(length), _) => {
                    block.depth -= 1;
                    block.give(&text[..at + length], out);
                    block.after_inner = Some(String::new());
                    return &rest[length..];
                }
                (_, Match::Yes(length)) => {
                    block.depth += 1;
                    block.give(&text[..at + length], out);
                    return &rest[length..];
                }
                (Match::MayBe, _) | (_, Match::MayBe) => {
                    block.give(&text[..at], out);
                    return rest;
                }
                (Match::No, Match::No) => {}
            }
        }
        block.give(text, out);
        ""
    }

    fn give_text(&mut self, text: &str, out: &mut dyn FnMut(Piece<'_>)) {
        self.given |= !text.is_empty();
        give_text(text, out);
    }

    fn open<'a>(&mut self, tag: Tag, rest: &'a str) -> &'a str {
        self.untagged = false;
        self.place =
            Place::Reasoning(Block { tag, depth: 1, begun: false, space: String::new(), after_inner: None });
        rest
    }

    fn close<'a>(&mut self, rest: &'a str) -> &'a str {
        self.untagged = false;
        self.line = Line::default();
        self.place = Place::Between { space: String::new() };
        rest
    }
}

impl Block {
    /// Gives `text`, but for the white space at its end.
    fn give(&mut self, text: &str, out: &mut dyn FnMut(Piece<'_>)) {
        let text = if self.begun { text } else { text.trim_start() };
        let (known, space) = text.split_at(text.trim_end().len());
        if !known.is_empty() {
            self.begun = true;
            self.space.push_str(known);
            self.give_space(out);
        }
        for character in space.chars() {
            if self.space.len() >= LONGEST_SPACE {
                self.give_space(out);
            }
            self.space.push(character);
        }
    }

    /// Gives the white space that turned out to be part of the reasoning, with what came after it.
    fn give_space(&mut self, out: &mut dyn FnMut(Piece<'_>)) {
        if let Some(after) = &mut self.after_inner {
            after.push_str(&self.space);
        }
        out(Piece::Reasoning(&self.space));
        self.space.clear();
    }
}

fn opens(tag: Tag, text: &str) -> Match {
    match begins(tag.open, text) {
        Match::Yes(length) if !tag.exact => {
            let rest = &text[length..];
            match rest.bytes().next() {
                None => Match::MayBe,
                Some(b'>') => Match::Yes(length + 1),
                Some(b' ' | b'\n' | b'\t') => {
                    let attributes = &rest.as_bytes()[..rest.len().min(LONGEST_ATTRIBUTES)];
                    match memchr2(b'<', b'>', attributes) {
                        Some(end) if attributes[end] == b'>' => Match::Yes(length + end + 1),
                        None if attributes.len() < LONGEST_ATTRIBUTES => Match::MayBe,
                        _ => Match::No,
                    }
                }
                Some(_) => Match::No,
            }
        }
        other => other,
    }
}

/// Whether a closing tag that nothing opened begins here: between two spaces, a sentence only speaks of it.
fn closes_alone(tag: Tag, text: &str, line: Line) -> Match {
    match begins(tag.close, text) {
        Match::Yes(length) if matches!(line.last, b' ' | b'\t') => match text.as_bytes().get(length) {
            Some(b' ' | b'\t') => Match::No,
            Some(_) => Match::Yes(length),
            None => Match::MayBe,
        },
        other => other,
    }
}
