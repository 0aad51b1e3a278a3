//! Granite.
//! <https://www.ibm.com/granite/docs/models/granite/>

use serde_json::Value;

use super::{Call, Style, declaration};
use crate::types::Tool;

pub struct Granite;

impl Style for Granite {
    fn describe(&self, tools: &[Tool]) -> String {
        format!(
            "You have access to the following tools:\n{}\n\nTo call some, write a JSON list of their names and arguments \
             after <|tool_call|>, like this:\n\
             <|tool_call|>[{{\"name\": \"function_name\", \"arguments\": {{\"argument\": \"value\"}}}}]",
            tools.iter().map(declaration).collect::<Value>()
        )
    }

    fn calls(&self, calls: &[Call<'_>]) -> String {
        let calls: Vec<String> = calls.iter().map(|call| call.to_json("arguments")).collect();
        format!("<|tool_call|>[{}]", calls.join(", "))
    }

    fn result(&self, tool: &str) -> (String, &'static str) {
        (format!("Result of {tool}:\n"), "")
    }
}
