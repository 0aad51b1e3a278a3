//! Tools for a server that knows none: described in the system message, and calls and results as text, all in the
//! style that the model's family was trained on.

mod deepseek;
mod gemma;
mod glm;
mod granite;
mod hermes;
mod llama;
mod mistral;
mod qwen_coder;

use std::borrow::Cow;

use serde_json::{Map, Value, json};

use crate::{
    text::json_repair,
    types::{Content, GivenToolCall, Message, Part, Tool, ToolChoice, ToolOptions},
};

/// How a family of models speaks of tools.
trait Style: Sync {
    /// The tools, and how to call one.
    fn describe(&self, tools: &[Tool]) -> String;

    /// Calls in the history, as the model would have written them.
    fn calls(&self, calls: &[Call<'_>]) -> String;

    /// What stands before and after the result of `tool`.
    fn result(&self, tool: &str) -> (String, &'static str);
}

/// A call in the history.
struct Call<'a> {
    name: &'a str,
    arguments: Map<String, Value>,
}

/// What the names of models contain, and the style of each. The first that fits counts; other models get the style of
/// Hermes, which most have seen.
const STYLES: [(&str, &dyn Style); 22] = [
    ("distill-qwen", &hermes::Hermes),
    ("distill-llama", &llama::Llama),
    ("hermes", &hermes::Hermes),
    ("qwen3-coder", &qwen_coder::QwenCoder),
    ("qwen3coder", &qwen_coder::QwenCoder),
    ("qwen3.5", &qwen_coder::QwenCoder),
    ("mistral", &mistral::Mistral),
    ("mixtral", &mistral::Mistral),
    ("ministral", &mistral::Mistral),
    ("magistral", &mistral::Mistral),
    ("devstral", &mistral::Mistral),
    ("llama-3", &llama::Llama),
    ("llama3", &llama::Llama),
    ("llama-4", &llama::Llama),
    ("llama4", &llama::Llama),
    ("deepseek", &deepseek::DeepSeek),
    ("gemma", &gemma::Gemma),
    ("granite", &granite::Granite),
    ("glm-4.5", &glm::Glm),
    ("glm-4.6", &glm::Glm),
    ("glm-4.7", &glm::Glm),
    ("glm-5", &glm::Glm),
];

fn style_of(model: &str) -> &'static dyn Style {
    let model = model.to_ascii_lowercase();
    let found = STYLES.iter().find(|(pattern, _)| model.contains(pattern));
    found.map_or(&hermes::Hermes, |(_, style)| *style)
}

/// `messages` for a server that takes neither tools nor messages of them. Without tools in `options`, or if none may
/// be called, only the history is rewritten.
#[must_use]
pub fn without_tools(messages: Vec<Message>, options: &ToolOptions, model: &str) -> Vec<Message> {
    let style = style_of(model);
    let mut history = History { style, names: Vec::new(), messages: Vec::new(), ends_with_result: false };
    for message in messages {
        history.push(message);
    }
    if !options.tools.is_empty() && options.tool_choice != Some(ToolChoice::None) {
        history.instruct(description(style, options));
    }
    history.messages
}

fn description(style: &dyn Style, options: &ToolOptions) -> String {
    let choice = match &options.tool_choice {
        Some(ToolChoice::Required) => "You must call a function now; do not answer in words.",
        Some(ToolChoice::Named { name }) => {
            &format!("You must call the function {name} now; do not answer in words.")
        }
        Some(ToolChoice::Auto | ToolChoice::None) | None => {
            "Call a function only if you need its result; otherwise answer in words."
        }
    };
    let number = match options.parallel_tool_calls {
        Some(false) => "Call one function at a time.",
        _ => "You may call several functions, one after the other.",
    };
    let tools = match &options.tool_choice {
        Some(ToolChoice::Named { name }) => {
            options.tools.iter().filter(|tool| tool.name == *name).cloned().collect()
        }
        _ => Cow::Borrowed(options.tools.as_slice()),
    };
    format!("{}\n\n{choice} {number}", style.describe(&tools))
}

/// The messages so far.
struct History {
    style: &'static dyn Style,
    /// The tool of each call, by the call's id.
    names: Vec<(String, String)>,
    messages: Vec<Message>,
    /// The last message is the user's, and holds the result of a tool.
    ends_with_result: bool,
}

impl History {
    /// Puts `text` after the instructions that are there, in the same message: many templates take one only.
    fn instruct(&mut self, text: String) {
        match self.messages.first_mut() {
            Some(Message::System { content } | Message::Developer { content }) => {
                content.push_str("\n\n");
                content.push_str(&text);
            }
            _ => self.messages.insert(0, Message::System { content: text }),
        }
    }

    fn push(&mut self, message: Message) {
        match message {
            Message::Assistant(mut message) if !message.tool_calls.is_empty() => {
                let calls = std::mem::take(&mut message.tool_calls);
                let text = self.style.calls(&calls.iter().map(Call::of).collect::<Vec<_>>());
                message.content = Some(match message.content.take() {
                    Some(content) if !content.is_empty() => format!("{content}\n{text}"),
                    _ => text,
                });
                self.names.extend(calls.into_iter().map(|call| (call.id, call.name)));
                self.messages.push(Message::Assistant(message));
                self.ends_with_result = false;
            }
            Message::Tool { tool_call_id, content, name } => {
                let known = self.names.iter().rfind(|(id, _)| *id == tool_call_id);
                let name = name.or_else(|| known.map(|(_, name)| name.clone())).unwrap_or_default();
                let (before, after) = self.style.result(&name);
                let content =
                    joined(joined(Content::Text(before), content, ""), Content::Text(after.into()), "");
                self.join(content, None, "\n");
                self.ends_with_result = true;
            }
            Message::User { content, name } if self.ends_with_result => {
                self.join(content, name, "\n\n");
                self.ends_with_result = false;
            }
            other => {
                self.messages.push(other);
                self.ends_with_result = false;
            }
        }
    }

    /// Adds to the user's last message, if it is the last of all: strict templates take no two in a row.
    fn join(&mut self, content: Content, name: Option<String>, separator: &str) {
        match self.messages.pop() {
            Some(Message::User { content: before, name: known }) => {
                let content = joined(before, content, separator);
                self.messages.push(Message::User { content, name: name.or(known) });
            }
            other => {
                self.messages.extend(other);
                self.messages.push(Message::User { content, name });
            }
        }
    }
}

impl<'a> Call<'a> {
    fn of(call: &'a GivenToolCall) -> Self {
        let read = || json_repair::object(&call.raw_arguments).map(|read| read.fields).unwrap_or_default();
        Self { name: &call.name, arguments: call.arguments.clone().unwrap_or_else(read) }
    }

    /// `{"name": …, "arguments": …}`, or with another word for the arguments.
    fn to_json(&self, arguments: &str) -> String {
        format!(
            "{{\"name\": {}, \"{arguments}\": {}}}",
            Value::from(self.name),
            Value::Object(self.arguments.clone())
        )
    }

    /// Each argument as text: a string as it is, anything else as JSON.
    fn texts(&self) -> impl Iterator<Item = (&str, String)> {
        self.arguments.iter().map(|(key, value)| {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            (key.as_str(), text)
        })
    }
}

/// A tool as OpenAI's protocol describes it, which is what models were shown.
fn function(tool: &Tool) -> Value {
    json!({"type": "function", "function": declaration(tool)})
}

fn declaration(tool: &Tool) -> Value {
    let mut declaration = json!({"name": tool.name});
    if let Some(description) = &tool.description {
        declaration["description"] = json!(description);
    }
    declaration["parameters"] = match &tool.parameters {
        Some(parameters) => Value::Object(parameters.clone()),
        None => json!({"type": "object", "properties": {}}),
    };
    declaration
}

/// One after the other, a line each.
fn lines(values: impl Iterator<Item = Value>) -> String {
    values.map(|value| value.to_string()).collect::<Vec<_>>().join("\n")
}

fn joined(first: Content, second: Content, separator: &str) -> Content {
    match (first, second) {
        (Content::Text(first), Content::Text(second)) => Content::Text(first + separator + &second),
        (first, second) => {
            let mut parts = parts(first);
            if !separator.is_empty() {
                parts.push(Part::Text { text: separator.to_owned() });
            }
            parts.extend(self::parts(second));
            Content::Parts(parts)
        }
    }
}

fn parts(content: Content) -> Vec<Part> {
    match content {
        Content::Text(text) if text.is_empty() => Vec::new(),
        Content::Text(text) => vec![Part::Text { text }],
        Content::Parts(parts) => parts,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        text::{ToolPiece, ToolTextSplitter},
        types::{Arguments, AssistantMessage},
    };

    const MODELS: [(&str, &str); 10] = [
        ("some/unknown-7B", "<tool_call>\n{"),
        ("Qwen2.5-7B-Instruct", "<tool_call>\n{"),
        ("Qwen/Qwen3-Coder-30B-A3B", "<function="),
        ("mistral-small-latest", "[TOOL_CALLS]"),
        ("Meta-Llama-3.1-8B-Instruct-GGUF", "\"parameters\""),
        ("deepseek-chat", "<｜tool▁call▁begin｜>"),
        ("DeepSeek-R1-Distill-Qwen-7B", "<tool_call>\n{"),
        ("gemma-3-27b-it", "```tool_code"),
        ("granite-3.3-8b", "<|tool_call|>"),
        ("GLM-4.5-Air", "<arg_key>"),
    ];

    fn options(options: Value) -> ToolOptions {
        serde_json::from_value(options).unwrap()
    }

    fn offering() -> ToolOptions {
        options(json!({"tools": [
            {"name": "get_weather", "description": "The weather of a place", "parameters": {"type": "object", "properties": {
                "city": {"type": "string"}, "days": {"type": "integer"}, "metric": {"type": "boolean"}, "more": {}
            }}},
            {"name": "list_files"}
        ]}))
    }

    fn messages(messages: Value) -> Vec<Message> {
        serde_json::from_value(messages).unwrap()
    }

    /// Each message as its role and text.
    fn told(messages: &[Message]) -> Vec<(&'static str, String)> {
        messages
            .iter()
            .map(|message| match message {
                Message::System { content } => ("system", content.clone()),
                Message::Developer { content } => ("developer", content.clone()),
                Message::User { content: Content::Text(text), .. } => ("user", text.clone()),
                Message::User { content: Content::Parts(parts), .. } => {
                    ("user", format!("{} parts", parts.len()))
                }
                Message::Assistant(AssistantMessage { content, tool_calls, .. }) => {
                    assert!(tool_calls.is_empty());
                    ("assistant", content.clone().unwrap_or_default())
                }
                Message::Tool { .. } => panic!("no message of a tool"),
            })
            .collect()
    }

    fn history() -> Vec<Message> {
        messages(json!([
            {"role": "user", "content": "And in Paris?"},
            {"role": "assistant", "content": "Let me see.", "toolCalls": [
                {"id": "a", "name": "get_weather", "rawArguments": "{\"city\": \"Paris\", \"days\": 2}"},
                {"id": "b", "name": "list_files", "rawArguments": ""}
            ]},
            {"role": "tool", "toolCallId": "a", "content": "sunny"},
            {"role": "tool", "toolCallId": "b", "content": "none"},
            {"role": "user", "content": "So?"}
        ]))
    }

    #[test]
    fn tools_are_described_in_the_style_of_the_models_family() {
        for (model, markup) in MODELS {
            let described = told(&without_tools(
                messages(json!([{"role": "user", "content": "Hi"}])),
                &offering(),
                model,
            ));
            assert_eq!((described[0].0, described.len()), ("system", 2), "{model}");
            for part in [
                markup,
                "get_weather",
                "The weather of a place",
                "\"metric\":{\"type\":\"boolean\"}",
                "list_files",
            ] {
                assert!(described[0].1.contains(part), "{model}: {part} in {}", described[0].1);
            }
        }
    }

    #[test]
    fn what_a_style_writes_is_read_as_the_same_call() {
        let offering = offering();
        let expected =
            json!({"city": "Pa\"r\nis 🙂", "days": 3, "metric": true, "more": {"a": [1, null, "x"]}});
        for (model, markup) in MODELS {
            let call = Call { name: "get_weather", arguments: expected.as_object().unwrap().clone() };
            let other = Call { name: "list_files", arguments: Map::new() };
            let text = style_of(model).calls(&[call, other]);
            assert!(text.contains(markup), "{model}: {text}");
            let mut calls = Vec::new();
            let mut splitter = ToolTextSplitter::new(&offering.tools, false);
            let mut take = |piece: ToolPiece<'_>| match piece {
                ToolPiece::Text(text) => panic!("{model}: {text} is a call"),
                ToolPiece::Call(call) => calls.push((call.name, call.arguments)),
            };
            splitter.push(&text, &mut take);
            splitter.finish(None, &mut take);
            let read = |arguments: &Value| Arguments::Read {
                arguments: arguments.as_object().unwrap().clone(),
                repaired: false,
            };
            let both = [("get_weather".into(), read(&expected)), ("list_files".into(), read(&json!({})))];
            assert_eq!(calls, both, "{model}: {text}");
        }
    }

    #[test]
    fn calls_and_results_of_the_history_become_text() {
        let rewritten = told(&without_tools(history(), &ToolOptions::default(), ""));
        assert_eq!(
            rewritten,
            [
                ("user", "And in Paris?".to_owned()),
                (
                    "assistant",
                    "Let me see.\n<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {\"city\":\"Paris\",\"days\":2}}\n\
                     </tool_call>\n<tool_call>\n{\"name\": \"list_files\", \"arguments\": {}}\n</tool_call>"
                        .to_owned()
                ),
                (
                    "user",
                    "<tool_response>\nsunny\n</tool_response>\n<tool_response>\nnone\n</tool_response>\n\nSo?".to_owned()
                ),
            ]
        );
        let rewritten = told(&without_tools(history(), &ToolOptions::default(), "llama3.2"));
        assert_eq!(rewritten[2].1, "Result of get_weather:\nsunny\nResult of list_files:\nnone\n\nSo?");
    }

    #[test]
    fn no_two_messages_of_the_user_stand_in_a_row_where_there_was_one() {
        for (model, _) in MODELS {
            let roles: Vec<_> =
                told(&without_tools(history(), &offering(), model)).iter().map(|told| told.0).collect();
            assert_eq!(roles, ["system", "user", "assistant", "user"], "{model}");
        }
    }

    #[test]
    fn the_description_follows_the_instructions_that_are_there() {
        for role in ["system", "developer"] {
            let given =
                messages(json!([{"role": role, "content": "Be brief."}, {"role": "user", "content": "Hi"}]));
            let described = told(&without_tools(given, &offering(), ""));
            assert_eq!((described[0].0, described.len()), (role, 2));
            assert!(described[0].1.starts_with("Be brief.\n\n# Tools"), "{}", described[0].1);
        }
    }

    #[test]
    fn the_choice_of_tools_is_an_instruction() {
        let instructions = |choice: Value| {
            let mut options = offering();
            options.tool_choice = serde_json::from_value(choice).unwrap();
            told(&without_tools(Vec::new(), &options, "")).first().map(|told| told.1.clone())
        };
        assert!(instructions(json!("auto")).unwrap().contains("only if you need"));
        assert!(instructions(json!("required")).unwrap().contains("You must call a function now"));
        let named = instructions(json!({"name": "list_files"})).unwrap();
        assert!(named.contains("You must call the function list_files now"));
        assert_eq!(instructions(json!("none")), None);
        let mut one = offering();
        one.parallel_tool_calls = Some(false);
        assert!(told(&without_tools(Vec::new(), &one, ""))[0].1.contains("one function at a time"));
    }
}
