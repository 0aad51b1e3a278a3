//! The tool calls of a frame, in whatever shape they come: a list, a single call for a list, null; the function's name
//! and arguments in `function` or beside it; arguments as a text, an object or nothing.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    elements::each,
    json,
    lenient::{Number, Object, Text},
};
use crate::types::{Delta, ToolCallFragment};

/// What one frame tells of a call.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Share {
    /// Perhaps only a piece of it.
    Piece,
    /// All of it.
    Whole,
}

/// Tells the calls of a list one by one: of a long one, nothing is held.
pub fn read(list: &RawValue, share: Share, out: &mut dyn FnMut(Delta<'_>)) {
    each(list, &mut |call| read_call(call, share, out));
}

/// Tells one call. What is no object is passed over.
pub fn read_call(call: &RawValue, share: Share, out: &mut dyn FnMut(Delta<'_>)) {
    _ = json::with_repair(call.get().as_bytes(), |text| {
        let call = serde_json::from_str::<Object<Call<'_>>>(text)?;
        if let Some(call) = call.0 {
            let function = call.function.0.unwrap_or_default();
            let arguments = function.arguments.or(call.arguments).map(text_of).unwrap_or_default();
            let fragment = ToolCallFragment {
                index: call.index.count(),
                id: &call.id.0,
                name: if function.name.0.is_empty() { &call.name.0 } else { &function.name.0 },
                arguments: &arguments,
                extra: call.extra_content.map(RawValue::get).unwrap_or_default(),
                whole: share == Share::Whole,
            };
            if !fragment.is_empty() {
                out(Delta::ToolCall(fragment));
            }
        }
        Ok(())
    });
}

/// Arguments as the text that most servers send.
fn text_of(arguments: &RawValue) -> Cow<'_, str> {
    let text = arguments.get();
    if !text.starts_with('"') {
        return text.into();
    }
    match serde_json::from_str::<Text<'_>>(text) {
        Ok(Text(text)) => text,
        Err(_) => json::with_repair(text.as_bytes(), |text| serde_json::from_str::<String>(text))
            .map_or_else(|_| text.into(), |(text, _)| text.into()),
    }
}

#[derive(Deserialize)]
struct Call<'a> {
    #[serde(default)]
    index: Number,
    #[serde(borrow, default)]
    id: Text<'a>,
    #[serde(borrow, default)]
    function: Object<Function<'a>>,
    /// Of the function, where it has no object of its own.
    #[serde(borrow, default)]
    name: Text<'a>,
    #[serde(borrow, default)]
    arguments: Option<&'a RawValue>,
    /// Gemini's signature of its thoughts.
    /// <https://ai.google.dev/gemini-api/docs/thought-signatures>
    #[serde(borrow, default)]
    extra_content: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
struct Function<'a> {
    #[serde(borrow, default)]
    name: Text<'a>,
    #[serde(borrow, default)]
    arguments: Option<&'a RawValue>,
}
