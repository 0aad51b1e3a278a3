//! `DeepSeek` since V3.1.
//! <https://huggingface.co/deepseek-ai/DeepSeek-V3.1#toolcall>

use serde_json::Value;

use super::{Call, Style, declaration};
use crate::types::Tool;

pub struct DeepSeek;

impl Style for DeepSeek {
    fn describe(&self, tools: &[Tool]) -> String {
        let tool = |tool: &Tool| {
            let description = tool.description.as_deref().unwrap_or_default();
            let parameters = &declaration(tool)["parameters"];
            format!("### {}\nDescription: {description}\n\nParameters: {parameters}\n\n", tool.name)
        };
        format!(
            "## Tools\nYou have access to the following tools:\n\n{}To call one, write its name and its arguments as JSON, \
             like this:\n<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>tool_name<｜tool▁sep｜>{{\"argument\": \"value\"}}\
             <｜tool▁call▁end｜><｜tool▁calls▁end｜>",
            tools.iter().map(tool).collect::<String>()
        )
    }

    fn calls(&self, calls: &[Call<'_>]) -> String {
        let call = |call: &Call<'_>| {
            let arguments = Value::Object(call.arguments.clone());
            format!("<｜tool▁call▁begin｜>{}<｜tool▁sep｜>{arguments}<｜tool▁call▁end｜>", call.name)
        };
        let calls: String = calls.iter().map(call).collect();
        format!("<｜tool▁calls▁begin｜>{calls}<｜tool▁calls▁end｜>")
    }

    fn result(&self, _: &str) -> (String, &'static str) {
        ("<｜tool▁output▁begin｜>".into(), "<｜tool▁output▁end｜>")
    }
}
