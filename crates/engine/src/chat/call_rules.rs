use super::ToolNames;
use crate::types::{Limits, Tool, ToolChoice, ToolMode, ToolOptions};

/// What a request says of the calls of its answer: by it they are put together, and held to what was asked for.
#[derive(Debug, Clone)]
pub struct CallRules {
    pub names: ToolNames,
    /// With the caller's own name.
    pub choice: Option<ToolChoice>,
    /// At most one call an answer.
    pub is_single: bool,
    /// How many calls are kept at most.
    pub limit: usize,
    /// What is looked for in the text, by the names that went over the wire.
    pub in_text: Vec<Tool>,
    pub keep_markup: bool,
    /// Ids that no call may have: the history's.
    pub taken: Vec<String>,
}

impl CallRules {
    #[must_use]
    pub fn new(options: &ToolOptions, limit: usize) -> Self {
        let names = ToolNames::of(&options.tools);
        let sent = |tool: &Tool| Tool { name: names.sent(&tool.name), ..tool.clone() };
        let in_text = match options.tool_mode {
            ToolMode::Native => Vec::new(),
            ToolMode::Auto | ToolMode::Prompted => options.tools.iter().map(sent).collect(),
        };
        Self {
            in_text,
            keep_markup: options.keep_tool_markup,
            names,
            choice: options.tool_choice.clone().filter(|_| !options.tools.is_empty()),
            is_single: options.parallel_tool_calls == Some(false),
            limit,
            taken: Vec::new(),
        }
    }

    /// Why a call of `name` is against the choice, if it is.
    #[must_use]
    pub fn refusal(&self, name: &str) -> Option<&'static str> {
        match &self.choice {
            Some(ToolChoice::None) => Some("the request allowed no calls"),
            Some(ToolChoice::Named { name: wanted }) if wanted != name => {
                Some("the request asked for a call of another tool")
            }
            _ => None,
        }
    }

    /// The model had to call something.
    #[must_use]
    pub fn needs_call(&self) -> bool {
        matches!(self.choice, Some(ToolChoice::Required | ToolChoice::Named { .. }))
    }
}

impl Default for CallRules {
    fn default() -> Self {
        Self::new(&ToolOptions::default(), Limits::default().max_tool_calls)
    }
}
