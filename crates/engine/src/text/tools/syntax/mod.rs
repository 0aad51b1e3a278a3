//! The ways in which models write calls: one file for each family of them. A new one is a row of a table there, or
//! a `Syntax` of its own, listed in [`ALL`].

mod answer;
mod arg_key;
mod function_tags;
mod json;
mod named;
mod pythonic;
mod tagged;
mod tool_code;

use std::fmt::Debug;

use super::{
    extent::{Extent, any_begins},
    found::{Context, Found},
    offered::Offered,
};
use crate::text::marker::{Match, begins};

/// One way to write calls. All methods see the text after what opens the block.
pub trait Syntax: Debug + Sync {
    /// What a block begins with.
    fn opens(&self) -> &'static [&'static str];

    /// What must follow a call: one without it was repaired. Nothing, where it is empty.
    fn closes(&self) -> &'static [&'static str] {
        &[]
    }

    fn place(&self) -> Place {
        Place::Anywhere
    }

    /// Whether a call of a tool that was offered begins here. What is known of a text holds for any longer one.
    fn head(&self, text: &str, offered: &Offered) -> Head;

    fn extent(&self) -> Extent {
        Extent::Value
    }

    /// Another call may follow without being opened again.
    fn repeats(&self) -> bool {
        false
    }

    /// The calls of a block; without any it is text.
    fn read<'a>(&self, text: &'a str, context: Context<'_>) -> Vec<Found<'a>>;
}

/// Where a block may begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    Anywhere,
    /// On a line of its own.
    Line,
    /// At the start of the answer, which is nothing else.
    Answer,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Head {
    /// Not enough text to know.
    MayBe,
    No,
    /// Its end is looked for after so many bytes.
    Call(usize),
}

/// Of two that open alike, one at most takes any text.
const ALL: [&[&'static dyn Syntax]; 8] = [
    &tagged::ALL,
    &named::ALL,
    &function_tags::ALL,
    &[&arg_key::ArgKey],
    &pythonic::ALL,
    &[&tool_code::ToolCode],
    &[&answer::BareJson, &answer::FencedJson],
    &[&answer::BarePython],
];

/// What may stand around calls and says nothing itself.
const WRAPPERS: [&str; 7] = [
    "<tool_call>",
    "<tool_calls>",
    "<function_calls>",
    "<minimax:tool_call>",
    "<｜DSML｜function_calls>",
    "<｜tool▁calls▁begin｜>",
    "<|tool_calls_section_begin|>",
];

/// What closes blocks and their wrappers, and what ends a model's turn: right after a call it is no text.
pub const CLOSINGS: [&str; 29] = [
    "</tool_call>",
    "</tool_calls>",
    "</function_call>",
    "</function_calls>",
    "</function>",
    "</minimax:tool_call>",
    "</｜DSML｜function_calls>",
    "</tool>",
    "</tools>",
    "</tool_use>",
    "</TOOLCALL>",
    "[/TOOL_CALLS]",
    "[END_TOOL_REQUEST]",
    "<｜tool▁call▁end｜>",
    "<｜tool▁calls▁end｜>",
    "<|tool_call_end|>",
    "<|tool_calls_section_end|>",
    "<|/tool_call|>",
    "<|END_ACTION|>",
    "<|call|>",
    "<|return|>",
    "<|eom_id|>",
    "<|eot_id|>",
    "<|im_end|>",
    "<|end_of_text|>",
    "<｜end▁of▁sentence｜>",
    "</s>",
    "<end_of_turn>",
    "<|end|>",
];

/// What ends a value whose brackets are not all closed: its closing tag, any other, or the next call.
pub const STOPS: [&str; 36] = {
    let mut stops = [""; 36];
    let mut at = 0;
    while at < CLOSINGS.len() {
        stops[at] = CLOSINGS[at];
        at += 1;
    }
    let next = [
        "<tool_call>",
        "<function_call>",
        "[TOOL_CALLS]",
        "[TOOL_REQUEST]",
        "<｜tool▁call▁begin｜>",
        "<|tool_call_begin|>",
        "```",
    ];
    while at < stops.len() {
        stops[at] = next[at - CLOSINGS.len()];
        at += 1;
    }
    stops
};

/// What an opening is looked for in: what takes more bytes to name a tool is no call.
const LONGEST_OPENING: usize = 1024;

/// Wrappers around a call, at most.
const MOST_WRAPPERS: usize = 2;

/// Brackets too many before a closing tag, at most.
const MOST_BRACKETS: usize = 8;

/// Where a text stands that might open a block.
#[derive(Debug, Clone, Copy)]
pub struct Start {
    /// Nothing but white space has come before it.
    pub of_answer: bool,
    pub of_line: bool,
}

#[derive(Debug)]
pub enum Opening {
    MayBe,
    No,
    Block {
        syntax: &'static dyn Syntax,
        /// Where the syntax's own part begins.
        body: usize,
        /// Where the end is looked for.
        scan: usize,
    },
}

/// Whether a block of calls begins with `text`.
pub fn opening(text: &str, start: Start, offered: &Offered) -> Opening {
    let window = window(text);
    let mut at = 0;
    for _ in 0..=MOST_WRAPPERS {
        for syntax in ALL.into_iter().flatten() {
            if !match syntax.place() {
                Place::Anywhere => true,
                Place::Line => start.of_line,
                Place::Answer => start.of_answer && at == 0,
            } {
                continue;
            }
            match opened(*syntax, &window[at..], offered) {
                Opening::No => {}
                Opening::MayBe => return undecided(window, text),
                Opening::Block { syntax, body, scan } => {
                    return Opening::Block { syntax, body: at + body, scan: at + scan };
                }
            }
        }
        match any_begins(&WRAPPERS, &window[at..]) {
            Match::Yes(length) => {
                let rest = &window[at + length..];
                at = window.len() - rest.trim_start().len();
                if at == window.len() {
                    return undecided(window, text);
                }
            }
            Match::MayBe => return undecided(window, text),
            Match::No => break,
        }
    }
    Opening::No
}

fn opened(syntax: &'static dyn Syntax, text: &str, offered: &Offered) -> Opening {
    let mut may_be = false;
    for open in syntax.opens() {
        match begins(open, text) {
            Match::Yes(body) => match syntax.head(&text[body..], offered) {
                Head::Call(scan) => return Opening::Block { syntax, body, scan: body + scan },
                Head::MayBe => may_be = true,
                Head::No => {}
            },
            Match::MayBe => may_be = true,
            Match::No => {}
        }
    }
    if may_be { Opening::MayBe } else { Opening::No }
}

fn undecided(window: &str, text: &str) -> Opening {
    if window.len() < text.len() || window.len() == LONGEST_OPENING { Opening::No } else { Opening::MayBe }
}

fn window(text: &str) -> &str {
    let mut end = text.len().min(LONGEST_OPENING);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// Whether another call of the same block begins with `text`, after `space`, and where its end is looked for.
pub fn repeated(syntax: &dyn Syntax, space: &str, text: &str, offered: &Offered) -> Head {
    if !syntax.repeats() {
        return Head::No;
    }
    let window = window(text);
    let value = window.trim_start_matches([',', ';', ' ', '\n', '\t', '\r']);
    let at = window.len() - value.len();
    let is_parted = space.contains('\n') || window[..at].contains([',', ';']);
    let head = match value.bytes().next() {
        None => Head::MayBe,
        Some(b'{' | b'[') => syntax.head(value, offered),
        // The name of a Python call.
        Some(_) if is_parted => syntax.head(value, offered),
        Some(_) => Head::No,
    };
    match head {
        Head::Call(scan) => Head::Call(at + scan),
        Head::MayBe if matches!(undecided(window, text), Opening::No) => Head::No,
        other => other,
    }
}

/// What stands after a call and belongs to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closing {
    MayBe,
    No,
    /// So many bytes; `right` if they are what the syntax closes with.
    Tag {
        length: usize,
        right: bool,
    },
}

pub fn closing(syntax: &dyn Syntax, text: &str) -> Closing {
    let window = window(text);
    let brackets = window.bytes().take(MOST_BRACKETS).take_while(|byte| matches!(byte, b'}' | b']')).count();
    let mut rest = window[brackets..].trim_start();
    let mut tag = any_begins(syntax.closes(), rest);
    // The line that ends a fence around the call.
    if tag == Match::No && begins("```", rest) != Match::No {
        rest = rest.strip_prefix("```").map_or("", str::trim_start);
        tag = any_begins(syntax.closes(), rest);
    }
    let right = brackets == 0 && tag != Match::No;
    if tag == Match::No {
        tag = any_begins(&CLOSINGS, rest);
    }
    match tag {
        Match::Yes(length) => Closing::Tag { length: window.len() - rest.len() + length, right },
        Match::MayBe if matches!(undecided(window, text), Opening::MayBe) => Closing::MayBe,
        Match::MayBe | Match::No => Closing::No,
    }
}

/// Whether `text` has begun to be a call for sure, though it names no tool yet.
pub fn is_opened(text: &str) -> bool {
    let opens = ALL.into_iter().flatten().filter(|syntax| syntax.place() == Place::Anywhere);
    opens.flat_map(|syntax| syntax.opens()).chain(&WRAPPERS).any(|open| text.starts_with(open))
}
