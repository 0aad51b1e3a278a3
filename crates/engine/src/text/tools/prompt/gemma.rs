//! Gemma, which writes calls as Python.
//! <https://ai.google.dev/gemma/docs/capabilities/function-calling>

use serde_json::Value;

use super::{Call, Style, declaration, lines};
use crate::types::Tool;

pub struct Gemma;

impl Style for Gemma {
    fn describe(&self, tools: &[Tool]) -> String {
        format!(
            "You have access to functions. Their declarations:\n{}\n\nTo call one, write the call in Python and wrap it \
             with ```tool_code, like this:\n```tool_code\nfunction_name(argument=\"value\")\n```\nIts result comes \
             wrapped with ```tool_output.",
            lines(tools.iter().map(declaration))
        )
    }

    fn calls(&self, calls: &[Call<'_>]) -> String {
        let call = |call: &Call<'_>| {
            let arguments: Vec<String> =
                call.arguments.iter().map(|(key, value)| format!("{key}={}", literal(value))).collect();
            format!("{}({})\n", call.name, arguments.join(", "))
        };
        format!("```tool_code\n{}```", calls.iter().map(call).collect::<String>())
    }

    fn result(&self, _: &str) -> (String, &'static str) {
        ("```tool_output\n".into(), "\n```")
    }
}

/// A value in Python, whose strings may be written as JSON's.
fn literal(value: &Value) -> String {
    match value {
        Value::Null => "None".into(),
        Value::Bool(true) => "True".into(),
        Value::Bool(false) => "False".into(),
        Value::Array(list) => {
            format!("[{}]", list.iter().map(literal).collect::<Vec<_>>().join(", "))
        }
        Value::Object(object) => {
            let members = object
                .iter()
                .map(|(key, value)| format!("{}: {}", Value::from(key.as_str()), literal(value)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(", "))
        }
        Value::Number(_) | Value::String(_) => value.to_string(),
    }
}
