//! Arguments as elements: `<function=name><parameter=key>value</parameter></function>` and its relatives.

use serde_json::{Map, Value};

use super::{Head, Syntax};
use crate::{
    text::tools::{
        brackets::Brackets,
        elements::{Elements, elements},
        extent::{Extent, Markers},
        found::{Context, Found},
        members::unquoted,
        offered::Offered,
        values,
    },
    types::Tool,
};

#[derive(Debug)]
struct FunctionTags {
    opens: Markers,
    elements: &'static Elements,
}

/// Either may stand in a value, and is closed by the same tag.
const PARAMETERS: Markers = &["<parameter=", "<parameter name="];

pub const ALL: [&dyn Syntax; 4] = [
    // Qwen3-Coder, mostly inside `<tool_call>`; with JSON instead of parameters Llama 3
    &FunctionTags {
        opens: &["<function="],
        elements: &Elements {
            opens: PARAMETERS,
            closes: "</parameter>",
            ends: &["</function>"],
            next: &["<function=", "<tool_call>"],
        },
    },
    &FunctionTags {
        opens: &["<function name="],
        elements: &Elements {
            opens: PARAMETERS,
            closes: "</parameter>",
            ends: &["</function>"],
            next: &["<function name=", "<tool_call>"],
        },
    },
    // Claude, MiniMax
    &FunctionTags {
        opens: &["<invoke name="],
        elements: &Elements {
            opens: PARAMETERS,
            closes: "</parameter>",
            ends: &["</invoke>"],
            next: &["<invoke name="],
        },
    },
    // DeepSeek since 3.2
    &FunctionTags {
        opens: &["<｜DSML｜invoke name="],
        elements: &Elements {
            opens: &["<｜DSML｜parameter name="],
            closes: "</｜DSML｜parameter>",
            ends: &["</｜DSML｜invoke>"],
            next: &["<｜DSML｜invoke name="],
        },
    },
];

impl Syntax for FunctionTags {
    fn opens(&self) -> Markers {
        self.opens
    }

    fn closes(&self) -> Markers {
        self.elements.ends
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
        let body = text[after..].trim();
        if body.starts_with('{') {
            return vec![Found::Call(context.json(tool, body, Brackets::length(body).is_some()))];
        }
        let call = match parameters(self.elements, tool, body) {
            Some((arguments, all_closed)) => {
                context.values(tool, arguments, body, all_closed && context.cut.is_none())
            }
            None => context.unreadable(tool, body),
        };
        vec![Found::Call(call)]
    }
}

/// The name, up to the end of its tag, and where that is.
fn name(text: &str) -> Option<(String, usize)> {
    let end = text.find('>')?;
    let name = unquoted(text[..end].trim().trim_end_matches('/'));
    (!text[..end].contains(['<', '\n'])).then(|| (name.into_owned(), end + 1))
}

/// The arguments, and whether each one's closing tag was there. None if the tag before a value has no end.
fn parameters(tags: &'static Elements, tool: &Tool, body: &str) -> Option<(Map<String, Value>, bool)> {
    let mut arguments = Map::new();
    let mut all_closed = true;
    let mut found = elements(tags, body);
    for key in values::required(tool) {
        if !found.iter().any(|(element, _)| key_of(element) == key) {
            split_before(key, tags, &mut found);
        }
    }
    for (element, is_closed) in found {
        all_closed &= is_closed;
        let (_, value) = element.split_once('>')?;
        let key = key_of(element);
        arguments.insert(key.to_owned(), values::of_text(tool, key, trimmed(value)));
    }
    Some((arguments, all_closed))
}

fn key_of(element: &str) -> &str {
    let tag = element.split_once('>').map_or("", |(tag, _)| tag);
    // DSML says more about the value after its name; the schema knows better.
    tag.split_once('"')
        .map_or(tag, |(before, quoted)| quoted.split_once('"').map_or(before, |(key, _)| key))
        .trim()
}

/// Where an argument that the tool requires is nowhere but in another's value, on a line of its own or behind a closing
/// tag, that value ended before it: its closing tag was forgotten, or something foreign follows that.
fn split_before(key: &str, tags: &Elements, found: &mut Vec<(&str, bool)>) {
    let begins_with_key = |element: &str| {
        let rest = element.strip_prefix('"').unwrap_or(element).strip_prefix(key);
        rest.is_some_and(|rest| rest.starts_with(['"', '>']))
    };
    for (index, &(element, is_closed)) in found.iter().enumerate() {
        let closing = element.find(tags.closes);
        let nested = tags.opens.iter().flat_map(|opens| element.match_indices(opens));
        let next = nested.map(|(at, opens)| (at, &element[at + opens.len()..])).find(|(at, next)| {
            let begins_line = element[..*at].trim_end_matches([' ', '\t']).ends_with('\n');
            (begins_line || closing.is_some_and(|closing| closing < *at)) && begins_with_key(next)
        });
        if let Some((at, next)) = next {
            let value = &element[..at];
            let value = value.rfind(tags.closes).map_or(value, |end| &value[..end]);
            found.splice(index..=index, [(value, false), (next, is_closed)]);
            return;
        }
    }
}

/// A value without the line ends that set it off from its tags.
fn trimmed(value: &str) -> &str {
    let value = value.strip_prefix('\n').unwrap_or(value);
    value.strip_suffix('\n').unwrap_or(value)
}
