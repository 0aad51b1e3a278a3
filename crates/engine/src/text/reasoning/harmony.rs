//! Harmony, the markup of gpt-oss, where a server leaves it in the text:
//! `<|channel|>analysis<|message|>…<|end|><|start|>assistant<|channel|>final<|message|>…<|return|>`.
//! <https://cookbook.openai.com/articles/openai-harmony>

use super::{LONGEST_SPACE, Piece, tags::Tags};
use crate::text::marker::Match;

/// What an answer in Harmony begins with.
pub(super) const OPENINGS: [&str; 2] = ["<|channel|>", "<|start|>"];

const MESSAGE: &str = "<|message|>";
const CALL: &str = "<|call|>";

/// What ends a message, or the message's absence of an end.
const ENDINGS: [&str; 5] = ["<|end|>", "<|return|>", CALL, OPENINGS[0], OPENINGS[1]];

/// The header of an answer's message begins like one of these…
const ROLE: &str = "<|start|>assistant";
const CHANNELS: [&str; 3] = ["<|channel|>analysis", "<|channel|>commentary", "<|channel|>final"];

/// … and goes on like one of these.
const CONTINUATIONS: [&str; 3] = [MESSAGE, " to=", " <|constrain|>"];

/// What takes more bytes than this, its `<|message|>` included, is no header.
const LONGEST_HEADER: usize = 200;

#[derive(Debug, Default)]
pub struct Harmony {
    place: Place,
    /// A header has come: this is Harmony, not a text that speaks of it.
    begun: bool,
    /// The white space before a header: text, if there is no header after all. Kept apart, so that none of it is
    /// looked at twice.
    space: String,
    /// What may become a header or a marker.
    held: String,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Place {
    /// Before `<|message|>`.
    #[default]
    Header,
    Text,
    Reasoning,
    /// A tool call, which nobody reads here: it stays in the text as it is.
    Call,
}

impl Harmony {
    /// Returns what takes over, with the text from there on, where a header should be and is none.
    pub fn push(&mut self, text: &str, out: &mut dyn FnMut(Piece<'_>)) -> Option<Tags> {
        self.held.push_str(text);
        let held = std::mem::take(&mut self.held);
        let mut rest = held.as_str();
        loop {
            if self.place == Place::Header {
                let start = rest.trim_start();
                self.space.push_str(&rest[..rest.len() - start.len()]);
                rest = start;
                if self.space.len() > LONGEST_SPACE {
                    return Some(self.take_over(rest, out));
                }
                let end = match end_of_header(rest) {
                    Match::Yes(end) => end,
                    Match::MayBe => break,
                    Match::No => return Some(self.take_over(rest, out)),
                };
                let (header, body) = rest.split_at(end);
                self.place = place_of(header);
                self.begun = true;
                self.space.clear();
                if self.place == Place::Call {
                    out(Piece::Text(header));
                }
                rest = body;
            }
            let Some(at) = rest.find("<|") else {
                let end = rest.len() - usize::from(rest.ends_with('<'));
                self.give(&rest[..end], out);
                rest = &rest[end..];
                break;
            };
            self.give(&rest[..at], out);
            rest = &rest[at..];
            if let Some(ending) = ENDINGS.iter().find(|ending| rest.starts_with(**ending)) {
                if self.place == Place::Call && *ending == CALL {
                    out(Piece::Text(CALL));
                }
                self.place = Place::Header;
                if !OPENINGS.contains(ending) {
                    rest = &rest[ending.len()..];
                }
            } else if ENDINGS.iter().any(|ending| ending.starts_with(rest)) {
                break;
            } else {
                self.give("<|", out);
                rest = &rest[2..];
            }
        }
        rest.clone_into(&mut self.held);
        None
    }

    pub fn finish(&mut self, out: &mut dyn FnMut(Piece<'_>)) {
        let held = std::mem::take(&mut self.held);
        match self.place {
            // A header that was cut off says nothing to a reader; anything else is text.
            Place::Header if held.is_empty() || is_cut_header(&held) => {}
            Place::Header => self.take_over(&held, out).finish(out),
            _ => self.give(&held, out),
        }
    }

    /// The text that was held back, unless this is Harmony for sure.
    pub fn release(&mut self) -> Option<String> {
        (!self.begun).then(|| std::mem::take(&mut self.space) + &std::mem::take(&mut self.held))
    }

    /// What reads the rest of an answer that is not Harmony, or no longer.
    fn take_over(&mut self, text: &str, out: &mut dyn FnMut(Piece<'_>)) -> Tags {
        let mut tags = if self.begun { Tags::within_text() } else { Tags::default() };
        tags.push(&(std::mem::take(&mut self.space) + text), out);
        tags
    }

    fn give(&self, text: &str, out: &mut dyn FnMut(Piece<'_>)) {
        if text.is_empty() {
            return;
        }
        match self.place {
            Place::Reasoning => out(Piece::Reasoning(text)),
            Place::Text | Place::Call | Place::Header => out(Piece::Text(text)),
        }
    }
}

fn end_of_header(text: &str) -> Match {
    match text.find(MESSAGE).map(|at| at + MESSAGE.len()) {
        Some(end) if end <= LONGEST_HEADER && !text[..end].contains('\n') => Match::Yes(end),
        None if text.len() < LONGEST_HEADER && !text.contains('\n') => Match::MayBe,
        _ => Match::No,
    }
}

/// Whether a header can begin like this.
fn is_cut_header(text: &str) -> bool {
    let goes_on =
        |rest: &str| CONTINUATIONS.iter().any(|next| next.starts_with(rest) || rest.starts_with(next));
    let channel = text.strip_prefix(ROLE).unwrap_or(text);
    ROLE.starts_with(text)
        || goes_on(channel)
        || CHANNELS
            .iter()
            .any(|known| known.starts_with(channel) || channel.strip_prefix(known).is_some_and(goes_on))
}

fn place_of(header: &str) -> Place {
    let channel = header.split_once(OPENINGS[0]).map_or("final", |(_, channel)| channel);
    if header.contains(" to=") {
        Place::Call
    } else if channel.trim_start().starts_with("analysis") {
        Place::Reasoning
    } else {
        Place::Text
    }
}
