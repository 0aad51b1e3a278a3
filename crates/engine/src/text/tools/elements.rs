//! Values between tags, which may hold anything: the tags as well.

use std::ops::Range;

use super::{
    extent::{Markers, Scan, any_begins},
    syntax::CLOSINGS,
};
use crate::text::marker::{Match, begins};

/// Closing tags between two blocks, at most.
const MOST_CLOSINGS: usize = 2;

/// The tags of a syntax in the manner of XML.
#[derive(Debug)]
pub struct Elements {
    /// What an element begins with, and what follows its value.
    pub opens: Markers,
    pub closes: &'static str,
    /// What closes the block.
    pub ends: Markers,
    /// What begins the next block, if what closes this one was forgotten.
    pub next: Markers,
}

/// Which closing tag is that of a value. Each of them is tried where the one before finds none up to the end of the
/// answer, so that nothing is cut which has its closing tag.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Pairing {
    /// One that closes no other element within the value.
    #[default]
    Nested,
    /// Any that is followed by another element or by the end of the block.
    Flat,
    /// Any, for nothing closes the blocks; where there is none, any tag of the syntax.
    Unclosed,
}

#[derive(Debug, Clone, Copy)]
enum Place {
    /// Before the first element.
    Start,
    /// In a value, whose start this is, and in so many elements.
    Value { start: usize, depth: usize },
    /// After a closing tag, which is that of the value if another element or the end of the block follows.
    Closed { value: (usize, usize) },
}

#[derive(Debug)]
pub struct ElementsScanner {
    tags: &'static Elements,
    pairing: Pairing,
    place: Place,
    /// Of each element, what stands between what it begins with and its closing tag; and whether that was there.
    elements: Vec<(Range<usize>, bool)>,
    /// How much was scanned.
    length: usize,
}

impl ElementsScanner {
    pub fn new(tags: &'static Elements, pairing: Pairing) -> Self {
        Self { tags, pairing, place: Place::Start, elements: Vec::new(), length: 0 }
    }

    pub fn length(&self) -> usize {
        self.length
    }

    pub fn pairing(&self) -> Pairing {
        self.pairing
    }

    pub fn scan(&mut self, text: &str) -> Scan {
        let start = self.length;
        let mut at = 0;
        while at < text.len() {
            self.length = start + at;
            at += match self.step(&text[at..]) {
                Step::Pass(length) => length,
                Step::End => return Scan::End(at),
                Step::MayBe => return Scan::More(at),
                Step::No => return Scan::No(at),
            };
        }
        self.length = start + at;
        Scan::More(at)
    }

    /// What the beginning of `text` means where the scanner stands.
    fn step(&mut self, text: &str) -> Step {
        let here = self.length;
        if let Place::Value { start, depth } = self.place {
            return match text.find('<') {
                Some(0) => self.step_in_value(text, start, depth),
                tag => Step::Pass(tag.unwrap_or(text.len())),
            };
        }
        let start = text.trim_start();
        if start.len() < text.len() {
            return Step::Pass(text.len() - start.len());
        }
        // A block without elements must be closed to be one.
        let next = if matches!(self.place, Place::Start) { &[] } else { self.tags.next };
        let ends = [any_begins(self.tags.ends, text), any_begins(&CLOSINGS, text), any_begins(next, text)];
        match any_begins(self.tags.opens, text) {
            Match::Yes(length) => {
                self.close();
                self.place = Place::Value { start: here + length, depth: 1 };
                Step::Pass(length)
            }
            _ if ends.iter().any(|end| matches!(end, Match::Yes(_))) => {
                self.close();
                Step::End
            }
            opens if opens == Match::MayBe || ends.contains(&Match::MayBe) => Step::MayBe,
            _ => match self.place {
                Place::Closed { .. } if self.pairing == Pairing::Unclosed => {
                    self.close();
                    Step::End
                }
                Place::Closed { value: (start, _) } => {
                    self.place = Place::Value { start, depth: 1 };
                    Step::Pass(0)
                }
                Place::Start | Place::Value { .. } => Step::No,
            },
        }
    }

    fn step_in_value(&mut self, text: &str, start: usize, depth: usize) -> Step {
        let here = self.length;
        let Elements { opens, closes, ends, next } = self.tags;
        let (closed, opened) = (begins(closes, text), any_begins(opens, text));
        let others = match self.pairing {
            Pairing::Unclosed => {
                [any_begins(ends, text), any_begins(&CLOSINGS, text), any_begins(next, text)]
            }
            Pairing::Nested | Pairing::Flat => [Match::No; 3],
        };
        match (closed, opened) {
            (Match::Yes(length), _) => {
                self.place = if depth > 1 {
                    Place::Value { start, depth: depth - 1 }
                } else {
                    Place::Closed { value: (start, here) }
                };
                Step::Pass(length)
            }
            (_, Match::Yes(length)) => {
                match self.pairing {
                    Pairing::Nested => self.place = Place::Value { start, depth: depth + 1 },
                    Pairing::Flat => {}
                    Pairing::Unclosed => {
                        self.elements.push((start..here, false));
                        self.place = Place::Value { start: here + length, depth: 1 };
                    }
                }
                Step::Pass(length)
            }
            _ if others.iter().any(|other| matches!(other, Match::Yes(_))) => {
                self.elements.push((start..here, false));
                Step::End
            }
            _ if closed == Match::MayBe || opened == Match::MayBe || others.contains(&Match::MayBe) => {
                Step::MayBe
            }
            _ => Step::Pass(1),
        }
    }

    fn close(&mut self) {
        if let Place::Closed { value: (start, end) } = self.place {
            self.elements.push((start..end, true));
        }
    }

    /// Where a block ends in `value`, and right after it the next one begins: the closing tag that the pairing lacks is
    /// that of this block.
    fn end_before_next(&self, value: &str) -> Option<usize> {
        let tags = value.match_indices('<').map(|(at, _)| at);
        tags.into_iter().find(|at| {
            let Match::Yes(length) = any_begins(self.tags.ends, &value[*at..]) else { return false };
            let mut rest = value[at + length..].trim_start();
            for _ in 0..MOST_CLOSINGS {
                match any_begins(&CLOSINGS, rest) {
                    Match::Yes(length) => rest = rest[length..].trim_start(),
                    Match::MayBe | Match::No => break,
                }
            }
            matches!(any_begins(self.tags.next, rest), Match::Yes(_))
        })
    }

    /// Where the last closing tag stands that `value` holds before the next block, of those that follow it.
    fn last_closing(&self, value: &str) -> Option<usize> {
        let first = value.find(self.tags.closes)?;
        let next = self.tags.next.iter().filter_map(|next| value[first..].find(next)).min();
        value[..next.map_or(value.len(), |next| first + next)].rfind(self.tags.closes)
    }

    /// Where the block ends in `text`, all that there is.
    pub fn finish(&mut self, text: &str) -> usize {
        loop {
            let from = self.length;
            if let Scan::End(at) = self.scan(&text[from..]) {
                return from + at;
            }
            let Place::Value { start, .. } = self.place else {
                self.close();
                return self.length;
            };
            match self.pairing {
                Pairing::Nested => {
                    self.pairing = Pairing::Flat;
                    if let Some(length) = self.end_before_next(&text[start..]) {
                        self.elements.push((start..start + length, false));
                        return start + length;
                    }
                }
                Pairing::Flat => {
                    self.pairing = Pairing::Unclosed;
                    if let Some(length) = self.last_closing(&text[start..]) {
                        self.elements.push((start..start + length, true));
                        return start + length + self.tags.closes.len();
                    }
                }
                Pairing::Unclosed => {
                    self.elements.push((start..self.length, false));
                    return self.length;
                }
            }
            self.place = Place::Value { start, depth: 1 };
            self.length = start;
        }
    }
}

enum Step {
    /// So many bytes are dealt with.
    Pass(usize),
    /// The block ends here.
    End,
    MayBe,
    No,
}

/// The elements of a whole block; of each, what follows what it begins with, and whether it was closed.
pub fn elements<'a>(tags: &'static Elements, block: &'a str) -> Vec<(&'a str, bool)> {
    let mut scanner = ElementsScanner::new(tags, Pairing::default());
    scanner.finish(block);
    scanner.elements.into_iter().map(|(range, is_closed)| (&block[range], is_closed)).collect()
}
