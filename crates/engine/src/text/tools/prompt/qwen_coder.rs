//! Qwen3-Coder, and Qwen since 3.5.
//! <https://huggingface.co/Qwen/Qwen3-Coder-480B-A35B-Instruct/blob/main/chat_template.jinja>

use super::{Call, Style, function, lines};
use crate::types::Tool;

pub struct QwenCoder;

impl Style for QwenCoder {
    fn describe(&self, tools: &[Tool]) -> String {
        format!(
            "# Tools\n\nYou have access to the following functions:\n\n<tools>\n{}\n</tools>\n\n\
             To call one, write it within <tool_call></tool_call>, each argument within <parameter></parameter>, like \
             this:\n<tool_call>\n<function=function_name>\n<parameter=argument>\nvalue\n</parameter>\n</function>\n\
             </tool_call>",
            lines(tools.iter().map(function))
        )
    }

    fn calls(&self, calls: &[Call<'_>]) -> String {
        let argument = |(key, value): (&str, String)| format!("<parameter={key}>\n{value}\n</parameter>\n");
        let call = |call: &Call<'_>| {
            let arguments: String = call.texts().map(argument).collect();
            format!("<tool_call>\n<function={}>\n{arguments}</function>\n</tool_call>", call.name)
        };
        calls.iter().map(call).collect::<Vec<_>>().join("\n")
    }

    fn result(&self, _: &str) -> (String, &'static str) {
        ("<tool_response>\n".into(), "\n</tool_response>")
    }
}
