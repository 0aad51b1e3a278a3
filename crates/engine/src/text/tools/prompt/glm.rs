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
        let argument = |(key, value): (&str, String)| {
            format!("<arg_key>{key}</arg_key>\n<arg_value>{value}</arg_value>\n")
        };
        let call = |call: &Call<'_>| {
            let arguments: String = call.texts().map(argument).collect();
            format!("<tool_call>{}\n{arguments}</tool_call>", call.name)
        };
        calls.iter().map(call).collect::<Vec<_>>().join("\n")
    }

    fn result(&self, _: &str) -> (String, &'static str) {
        ("<tool_response>\n".into(), "\n</tool_response>")
    }
}
