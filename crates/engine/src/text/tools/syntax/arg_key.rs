//! `<tool_call>name<arg_key>key</arg_key><arg_value>value</arg_value></tool_call>`: GLM since 4.5.

use serde_json::Map;

use super::{Head, Syntax};
use crate::text::marker::Match;
use crate::text::tools::{
    elements::{Elements, elements},
    extent::{Extent, Markers, any_begins},
    found::{Context, Found},
    offered::Offered,
    values,
};

/// An element is a key and its value.
static ELEMENTS: Elements = Elements {
    opens: &["<arg_key>"],
    closes: "</arg_value>",
    ends: &["</tool_call>"],
    next: &["<tool_call>"],
};

#[derive(Debug)]
pub struct ArgKey;

impl Syntax for ArgKey {
    fn opens(&self) -> Markers {
        &["<tool_call>"]
    }

    fn closes(&self) -> Markers {
        ELEMENTS.ends
    }

    fn head(&self, text: &str, offered: &Offered) -> Head {
        let start = text.trim_start();
        let is_name = |next: char| next.is_alphanumeric() || "_-.".contains(next);
        let Some(length) = start.find(|next| !is_name(next)) else {
            return if offered.may_become(start) { Head::MayBe } else { Head::No };
        };
        let (name, rest) = start.split_at(length);
        let rest = rest.trim_start();
        if offered.find(name).is_none() {
            return Head::No;
        }
        match [any_begins(ELEMENTS.opens, rest), any_begins(ELEMENTS.ends, rest)] {
            [Match::No, Match::No] => Head::No,
            [Match::Yes(_), _] | [_, Match::Yes(_)] => Head::Call(text.len() - rest.len()),
            _ => Head::MayBe,
        }
    }

    fn extent(&self) -> Extent {
        Extent::Elements(&ELEMENTS)
    }

    fn read<'a>(&self, text: &'a str, context: Context<'_>) -> Vec<Found<'a>> {
        let (name, body) = text.split_at(text.find('<').unwrap_or(text.len()));
        let Some(tool) = context.offered.find(name) else { return Vec::new() };
        let mut arguments = Map::new();
        let mut whole = context.cut.is_none();
        for (element, is_closed) in elements(&ELEMENTS, body) {
            let Some((key, value)) = key_and_value(element) else {
                return vec![Found::Call(context.unreadable(tool, body.trim()))];
            };
            whole &= is_closed;
            arguments.insert(key.to_owned(), values::of_text(tool, key, value));
        }
        vec![Found::Call(context.values(tool, arguments, body.trim(), whole))]
    }
}

fn key_and_value(element: &str) -> Option<(&str, &str)> {
    let (key, rest) = element.split_once("</arg_key>")?;
    Some((key.trim(), rest.trim_start().strip_prefix("<arg_value>")?))
}
