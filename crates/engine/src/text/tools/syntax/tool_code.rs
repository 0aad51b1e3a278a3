//! Fences whose language says that they hold calls: Gemma's.
//! <https://ai.google.dev/gemma/docs/capabilities/function-calling>

use super::{Head, Place, Syntax, json};
use crate::text::tools::{
    extent::{Extent, FENCE},
    found::{Context, Found},
    offered::Offered,
    python,
};

#[derive(Debug)]
pub struct ToolCode;

impl Syntax for ToolCode {
    fn opens(&self) -> &'static [&'static str] {
        &["```tool_code\n", "```tool_call\n"]
    }

    fn place(&self) -> Place {
        Place::Line
    }

    fn head(&self, text: &str, offered: &Offered) -> Head {
        match python::head(text, offered) {
            Head::No => json::head(text, offered, json::Proof::Name),
            head => head,
        }
    }

    fn extent(&self) -> Extent {
        Extent::Fence
    }

    /// A fence that holds anything but calls is code to be read.
    fn read<'a>(&self, text: &'a str, context: Context<'_>) -> Vec<Found<'a>> {
        let (text, whole) = text.strip_suffix(FENCE).map_or((text, false), |text| (text, true));
        let mut found = if text.trim_start().starts_with(['{', '[']) && text.contains('{') {
            json::read(text, context, json::Proof::Name)
        } else {
            python::read_all(text, context)
        };
        if found.iter().any(|found| matches!(found, Found::Text(_))) {
            return Vec::new();
        }
        if let Some(Found::Call(call)) = found.last_mut()
            && !whole
        {
            call.set_repaired();
        }
        found
    }
}
