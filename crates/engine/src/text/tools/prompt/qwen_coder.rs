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
        let mut text = String::new();
        for call in calls {
            if !text.is_empty() {
                text.push('\n');
            }
            text += &format!("<tool_call>\n<function={}>\n", call.name);
            for (key, value) in call.texts() {
                text += &format!("<parameter={key}>\n{value}\n</parameter>\n");
            }
            text += "</function>\n</tool_call>";
        }
        text
    }

    fn result(&self, _: &str) -> (String, &'static str) {
        ("<tool_response>\n".into(), "\n</tool_response>")
    }
}
