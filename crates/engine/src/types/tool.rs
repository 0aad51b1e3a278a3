use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Something that the model may ask the caller to do.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Tool {
    pub name: String,
    #[serde(default)]
    pub description: Option<String>,
    /// JSON Schema of its arguments.
    #[serde(default)]
    pub parameters: Option<Map<String, Value>>,
    #[serde(default)]
    pub strict: Option<bool>,
}

/// Which tools the model may or must call.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ToolChoice {
    Auto,
    None,
    Required,
    #[serde(untagged)]
    Named {
        name: String,
    },
}

/// How tools are offered to the model.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ToolMode {
    /// As the server knows them; what the model writes into its text is read, too.
    #[default]
    Auto,
    Native,
    /// Described in the prompt; calls are read from the text.
    Prompted,
}

/// What the caller offers, and how.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ToolOptions {
    pub tools: Vec<Tool>,
    pub tool_choice: Option<ToolChoice>,
    pub parallel_tool_calls: Option<bool>,
    pub tool_mode: ToolMode,
    /// The markup of calls that were read from the text stays in it.
    pub keep_tool_markup: bool,
}

/// What the model wants to be done.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ToolCall {
    /// Unique within the answer, whatever the server sent.
    pub id: String,
    pub name: String,
    /// What the model wrote.
    pub raw_arguments: String,
    #[serde(flatten)]
    pub arguments: Arguments,
}

/// The arguments of a call, or why there are none.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Arguments {
    Read {
        arguments: Map<String, Value>,
        /// What the model wrote was no JSON as it stood.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        repaired: bool,
    },
    Invalid {
        /// Why the call cannot be used: cut off, or no JSON even after repair.
        invalid: String,
    },
}

/// Part of a call, as it comes in a stream.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ToolCallFragment<'a> {
    /// Which call it belongs to, as the server counts; `None` where it does not say.
    pub index: Option<u64>,
    /// Empty where this fragment has none, as are the others.
    pub id: &'a str,
    pub name: &'a str,
    pub arguments: &'a str,
    /// What the server wants to see again with the call, as it is written.
    pub extra: &'a str,
    /// All of a call: no other fragment belongs to it.
    pub whole: bool,
}

impl ToolCallFragment<'_> {
    /// It says nothing of any call.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.id.is_empty() && self.name.is_empty() && self.arguments.is_empty()
    }
}
