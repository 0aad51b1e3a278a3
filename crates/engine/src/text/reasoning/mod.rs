//! Reasoning inside the text: `<think>…</think>` and its relatives, and Harmony channels.

mod harmony;
mod tags;

use harmony::Harmony;
use tags::Tags;

/// A part of the text, told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece<'a> {
    Text(&'a str),
    Reasoning(&'a str),
    /// All text given so far was reasoning: a closing tag came that nothing had opened. (The template had
    /// opened it in the prompt.)
    TextWasReasoning,
    /// The end of the reasoning given so far was text after all: a tag inside it was never closed.
    ReasoningWasText(&'a str),
}

/// Tells reasoning and text apart while they stream.
///
/// An opening tag counts at the start of the answer or of a line, outside of fenced code: elsewhere a text only
/// speaks of it.
#[derive(Debug)]
pub enum ReasoningSplitter {
    /// Nothing but white space has come, and perhaps the beginning of a tag.
    Undecided(String),
    Tags(Tags),
    Harmony(Harmony),
}

impl Default for ReasoningSplitter {
    fn default() -> Self {
        Self::Undecided(String::new())
    }
}

impl ReasoningSplitter {
    pub fn push(&mut self, text: &str, out: &mut dyn FnMut(Piece<'_>)) {
        match self {
            Self::Undecided(held) => {
                held.push_str(text);
                let decided = match Opening::of(held.trim_start()) {
                    Opening::MayBe => return,
                    Opening::Harmony => Self::Harmony(Harmony::default()),
                    Opening::None => Self::Tags(Tags::default()),
                };
                let held = std::mem::take(held);
                *self = decided;
                self.push(&held, out);
            }
            Self::Tags(tags) => tags.push(text, out),
            Self::Harmony(harmony) => harmony.push(text, out),
        }
    }

    /// Gives what was held back in case it would become a tag.
    pub fn finish(&mut self, out: &mut dyn FnMut(Piece<'_>)) {
        match self {
            Self::Undecided(held) if held.is_empty() => {}
            Self::Undecided(held) => out(Piece::Text(held)),
            Self::Tags(tags) => tags.finish(out),
            Self::Harmony(harmony) => harmony.finish(out),
        }
    }
}

enum Opening {
    MayBe,
    Harmony,
    None,
}

impl Opening {
    fn of(start: &str) -> Self {
        if harmony::OPENINGS.iter().any(|opening| start.starts_with(opening)) {
            Self::Harmony
        } else if harmony::OPENINGS.iter().any(|opening| opening.starts_with(start)) {
            // Empty, too: white space before the answer belongs to whatever comes.
            Self::MayBe
        } else {
            Self::None
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What comes out as (text, reasoning), after the corrections.
    fn split(pieces: &[&str]) -> (String, String) {
        let (mut text, mut reasoning) = (String::new(), String::new());
        let mut splitter = ReasoningSplitter::default();
        let mut out = |piece: Piece<'_>| match piece {
            Piece::Text(piece) => text.push_str(piece),
            Piece::Reasoning(piece) => reasoning.push_str(piece),
            Piece::TextWasReasoning => reasoning.push_str(std::mem::take(&mut text).trim()),
            Piece::ReasoningWasText(piece) => {
                reasoning.truncate(reasoning.len() - piece.len());
                text.push_str(piece);
            }
        };
        for piece in pieces {
            splitter.push(piece, &mut out);
        }
        splitter.finish(&mut out);
        (text, reasoning)
    }

    /// The same, cut in two anywhere and character by character.
    fn split_everywhere(whole: &str) -> (String, String) {
        let expected = split(&[whole]);
        for (cut, _) in whole.char_indices() {
            assert_eq!(split(&[&whole[..cut], &whole[cut..]]), expected, "cut at {cut} of {whole:?}");
        }
        let characters: Vec<String> = whole.chars().map(String::from).collect();
        let characters: Vec<&str> = characters.iter().map(String::as_str).collect();
        assert_eq!(split(&characters), expected, "each character of {whole:?}");
        expected
    }

    fn assert_split(whole: &str, text: &str, reasoning: &str) {
        assert_eq!(split_everywhere(whole), (text.into(), reasoning.into()), "{whole:?}");
    }

    #[test]
    fn what_stands_between_the_tags_is_reasoning_without_the_white_space_around_it() {
        assert_split("<think>\nLet me count.\n</think>\n\nFour.", "Four.", "Let me count.");
        assert_split("\n<think>a\n\nb</think>c", "c", "a\n\nb");
        assert_split("<think></think>c", "c", "");
    }

    #[test]
    fn the_relatives_of_think_count_too() {
        for (open, close) in [
            ("<thinking>", "</thinking>"),
            ("<thought>", "</thought>"),
            ("<seed:think>", "</seed:think>"),
            ("[THINK]", "[/THINK]"),
            ("◁think▷", "◁/think▷"),
            ("<|START_THINKING|>", "<|END_THINKING|>"),
        ] {
            assert_split(&format!("{open}why{close}so"), "so", "why");
        }
    }

    #[test]
    fn a_tag_may_have_attributes() {
        assert_split("<think duration=\"3\">why</think>so", "so", "why");
    }

    #[test]
    fn nested_tags_are_counted() {
        assert_split("<think>a <think>b</think> c</think>so", "so", "a <think>b</think> c");
    }

    #[test]
    fn an_inner_tag_that_is_never_closed_does_not_swallow_the_answer() {
        assert_split("<think>I write <think> myself</think>so", "so", "I write <think> myself</think>");
    }

    #[test]
    fn reasoning_that_never_ends_is_reasoning() {
        assert_split("<think>and then", "", "and then");
    }

    #[test]
    fn a_lone_closing_tag_makes_what_came_before_it_reasoning() {
        assert_split("I think so.\n</think>\n\nYes.", "Yes.", "I think so.");
        assert_split("I think</think>Yes", "Yes", "I think");
    }

    #[test]
    fn a_block_may_follow_text_on_a_line_of_its_own() {
        assert_split("So.\n<think>or not</think>\nNo.", "So.\nNo.", "or not");
    }

    #[test]
    fn text_that_speaks_of_tags_is_text() {
        for text in [
            "Use the <think> tag.",
            "Write `</think>` to end it.",
            "```xml\n<think>\nx</think>\n```\nlike that",
            "The \"</think>\" ends it.",
            "a < b <thin",
            "<b>bold</b>",
            "[THIN",
            "<thinkers> unite",
        ] {
            assert_split(text, text, "");
        }
    }

    #[test]
    fn harmony_channels_are_told_apart() {
        assert_split(
            "<|channel|>analysis<|message|>Let me see.<|end|><|start|>assistant<|channel|>final<|message|>Four.<|return|>",
            "Four.",
            "Let me see.",
        );
        assert_split("<|start|>assistant<|channel|>final<|message|>Four", "Four", "");
        assert_split("<|channel|>analysis<|message|>why<|channel|>final<|message|>so", "so", "why");
    }

    #[test]
    fn a_harmony_call_that_nobody_reads_stays_in_the_text() {
        let call = "<|channel|>commentary to=functions.f <|constrain|>json<|message|>{}<|call|>";
        assert_split(call, call, "");
    }

    proptest! {
        #[test]
        fn no_cut_changes_the_outcome(
            parts in prop::collection::vec(
                prop::sample::select(vec![
                    "<think>", "</think>", "<think a>", "a", " ", "\n", "`", "```", "<", ">", "\"", "é🙂", "<|channel|>",
                    "analysis", "<|message|>", "<|end|>", "<|start|>", "final", "[THINK]", "[/THINK]", "<thinking>",
                ]),
                0..14,
            ),
        ) {
            split_everywhere(&parts.concat());
        }
    }
}
