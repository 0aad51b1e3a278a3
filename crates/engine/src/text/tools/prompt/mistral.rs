//! Mistral.
//! <https://docs.mistral.ai/guides/tokenization/>

use serde_json::Value;

use super::{Call, Style, function};
use crate::types::Tool;

pub struct Mistral;

impl Style for Mistral {
    fn describe(&self, tools: &[Tool]) -> String {
        format!(
            "[AVAILABLE_TOOLS] {}[/AVAILABLE_TOOLS]\n\nTo call functions, write a JSON list of their names and arguments \
             after [TOOL_CALLS], like this:\n\
             [TOOL_CALLS] [{{\"name\": \"function_name\", \"arguments\": {{\"argument\": \"value\"}}}}]",
            tools.iter().map(function).collect::<Value>()
        )
    }

    fn calls(&self, calls: &[Call<'_>]) -> String {
        let calls: Vec<String> = calls.iter().map(|call| call.to_json("arguments")).collect();
        format!("[TOOL_CALLS] [{}]", calls.join(", "))
    }

    fn result(&self, _: &str) -> (String, &'static str) {
        ("[TOOL_RESULTS] ".into(), "[/TOOL_RESULTS]")
    }
}
