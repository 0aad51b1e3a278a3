//! Harmony, the markup of gpt-oss, where a server leaves it in the text:
//! `<|channel|>analysis<|message|>…<|end|><|start|>assistant<|channel|>final<|message|>…<|return|>`.
//! <https://cookbook.openai.com/articles/openai-harmony>

use super::Piece;

/// What an answer in Harmony begins with.
pub(super) const OPENINGS: [&str; 2] = ["<|channel|>", "<|start|>"];

const MESSAGE: &str = "<|message|>";
const CALL: &str = "<|call|>";

/// What ends a message, or the message's absence of an end.
const ENDINGS: [&str; 5] = ["<|end|>", "<|return|>", CALL, OPENINGS[0], OPENINGS[1]];

#[derive(Debug, Default)]
pub struct Harmony {
    place: Place,
    /// A header, or what may become a marker.
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
    pub fn push(&mut self, text: &str, out: &mut dyn FnMut(Piece<'_>)) {
        self.held.push_str(text);
        let held = std::mem::take(&mut self.held);
        let mut rest = held.as_str();
        loop {
            if self.place == Place::Header {
                let Some(at) = rest.find(MESSAGE) else { break };
                let (header, body) = rest.split_at(at + MESSAGE.len());
                self.place = place_of(header);
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
    }

    pub fn finish(&mut self, out: &mut dyn FnMut(Piece<'_>)) {
        let held = std::mem::take(&mut self.held);
        match self.place {
            // A header that was cut off says nothing to a reader; anything else is text that came after the end.
            Place::Header if OPENINGS.iter().any(|opening| held.starts_with(opening)) => {}
            Place::Header if held.trim().is_empty() => {}
            Place::Header => out(Piece::Text(&held)),
            _ => self.give(&held, out),
        }
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
