//! Calls as JSON objects: `{"name": …, "arguments": {…}}` and its relatives.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::Head;
use crate::{
    text::{
        json_repair,
        tools::{
            brackets::Brackets,
            found::{Context, Found, FoundCall},
            members::{Member, Members, unquoted},
            offered::Offered,
            values,
        },
    },
    types::Tool,
};

const NAMES: [&str; 4] = ["name", "tool_name", "function_name", "tool"];
const ARGUMENTS: [&str; 7] =
    ["arguments", "parameters", "args", "params", "input", "tool_input", "tool_args"];

/// What else is written beside them.
const OTHERS: [&str; 6] = ["id", "type", "index", "call_id", "tool_call_id", "function"];

/// What is written beside the name in the definition of a tool, which is no call.
const DESCRIPTION: &str = "description";
const PROPERTIES: &str = "properties";

/// What opens a fence around JSON.
pub const FENCE: &str = "```json";

/// What a block of JSON must hold to be one of calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// A name that was offered: the markup around it says the rest.
    Name,
    /// A name and arguments, and nothing foreign beside them: no markup says what it is.
    NameAndArguments,
}

/// Whether a call, or a list that begins with one, begins with `text`.
pub fn head(text: &str, offered: &Offered, proof: Proof) -> Head {
    let start = match proof {
        Proof::Name => start_of_value(text),
        Proof::NameAndArguments => text.trim_start(),
    };
    let object = start.strip_prefix('[').map_or(start, str::trim_start);
    match object.bytes().next() {
        None => Head::MayBe,
        Some(b'{') => match head_of_object(object, offered, proof, Level::Outer) {
            Head::Call(_) => Head::Call(text.len() - start.len()),
            other => other,
        },
        Some(b'`') if proof == Proof::Name && FENCE.starts_with(object) => Head::MayBe,
        Some(_) => Head::No,
    }
}

/// The text from the value on, without the line that opens a fence around it.
pub fn start_of_value(text: &str) -> &str {
    let text = text.trim_start();
    text.strip_prefix(FENCE).map_or(text, str::trim_start)
}

/// Where an object stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    Outer,
    /// The value of another one's `function`, and all of the call: there is no third level.
    Function,
}

fn head_of_object(object: &str, offered: &Offered, proof: Proof, level: Level) -> Head {
    let mut members = Members::of(object);
    let mut is_named = false;
    loop {
        let (key, value, is_whole) = match members.next() {
            Member::Whole { key, value } => (key, value, true),
            Member::Open { key, value } => (key, value, false),
            Member::Cut => return Head::MayBe,
            Member::End | Member::Malformed => return Head::No,
        };
        if key == "function" && value.starts_with('{') {
            return match level {
                Level::Outer => head_of_object(value, offered, proof, Level::Function),
                Level::Function => Head::No,
            };
        }
        if NAMES.contains(&&*key) || key == "function" {
            match value.bytes().next() {
                None => return Head::MayBe,
                Some(b'"' | b'\'') if !is_whole => {
                    let may_be = value.contains('\\') || offered.may_become(&value[1..]);
                    return if may_be { Head::MayBe } else { Head::No };
                }
                Some(b'"' | b'\'') if offered.find(&unquoted(value)).is_some() => is_named = true,
                _ => return Head::No,
            }
            if proof == Proof::Name {
                return Head::Call(0);
            }
        } else if ARGUMENTS.contains(&&*key) {
            if value.is_empty() {
                return Head::MayBe;
            }
            // Before the name they may be long: the end decides.
            let is_object = value.starts_with(['{', '"']);
            return if is_object || proof == Proof::Name { Head::Call(0) } else { Head::No };
        } else if proof == Proof::NameAndArguments && (is_named || !OTHERS.contains(&&*key)) {
            return Head::No;
        }
        if !is_whole {
            return Head::MayBe;
        }
    }
}

/// The calls that `text` holds one after the other, or in a list.
pub fn read<'a>(text: &'a str, context: Context<'_>, proof: Proof) -> Vec<Found<'a>> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find('{') {
        rest = &rest[start..];
        let length = Brackets::length(rest);
        let (object, after) = rest.split_at(length.unwrap_or(rest.len()));
        let call = read_object(object, context, proof, length.is_some(), Level::Outer);
        found.push(call.map_or(Found::Text(object), Found::Call));
        rest = after;
    }
    found
}

fn read_object(
    object: &str,
    context: Context<'_>,
    proof: Proof,
    mut whole: bool,
    level: Level,
) -> Option<FoundCall> {
    let mut members = Members::of(object);
    let (mut tool, mut raw, mut foreign, mut described) = (None, None, false, false);
    loop {
        let (key, value) = match members.next() {
            Member::Whole { key, value } => (key, value),
            Member::Open { key, value } => {
                whole = false;
                (key, value)
            }
            Member::Cut | Member::End | Member::Malformed => break,
        };
        if key == "function" && value.starts_with('{') {
            return match level {
                Level::Outer => read_object(value, context, proof, whole, Level::Function),
                Level::Function => None,
            };
        } else if ARGUMENTS.contains(&&*key) {
            raw = Some((key, value));
        } else if NAMES.contains(&&*key) || key == "function" {
            tool = context.offered.find(&unquoted(value));
        } else {
            foreign |= !OTHERS.contains(&&*key);
            described |= key == DESCRIPTION;
        }
    }
    let tool = tool?;
    described &= !values::declares(tool, DESCRIPTION);
    if proof == Proof::NameAndArguments && (foreign || raw.is_none()) {
        return None;
    }
    match raw {
        Some((_, "")) => Some(context.unreadable(tool, "")),
        Some((key, raw)) => {
            // Brackets that are missing further out do no harm to arguments that are whole.
            let whole_arguments = whole || Brackets::length(raw).is_some();
            let raw = inner(raw.trim_end());
            // No definition has `arguments`.
            let may_define = key == "parameters" || described;
            if may_define && is_definition(tool, &raw, described && key == "parameters") {
                return None;
            }
            let mut call = context.json(tool, &raw, whole_arguments);
            if !whole {
                call.set_repaired();
            }
            Some(call)
        }
        None if foreign => beside_the_name(tool, object, context, whole, described),
        None => Some(context.json(tool, "", whole)),
    }
}

/// Arguments that a model put beside the name instead of into an object of their own.
fn beside_the_name(
    tool: &Tool,
    object: &str,
    context: Context<'_>,
    whole: bool,
    described: bool,
) -> Option<FoundCall> {
    let Ok(read) = json_repair::object(object) else { return Some(context.unreadable(tool, object)) };
    let mut arguments = read.fields;
    arguments.retain(|key, _| match values::declared(tool) {
        Some(declared) => declared.contains_key(key),
        None => !NAMES.contains(&&**key) && !OTHERS.contains(&&**key),
    });
    let defines =
        |(key, value): (&String, &Value)| key == DESCRIPTION || value.as_object().is_some_and(is_schema);
    if described && arguments.iter().all(defines) {
        return None;
    }
    let mut call = context.values(tool, arguments, object, whole);
    call.set_repaired();
    Some(call)
}

/// Whether `raw`, where a call has its arguments, shows that this is the definition of `tool`, which a model repeats: it
/// says which arguments there are, or that there are none if the tool is `described` beside it.
fn is_definition(tool: &Tool, raw: &str, described: bool) -> bool {
    match json_repair::object(raw) {
        Ok(read) if !read.fields.is_empty() => is_schema(&read.fields) && !values::declares(tool, PROPERTIES),
        Ok(_) => described,
        Err(_) => described && raw.is_empty(),
    }
}

/// Whether it says which arguments there are.
fn is_schema(fields: &Map<String, Value>) -> bool {
    let properties = fields.get(PROPERTIES).and_then(Value::as_object);
    fields.get("type").is_some_and(|kind| kind == "object")
        && properties.is_some_and(|properties| properties.values().all(Value::is_object))
}

/// Arguments that are JSON inside a JSON string, as OpenAI has them.
fn inner(raw: &str) -> Cow<'_, str> {
    match serde_json::from_str(raw) {
        Ok(Value::String(inner)) => Cow::Owned(inner),
        Ok(Value::Null) => Cow::Borrowed(""),
        _ => Cow::Borrowed(raw),
    }
}
