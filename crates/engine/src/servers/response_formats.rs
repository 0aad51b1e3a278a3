use serde_json::{Map, Value};

use crate::types::ResponseFormat;

/// What a server makes of the response formats that its protocol knows, and of its own constraints.
#[derive(Debug, Clone, Copy)]
pub struct ResponseFormats {
    pub json_schema: Heed,
    /// It is so of a schema only where that is sent as strict; any other may or may not be heeded.
    pub needs_strict: bool,
    pub json_object: Heed,
    /// Of what [`Server::constraint`](super::Server::constraint) gives.
    pub constraint: Heed,
    /// The model may still call a tool: the format holds for the text alone.
    pub beside_tools: bool,
}

/// Whether a server holds the model to what it is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heed {
    /// Token by token: what comes is right as far as it goes.
    Always,
    /// It may, or may not know of it.
    Unknown,
    /// It refuses it, or takes no notice.
    Never,
}

impl ResponseFormats {
    pub const UNKNOWN: Self = Self {
        json_schema: Heed::Unknown,
        needs_strict: false,
        json_object: Heed::Unknown,
        constraint: Heed::Unknown,
        beside_tools: false,
    };
    pub const ENFORCED: Self = Self {
        json_schema: Heed::Always,
        needs_strict: false,
        json_object: Heed::Always,
        constraint: Heed::Always,
        beside_tools: false,
    };
    pub const NONE: Self = Self { json_schema: Heed::Never, json_object: Heed::Never, ..Self::UNKNOWN };
}

/// One field, as a constraint.
pub fn field(name: &str, value: impl Into<Value>) -> Map<String, Value> {
    Map::from_iter([(name.to_owned(), value.into())])
}

/// The constraint of a server whose `field` takes grammars in GBNF.
/// <https://github.com/ggml-org/llama.cpp/blob/master/grammars/README.md>
pub fn gbnf(name: &str, format: &ResponseFormat) -> Option<Map<String, Value>> {
    match format {
        ResponseFormat::Grammar { grammar } => Some(field(name, grammar.as_str())),
        ResponseFormat::Choice { choices } => {
            let choices: Vec<_> = choices.iter().map(|choice| literal(choice)).collect();
            Some(field(name, format!("root ::= {}", choices.join(" | "))))
        }
        _ => None,
    }
}

fn literal(text: &str) -> String {
    let mut literal = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => literal.extend(['\\', character]),
            '\n' => literal.push_str("\\n"),
            '\r' => literal.push_str("\\r"),
            '\t' => literal.push_str("\\t"),
            other => literal.push(other),
        }
    }
    literal.push('"');
    literal
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn choices_are_a_grammar_of_literals() {
        let choices = vec!["yes".into(), "a \"b\"\\\n".into()];
        let constraint = gbnf("grammar", &ResponseFormat::Choice { choices }).unwrap();
        assert_eq!(
            Value::from(constraint),
            json!({ "grammar": "root ::= \"yes\" | \"a \\\"b\\\"\\\\\\n\"" })
        );
    }
}
