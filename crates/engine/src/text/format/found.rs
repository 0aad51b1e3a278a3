//! JSON in the text of an answer.

use serde_json::{Deserializer, Value};

use super::{Fit, Misfit};
use crate::{
    text::json_repair,
    types::{Parsed, Warning},
};

/// A value, and what of the text it is.
pub struct Found {
    pub value: Value,
    how: How,
}

enum How {
    /// Nothing but white space stands around it.
    Whole,
    /// It is a part of the text.
    Part(String),
    /// It was no JSON as it stood.
    Repaired,
}

/// How many places of a text are tried: a text of brackets alone would otherwise be read once for each.
const MAX_PLACES: usize = 16;

/// What may be meant by `text`, the likeliest first: all of it, what stands in a fence, and, where it is read leniently,
/// what stands between other text, repaired where it is no JSON.
pub fn candidates(text: &str, is_lenient: bool) -> Vec<Found> {
    if let Ok(value) = serde_json::from_str(text.trim()) {
        return vec![Found { value, how: How::Whole }];
    }
    let mut found: Vec<_> = fenced(text).and_then(part).into_iter().collect();
    let mut rest = text;
    for _ in 0..MAX_PLACES {
        let Some(at) = rest.find(['{', '[']).filter(|_| is_lenient) else { break };
        rest = &rest[at..];
        if let Some((value, length)) = beginning(rest) {
            let (whole, after) = rest.split_at(length);
            found.push(Found { value, how: How::Part(whole.to_owned()) });
            rest = after;
        } else if let Some(object) = repaired(rest) {
            found.push(object);
            break;
        } else {
            rest = &rest[1..];
        }
    }
    found
}

/// Why there is no JSON in `text`.
pub fn nothing(text: &str) -> Misfit {
    let text = text.trim();
    Misfit(match serde_json::from_str::<Value>(text) {
        _ if text.is_empty() => "it is empty".into(),
        Err(error) => format!("it is no JSON: {error}"),
        Ok(_) => "it is no JSON".into(),
    })
}

/// The inside of the one fence in a text.
fn fenced(text: &str) -> Option<&str> {
    let (_, inside) = text.split_once("```")?;
    let (inside, rest) = inside.split_once("```").unwrap_or((inside, ""));
    let inside = inside.trim_start_matches(|it: char| it.is_ascii_alphanumeric());
    (!rest.contains("```")).then_some(inside)
}

fn part(text: &str) -> Option<Found> {
    let text = text.trim();
    let value = serde_json::from_str(text).ok()?;
    Some(Found { value, how: How::Part(text.to_owned()) })
}

/// The value that a text begins with, and how long it is there.
fn beginning(text: &str) -> Option<(Value, usize)> {
    let mut values = Deserializer::from_str(text).into_iter();
    let value = values.next()?.ok()?;
    Some((value, values.byte_offset()))
}

/// The object that a text begins with, after repair. What was cut off is none: its rest would be made up.
fn repaired(text: &str) -> Option<Found> {
    let object = json_repair::object(text).ok().filter(|object| !object.is_open)?;
    Some(Found { value: object.fields.into(), how: How::Repaired })
}

impl Found {
    pub fn into_fit(self) -> Fit {
        let warned = |message: &str| Some(Warning::new("response_format_text", message));
        let (text, warning) = match self.how {
            How::Whole => (None, None),
            How::Part(text) => {
                (Some(text), warned("The answer had more text than its JSON; that is left out."))
            }
            How::Repaired => {
                (Some(self.value.to_string()), warned("The answer was no proper JSON; it was repaired."))
            }
        };
        Fit { parsed: Some(Parsed::Json), text, warning }
    }
}
