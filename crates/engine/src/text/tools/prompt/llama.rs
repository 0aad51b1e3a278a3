//! Llama since 3.1.
//! <https://www.llama.com/docs/model-cards-and-prompt-formats/llama3_1/#json-based-tool-calling>

use super::{Call, Style, function, lines};
use crate::types::Tool;

pub struct Llama;

impl Style for Llama {
    fn describe(&self, tools: &[Tool]) -> String {
        format!(
            "You have access to the following functions:\n\n{}\n\nTo call one, answer with nothing but a JSON object of \
             its name and arguments, like this:\n\
             {{\"name\": \"function_name\", \"parameters\": {{\"argument\": \"value\"}}}}",
            lines(tools.iter().map(function))
        )
    }

    fn calls(&self, calls: &[Call<'_>]) -> String {
        let calls: Vec<String> = calls.iter().map(|call| call.to_json("parameters")).collect();
        calls.join("\n")
    }

    fn result(&self, tool: &str) -> (String, &'static str) {
        (format!("Result of {tool}:\n"), "")
    }
}
