//! A format in words, for a model that nothing else holds to it.

use serde_json::Value;

use super::Misfit;
use crate::types::{ChatRequest, JsonSchema, Message, ResponseFormat, ToolChoice};

/// Adds what `format` wants of the answer to the instructions in `request`.
pub fn describe(format: &ResponseFormat, request: &mut ChatRequest) {
    let mut wish = wish(format);
    let tools = &request.tools;
    if !tools.tools.is_empty() && tools.tool_choice != Some(ToolChoice::None) {
        wish.insert_str(0, "This is how to answer once you need to call nothing more. ");
    }
    match request.messages.first_mut() {
        // In the same message: many templates take one only.
        Some(Message::System { content } | Message::Developer { content }) => {
            content.push_str("\n\n");
            content.push_str(&wish);
        }
        _ => request.messages.insert(0, Message::System { content: wish }),
    }
}

fn wish(format: &ResponseFormat) -> String {
    match format {
        ResponseFormat::JsonObject => {
            format!("Answer with one JSON object. {ONLY_JSON}")
        }
        ResponseFormat::JsonSchema(JsonSchema { schema, .. }) => {
            let schema = Value::Object(schema.clone());
            format!("Answer with JSON that fits this JSON Schema:\n{schema}\n{ONLY_JSON}")
        }
        ResponseFormat::Regex { pattern } => format!(
            "Answer with nothing but a text that matches this regular expression as a whole:\n{pattern}"
        ),
        ResponseFormat::Choice { choices } => {
            format!("Answer with exactly one of these lines, and nothing else:\n{}", choices.join("\n"))
        }
        ResponseFormat::Grammar { grammar } => {
            format!("Answer with nothing but a text that this grammar (in GBNF) allows:\n{grammar}")
        }
    }
}

const ONLY_JSON: &str = "Write only the JSON: no other text, no code fence.";

/// What the user would say to an answer that does not fit.
#[must_use]
pub fn mend(Misfit(reason): &Misfit) -> String {
    format!(
        "This answer does not have the format that was asked for: {reason}. Answer again, with nothing but the corrected answer."
    )
}
