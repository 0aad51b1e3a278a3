//! `<tool_call>name<arg_key>key</arg_key><arg_value>value</arg_value></tool_call>`: GLM since 4.5.

use serde_json::Map;

use super::{Head, Syntax};
use crate::text::tools::{
    extent::{Elements, Extent},
    found::{Context, Found},
    offered::Offered,
    values,
};

static ELEMENTS: Elements = Elements {
    values: Some(("<arg_value>", "</arg_value>")),
    closes: "</tool_call>",
    stops: &["<tool_call>"],
};

#[derive(Debug)]
pub struct ArgKey;

impl Syntax for ArgKey {
    fn opens(&self) -> &'static [&'static str] {
        &["<tool_call>"]
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
            Head::No
        } else if rest.starts_with("<arg_key>") || rest.starts_with(ELEMENTS.closes) {
            Head::Call(text.len() - rest.len())
        } else if "<arg_key>".starts_with(rest) || ELEMENTS.closes.starts_with(rest) {
            Head::MayBe
        } else {
            Head::No
        }
    }

    fn extent(&self) -> Extent {
        Extent::Elements(&ELEMENTS)
    }

    fn read<'a>(&self, text: &'a str, context: Context<'_>) -> Vec<Found<'a>> {
        let (name, body) = text.split_at(text.find('<').unwrap_or(text.len()));
        let Some(tool) = context.offered.find(name) else { return Vec::new() };
        let (body, mut whole) = body.strip_suffix(ELEMENTS.closes).map_or((body, false), |body| (body, true));
        let mut arguments = Map::new();
        for argument in body.split("<arg_key>").skip(1) {
            let mut parts = argument.splitn(2, "</arg_key>");
            let key = parts.next().unwrap_or_default().trim();
            let Some((_, value)) = parts.next().and_then(|rest| rest.split_once("<arg_value>")) else {
                whole = false;
                continue;
            };
            let closed = value.rfind("</arg_value>");
            whole &= closed.is_some();
            let value = &value[..closed.unwrap_or(value.len())];
            arguments.insert(key.to_owned(), values::of_text(tool, key, value));
        }
        vec![Found::Call(context.values(tool, arguments, body.trim(), whole))]
    }
}
