//! Hermes and Qwen, and who else was trained on their format.
//! <https://github.com/NousResearch/Hermes-Function-Calling>

use super::{Call, Style, function, lines};
use crate::types::Tool;

pub struct Hermes;

impl Style for Hermes {
    fn describe(&self, tools: &[Tool]) -> String {
        format!(
            "# Tools\n\nYou may call functions. Their signatures stand within <tools></tools>:\n<tools>\n{}\n</tools>\n\n\
             To call one, write a JSON object with its name and arguments within <tool_call></tool_call>, like this:\n\
             <tool_call>\n{{\"name\": \"function_name\", \"arguments\": {{\"argument\": \"value\"}}}}\n</tool_call>",
            lines(tools.iter().map(function))
        )
    }

    fn calls(&self, calls: &[Call<'_>]) -> String {
        let call = |call: &Call<'_>| format!("<tool_call>\n{}\n</tool_call>", call.to_json("arguments"));
        calls.iter().map(call).collect::<Vec<_>>().join("\n")
    }

    fn result(&self, _: &str) -> (String, &'static str) {
        ("<tool_response>\n".into(), "\n</tool_response>")
    }
}
