//! DeepSeek since V3.1.
//! <https://huggingface.co/deepseek-ai/DeepSeek-V3.1#toolcall>

use super::{Call, Style, declaration};
use crate::types::Tool;

pub struct DeepSeek;

impl Style for DeepSeek {
    fn describe(&self, tools: &[Tool]) -> String {
        let mut text = "## Tools\nYou have access to the following tools:\n".to_owned();
        for tool in tools {
            let description = tool.description.as_deref().unwrap_or_default();
            let parameters = &declaration(tool)["parameters"];
            text += &format!("\n### {}\nDescription: {description}\n\nParameters: {parameters}\n", tool.name);
        }
        text + "\nTo call one, write its name and its arguments as JSON, like this:\n\
                <｜tool▁calls▁begin｜><｜tool▁call▁begin｜>tool_name<｜tool▁sep｜>{\"argument\": \"value\"}\
                <｜tool▁call▁end｜><｜tool▁calls▁end｜>"
    }

    fn calls(&self, calls: &[Call<'_>]) -> String {
        let mut text = "<｜tool▁calls▁begin｜>".to_owned();
        for call in calls {
            let arguments = serde_json::Value::Object(call.arguments.clone());
            text +=
                &format!("<｜tool▁call▁begin｜>{}<｜tool▁sep｜>{arguments}<｜tool▁call▁end｜>", call.name);
        }
        text + "<｜tool▁calls▁end｜>"
    }

    fn result(&self, _: &str) -> (String, &'static str) {
        ("<｜tool▁output▁begin｜>".into(), "<｜tool▁output▁end｜>")
    }
}
