//! GLM since 4.5.
//! <https://huggingface.co/zai-org/GLM-4.5/blob/main/chat_template.jinja>

use super::{Call, Style, function, lines};
use crate::types::Tool;

pub struct Glm;

impl Style for Glm {
    fn describe(&self, tools: &[Tool]) -> String {
        format!(
            "# Tools\n\nYou may call functions. Their signatures stand within <tools></tools>:\n<tools>\n{}\n</tools>\n\n\
             To call one, write its name and arguments within <tool_call></tool_call>, like this:\n\
             <tool_call>function_name\n<arg_key>argument</arg_key>\n<arg_value>value</arg_value>\n</tool_call>",
            lines(tools.iter().map(function))
        )
    }

    fn calls(&self, calls: &[Call<'_>]) -> String {
        let mut text = String::new();
        for call in calls {
            if !text.is_empty() {
                text.push('\n');
            }
            text += &format!("<tool_call>{}\n", call.name);
            for (key, value) in call.texts() {
                text += &format!("<arg_key>{key}</arg_key>\n<arg_value>{value}</arg_value>\n");
            }
            text += "</tool_call>";
        }
        text
    }

    fn result(&self, _: &str) -> (String, &'static str) {
        ("<tool_response>\n".into(), "\n</tool_response>")
    }
}
