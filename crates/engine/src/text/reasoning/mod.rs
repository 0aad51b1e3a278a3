//! Reasoning inside the text: `<think>…</think>` and its relatives, and Harmony channels.

mod harmony;
mod tags;

use harmony::Harmony;
use tags::Tags;

pub use tags::STARTS as TAG_STARTS;

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

/// More white space than this is given, not held back in case a tag comes: a model that writes nothing else shall be
/// seen to do so.
const LONGEST_SPACE: usize = 1024;

/// Tells reasoning and text apart while they stream.
///
/// An opening tag counts at the start of the answer or of a line, outside of fenced code: elsewhere a text only
/// speaks of it. A closing tag that nothing opened counts unless it stands in code, after a quote that opens, or between two spaces.
#[derive(Debug)]
pub enum ReasoningSplitter {
    /// Nothing but white space has come, and perhaps the beginning of a tag.
    Undecided {
        held: String,
        /// How much of it is known to be white space, so that none of it is looked at twice.
        space: usize,
        /// The answer is to be JSON: what begins like that is nothing else.
        expects_json: bool,
    },
    Tags(Tags),
    Harmony(Harmony),
    PassThrough,
}

impl Default for ReasoningSplitter {
    fn default() -> Self {
        Self::Undecided { held: String::new(), space: 0, expects_json: false }
    }
}

impl ReasoningSplitter {
    /// For an answer that is to be JSON, perhaps after some reasoning.
    #[must_use]
    pub fn before_json() -> Self {
        Self::Undecided { held: String::new(), space: 0, expects_json: true }
    }

    /// Takes note of text that is no reasoning, whatever stands in it, and so is not given again. Whether it can: not
    /// within reasoning, and not while something is held back.
    pub fn pass_over(&mut self, text: &str) -> bool {
        match self {
            Self::Tags(tags) => tags.pass_over(text),
            Self::PassThrough => true,
            Self::Undecided { .. } | Self::Harmony(_) => false,
        }
    }

    pub fn push(&mut self, text: &str, out: &mut dyn FnMut(Piece<'_>)) {
        match self {
            Self::Undecided { held, space, expects_json } => {
                held.push_str(text);
                let start = held[*space..].trim_start();
                *space = held.len() - start.len();
                let decided = match Opening::of(start) {
                    _ if *space > LONGEST_SPACE => Self::Tags(Tags::default()),
                    _ if *expects_json && start.starts_with(['{', '[']) => Self::PassThrough,
                    Opening::MayBe => return,
                    Opening::Harmony => Self::Harmony(Harmony::default()),
                    Opening::None => Self::Tags(Tags::default()),
                };
                let held = std::mem::take(held);
                *self = decided;
                self.push(&held, out);
            }
            Self::Tags(tags) => tags.push(text, out),
            Self::Harmony(harmony) => {
                if let Some(tags) = harmony.push(text, out) {
                    *self = Self::Tags(tags);
                }
            }
            Self::PassThrough => give_text(text, out),
        }
    }

    /// From now on all text is text as it is, what was held back included.
    ///
    /// For a server that separates the reasoning itself, in a field of its own: what looks like a tag in its text
    /// is then part of the answer, which speaks of tags. Reasoning that a tag in the text has already opened is
    /// another matter: that tag must not be left without its closing one, so nothing changes then, and nothing in
    /// an answer that has shown itself to be Harmony.
    pub fn pass_through(&mut self, out: &mut dyn FnMut(Piece<'_>)) {
        let held = match self {
            Self::Undecided { held, .. } => Some(std::mem::take(held)),
            Self::Tags(tags) => tags.release(),
            Self::Harmony(harmony) => harmony.release(),
            Self::PassThrough => None,
        };
        if let Some(held) = held {
            *self = Self::PassThrough;
            give_text(&held, out);
        }
    }

    /// Gives what was held back in case it would become a tag.
    pub fn finish(&mut self, out: &mut dyn FnMut(Piece<'_>)) {
        match self {
            Self::Undecided { held, .. } => give_text(held, out),
            Self::Tags(tags) => tags.finish(out),
            Self::Harmony(harmony) => harmony.finish(out),
            Self::PassThrough => {}
        }
    }
}

fn give_text(text: &str, out: &mut dyn FnMut(Piece<'_>)) {
    if !text.is_empty() {
        out(Piece::Text(text));
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
    fn outcome(drive: impl FnOnce(&mut ReasoningSplitter, &mut dyn FnMut(Piece<'_>))) -> (String, String) {
        let (mut text, mut reasoning) = (String::new(), String::new());
        drive(&mut ReasoningSplitter::default(), &mut |piece| match piece {
            Piece::Text(piece) => text.push_str(piece),
            Piece::Reasoning(piece) => reasoning.push_str(piece),
            Piece::TextWasReasoning => reasoning.push_str(std::mem::take(&mut text).trim()),
            Piece::ReasoningWasText(piece) => {
                reasoning.truncate(reasoning.len() - piece.len());
                text.push_str(piece);
            }
        });
        (text, reasoning)
    }

    fn push_all(splitter: &mut ReasoningSplitter, pieces: &[&str], out: &mut dyn FnMut(Piece<'_>)) {
        for piece in pieces {
            splitter.push(piece, out);
        }
    }

    fn split(pieces: &[&str]) -> (String, String) {
        outcome(|splitter, out| {
            push_all(splitter, pieces, out);
            splitter.finish(out);
        })
    }

    fn split_characters(whole: &str) -> (String, String) {
        split(&characters(whole))
    }

    /// The server begins to separate the reasoning after `before`.
    fn split_passing(before: &[&str], after: &[&str]) -> (String, String) {
        outcome(|splitter, out| {
            push_all(splitter, before, out);
            splitter.pass_through(out);
            push_all(splitter, after, out);
            splitter.finish(out);
        })
    }

    fn characters(whole: &str) -> Vec<&str> {
        whole.split_inclusive(|_| true).collect()
    }

    /// The same, cut in two anywhere and character by character.
    fn split_everywhere(whole: &str) -> (String, String) {
        let expected = split(&[whole]);
        for (cut, _) in whole.char_indices() {
            assert_eq!(split(&[&whole[..cut], &whole[cut..]]), expected, "cut at {cut} of {whole:?}");
        }
        assert_eq!(split_characters(whole), expected, "each character of {whole:?}");
        expected
    }

    fn assert_split(whole: &str, text: &str, reasoning: &str) {
        assert_eq!(split_everywhere(whole), (text.into(), reasoning.into()), "{whole:?}");
    }

    #[test]
    fn white_space_before_the_answer_is_held_back_only_for_so_long() {
        for tag in ["<think>", "<|channel|>analysis<|message|>"] {
            let space = " ".repeat(LONGEST_SPACE);
            assert_split(&format!("{space}{tag}why"), "", "why");
            let (mut given, mut splitter) = (0, ReasoningSplitter::default());
            for _ in 0..3 {
                splitter.push(&space, &mut |piece| {
                    given += if let Piece::Text(text) = piece { text.len() } else { 0 };
                });
            }
            assert_eq!(given, 3 * LONGEST_SPACE);
            split_everywhere(&format!("{space} {tag}why"));
        }
        let twice = format!("<|channel|>analysis<|message|>why<|end|>{}", " ".repeat(2 * LONGEST_SPACE));
        assert_split(&twice, &" ".repeat(2 * LONGEST_SPACE), "why");
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
    fn a_tag_with_endless_attributes_is_none() {
        let text = format!("<think {}>why</think>so", "a".repeat(300));
        assert_split(&text, "so", text.strip_suffix("</think>so").unwrap());
        let text = format!("<think {}", "a".repeat(300));
        assert_split(&text, &text, "");
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
        assert_split("I think so. </think>\nYes.", "Yes.", "I think so.");
        assert_split("I think so.\n</think> Yes.", "Yes.", "I think so.");
        assert_split("I think so. </think>", "", "I think so.");
        assert_split("I think[/THINK]Yes", "Yes", "I think");
        assert_split("I think◁/think▷Yes", "Yes", "I think");
        assert_split("They said \"hi\"</think>Yes", "Yes", "They said \"hi\"");
        assert_split("They call `f`</think>Yes", "Yes", "They call `f`");
        assert_split("They call ``f``\n</think>Yes", "Yes", "They call ``f``");
    }

    #[test]
    fn a_closing_tag_in_a_sentence_is_text() {
        let text = "A model writes its thoughts, then </think> and then the answer.";
        assert_split(text, text, "");
        let text = "first\t</think>\tthen";
        assert_split(text, text, "");
        assert_split(
            "It ends with </think> they say.\n</think>\nYes.",
            "Yes.",
            "It ends with </think> they say.",
        );
    }

    #[test]
    fn a_block_may_follow_text_on_a_line_of_its_own() {
        assert_split("So.\n<think>or not</think>\nNo.", "So.\nNo.", "or not");
        assert_split("So ``` it is.\n<think>or not</think>\nNo.", "So ``` it is.\nNo.", "or not");
    }

    #[test]
    fn fenced_code_in_the_reasoning_does_not_reach_into_the_text() {
        assert_split(
            "```\na\n```\nI think.\n</think>\nSo.\n<think>or not</think>",
            "So.\n",
            "```\na\n```\nI think.or not",
        );
    }

    #[test]
    fn text_that_speaks_of_tags_is_text() {
        for text in [
            "Use the <think> tag.",
            "Write `</think>` to end it.",
            "```xml\n<think>\nx</think>\n```\nlike that",
            "The \"</think>\" ends it.",
            "The '</think>' ends it.",
            "{\"stop\":[\"</think>\\n\"],\"a\":\"\\\"</think>\"}",
            "print(\"</think>\\n\") and '</think>\\n'",
            "Close it with \"</think>,\" and go on.",
            "Of `a` and `</think>`, and of `</think> `.",
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

    #[test]
    fn a_text_that_begins_with_a_harmony_marker_is_text() {
        for text in [
            "<|channel|> is a special token…",
            "<|start|> is one, too",
            "\n<|channel|>analysis is one of three",
            "<|channel|>s",
            "<|channel|>\n\nis a special token, and <|message|> another",
            &format!("<|channel|> {}<|message|> and so on", "is long ".repeat(30)),
            &format!("<|channel|> {}", "is long ".repeat(30)),
        ] {
            assert_split(text, text, "");
        }
        assert_split("<|channel|> opens it.\n<think>or not</think>so", "<|channel|> opens it.\nso", "or not");
    }

    #[test]
    fn what_is_no_harmony_header_is_given_before_the_answer_ends() {
        for text in ["<|channel|> is a token.\n", &format!("<|channel|> {}", "is long ".repeat(30))] {
            let given = outcome(|splitter, out| push_all(splitter, &characters(text), out));
            assert_eq!(given, (text.to_owned(), String::new()));
        }
    }

    #[test]
    fn text_after_harmony_messages_is_text() {
        let messages = "<|channel|>analysis<|message|>why<|end|>";
        for text in [
            "\n\nFour.\nOr five</think>or\n",
            "Four",
            "<|start|> is a token.\nReally.",
            "a".repeat(300).as_str(),
        ] {
            assert_split(&format!("{messages}{text}"), text, "why");
        }
        assert_split(&format!("{messages}\n\n<|start|>assistant<|message|>so<|return|>\n"), "so", "why");
        assert_split(&format!("{messages}\n\n<|start|>assistant<|message|>so<|return|>!"), "so!", "why");
    }

    #[test]
    fn a_harmony_header_that_was_cut_off_is_dropped() {
        for header in [
            "<|channel|>",
            "<|channel|>ana",
            "<|start|>assist",
            "<|start|>assistant<|chan",
            "<|start|>assistant to=functions.f<|channel|>comm",
            "<|channel|>commentary to=functions.f <|constrain|>json",
            "<|channel|>final<|mess",
        ] {
            assert_split(header, "", "");
            assert_split(&format!("<|channel|>analysis<|message|>why<|end|>{header}"), "", "why");
        }
    }

    #[test]
    fn text_passes_through_once_the_server_separates_the_reasoning() {
        for (before, after) in [
            ("", "<think>a</think>b"),
            ("\n<thi", "nk>a</think>b"),
            ("\n", "<|channel|>analysis<|message|>b"),
            ("\n<|channel|>ana", "lysis<|message|>b"),
            ("a\n<th", "ink>b</think>"),
            ("a </think>", "\nb"),
            ("a", "</think>b"),
        ] {
            let whole = format!("{before}{after}");
            for before in [vec![before], characters(before)] {
                assert_eq!(split_passing(&before, &[after]), (whole.clone(), String::new()), "{whole:?}");
            }
        }
    }

    #[test]
    fn a_block_that_is_open_already_is_closed_by_its_tag() {
        for (before, after) in [
            ("<think>wh", "y</think>so"),
            ("<think>why</th", "ink>so"),
            ("<|channel|>analysis<|message|>wh", "y<|end|><|channel|>final<|message|>so"),
        ] {
            assert_eq!(split_passing(&[before], &[after]), ("so".into(), "why".into()), "{before:?}");
        }
    }

    /// To look at everything that is held back again, at each character, would take minutes here.
    #[test]
    fn the_time_an_answer_takes_grows_with_its_length_only() {
        let lines = &"\n".repeat(200_000);
        let assert_split = |whole: &str, text: &str, reasoning: &str| {
            for (got_text, got_reasoning) in [split(&[whole]), split_characters(whole)] {
                assert!(got_text == text && got_reasoning == reasoning);
            }
        };
        assert_split(lines, lines, "");
        assert_split(&format!("{lines}so"), &format!("{lines}so"), "");
        assert_split(&format!("{lines}<think>why</think>{lines}so"), &format!("{lines}so"), "why");
        assert_split(&format!("<think>{lines}why</think>so"), "so", "why");
        assert_split(&format!("<think>why{lines}not</think>so"), "so", &format!("why{lines}not"));
        assert_split(&format!("so{lines}"), &format!("so{lines}"), "");
        let blocks = "<think>why</think>so\n".repeat(100_000);
        assert_split(&blocks, &"so\n".repeat(100_000), &"why".repeat(100_000));

        let header = "<|channel|>final<|message|>";
        assert_split(&format!("{lines}{header}so"), &format!("{lines}{header}so"), "");
        assert_split(&format!("{header}{lines}"), lines, "");
        let after = &format!("{lines}{header}!");
        assert_split(&format!("{header}so<|end|>{after}"), &format!("so{after}"), "");
        assert_split(&format!("<|channel|>{lines}"), &format!("<|channel|>{lines}"), "");
        let letters = &"a".repeat(200_000);
        assert_split(&format!("<|channel|>{letters}"), &format!("<|channel|>{letters}"), "");
        assert_split(&format!("<think {letters}"), &format!("<think {letters}"), "");
        assert_split(&format!("<think><think {letters}"), "", &format!("<think {letters}"));
    }

    #[test]
    fn endless_white_space_at_the_end_of_reasoning_is_given() {
        let (text, reasoning) = split_everywhere(&format!("<think>why{}</think>so", "\n".repeat(3000)));
        assert_eq!((text.as_str(), reasoning.trim_end()), ("so", "why"));
        assert!(reasoning.len() > 2000);
    }

    fn any_text() -> impl Strategy<Value = String> {
        // Two of the long ones are too long for a header or a tag, and for white space that is held back.
        let long = prop_oneof![Just("é".repeat(60)), Just("\u{3000}".repeat(200))];
        let short = prop::sample::select(vec![
            "<think>",
            "</think>",
            "<think a>",
            "<think ",
            "a",
            " ",
            "\t",
            "\n",
            "`",
            "```",
            "<",
            ">",
            "\"",
            "é🙂",
            "<|channel|>",
            "<|start|>",
            "assistant",
            "analysis",
            "final",
            " to=f",
            "<|message|>",
            "<|end|>",
            "<|call|>",
            "[THINK]",
            "[/THINK]",
            "<thinking>",
        ])
        .prop_map(str::to_owned);
        prop::collection::vec(prop_oneof![12 => short, 1 => long], 0..14).prop_map(|parts| parts.concat())
    }

    proptest! {
        #[test]
        fn no_cut_changes_the_outcome(whole in any_text()) {
            split_everywhere(&whole);
        }

        #[test]
        fn no_cut_changes_what_passes_through(before in any_text(), after in any_text()) {
            let expected = split_passing(&[&before], &[&after]);
            prop_assert_eq!(split_passing(&characters(&before), &characters(&after)), expected);
        }
    }
}
