//! Arguments as elements: `<function=name><parameter=key>value</parameter></function>` and its relatives.

use serde_json::{Map, Value};

use super::{Head, Syntax};
use crate::{
    text::tools::{
        extent::{Elements, Extent},
        found::{Context, Found},
        members::unquoted,
        offered::Offered,
        values,
    },
    types::Tool,
};

#[derive(Debug)]
struct FunctionTags {
    opens: &'static [&'static str],
    elements: &'static Elements,
}

pub const ALL: [&dyn Syntax; 4] = [
    // Qwen3-Coder, mostly inside `<tool_call>`; with JSON instead of parameters Llama 3
    &FunctionTags {
        opens: &["<function="],
        elements: &Elements {
            values: Some(("<parameter=", "</parameter>")),
            closes: "</function>",
            stops: &["</tool_call>", "<function="],
        },
    },
    &FunctionTags {
        opens: &["<function name="],
        elements: &Elements {
            values: Some(("<parameter name=", "</parameter>")),
            closes: "</function>",
            stops: &["</tool_call>", "<function name="],
        },
    },
    // Claude, MiniMax
    &FunctionTags {
        opens: &["<invoke name="],
        elements: &Elements {
            values: Some(("<parameter name=", "</parameter>")),
            closes: "</invoke>",
            stops: &["</function_calls>", "</minimax:tool_call>", "<invoke name="],
        },
    },
    // DeepSeek since 3.2
    &FunctionTags {
        opens: &["<｜DSML｜invoke name="],
        elements: &Elements {
            values: Some(("<｜DSML｜parameter name=", "</｜DSML｜parameter>")),
            closes: "</｜DSML｜invoke>",
            stops: &["</｜DSML｜function_calls>", "<｜DSML｜invoke name="],
        },
    },
];

impl Syntax for FunctionTags {
    fn opens(&self) -> &'static [&'static str] {
        self.opens
    }

    fn head(&self, text: &str, offered: &Offered) -> Head {
        match name(text) {
            Some((name, after)) if offered.find(&name).is_some() => Head::Call(after),
            None if !text.contains(['<', '\n']) => Head::MayBe,
            _ => Head::No,
        }
    }

    fn extent(&self) -> Extent {
        Extent::Elements(self.elements)
    }

    fn read<'a>(&self, text: &'a str, context: Context<'_>) -> Vec<Found<'a>> {
        let Some((name, after)) = name(text) else { return Vec::new() };
        let Some(tool) = context.offered.find(&name) else { return Vec::new() };
        let body = &text[after..];
        let (body, whole) =
            body.strip_suffix(self.elements.closes).map_or((body, false), |body| (body, true));
        if body.trim_start().starts_with('{') {
            return vec![Found::Call(context.json(tool, body.trim(), whole))];
        }
        let (arguments, all_closed) = parameters(self.elements, tool, body);
        vec![Found::Call(context.values(tool, arguments, body.trim(), whole && all_closed))]
    }
}

/// The name, up to the end of its tag, and where that is.
fn name(text: &str) -> Option<(String, usize)> {
    let end = text.find('>')?;
    let name = unquoted(text[..end].trim().trim_end_matches('/'));
    (!text[..end].contains(['<', '\n'])).then(|| (name.into_owned(), end + 1))
}

/// The arguments, and whether each one's closing tag was there.
fn parameters(tags: &Elements, tool: &Tool, body: &str) -> (Map<String, Value>, bool) {
    let mut arguments = Map::new();
    let mut all_closed = true;
    let Some((opens, closes)) = tags.values else { return (arguments, all_closed) };
    let mut rest = body;
    while let Some(start) = rest.find(opens) {
        rest = &rest[start + opens.len()..];
        let Some(end) = rest.find('>') else { return (arguments, false) };
        // DSML says more about the value after its name; the schema knows better.
        let key = rest[..end]
            .split_once('"')
            .map_or(&rest[..end], |(before, quoted)| quoted.split_once('"').map_or(before, |(key, _)| key));
        rest = &rest[end + 1..];
        let (length, is_closed) = value_length(rest, opens, closes);
        all_closed &= is_closed;
        arguments.insert(key.trim().to_owned(), values::of_text(tool, key.trim(), trimmed(&rest[..length])));
        rest = &rest[length..];
    }
    (arguments, all_closed)
}

/// Up to the closing tag, or to the next value on a line of its own if that was forgotten.
fn value_length(text: &str, opens: &str, closes: &str) -> (usize, bool) {
    for (at, _) in text.match_indices('<') {
        if text[at..].starts_with(closes) {
            return (at, true);
        }
        if text[at..].starts_with(opens) && text[..at].trim_end_matches([' ', '\t']).ends_with('\n') {
            return (at, false);
        }
    }
    (text.len(), false)
}

/// A value without the line ends that set it off from its tags.
fn trimmed(value: &str) -> &str {
    let value = value.strip_prefix('\n').unwrap_or(value);
    value.strip_suffix('\n').unwrap_or(value)
}
