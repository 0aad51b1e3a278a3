//! The ways in which a request tells of its tools: as the protocol has them, or in its text.

use crate::{
    error::ToolFailure,
    text::without_tools,
    types::{ChatRequest, Message, ToolMode, ToolOptions, Warning},
};

/// A request that tells of its tools as the protocol has them: kept for a server that takes none, or that cannot read
/// what its own model makes of them.
pub struct NativeTools {
    request: ChatRequest,
    was_asked_again: bool,
}

impl NativeTools {
    pub fn new(request: ChatRequest) -> Self {
        Self { request, was_asked_again: false }
    }

    /// Whether the same request may be mended by being sent once more.
    pub fn asks_again(&mut self, failure: ToolFailure) -> Option<Warning> {
        let is_worth_it = failure == ToolFailure::GarbledCall && self.offers_tools() && !self.was_asked_again;
        self.was_asked_again |= is_worth_it;
        is_worth_it.then(|| {
            Warning::new(
                "garbled_call",
                "The server could not read the call that its model wrote; it was asked once more.",
            )
        })
    }

    /// The request in the other way, and what is told of that; nothing where the caller wants this way.
    pub fn other_way(self, failure: ToolFailure, model: &str) -> Option<(ChatRequest, Warning)> {
        let Self { mut request, .. } = self;
        let warning = match (failure, request.tools.tool_mode) {
            (ToolFailure::Refused, ToolMode::Native) => return None,
            (ToolFailure::GarbledCall, _) if request.tools.tools.is_empty() => return None,
            (ToolFailure::GarbledCall, ToolMode::Native) => {
                request.tools.tools.clear();
                Warning::new(
                    "tools_left_out",
                    "The server could not read what its model called; it was asked without tools.",
                )
            }
            (ToolFailure::GarbledCall, _) => Warning::new(
                "tools_in_prompt",
                "The server could not read what its model called; for this request, tools are described in the prompt.",
            ),
            (ToolFailure::Refused, _) => in_prompt(),
        };
        tell_in_text(&mut request, model);
        Some((request, warning))
    }

    fn offers_tools(&self) -> bool {
        !self.request.tools.tools.is_empty()
    }
}

/// Whether `request` offers tools, or has a history of them.
pub fn speaks_of_tools(request: &ChatRequest) -> bool {
    !request.tools.tools.is_empty()
        || request.messages.iter().any(|message| match message {
            Message::Tool { .. } => true,
            Message::Assistant(message) => !message.tool_calls.is_empty(),
            _ => false,
        })
}

/// Has `request` tell of tools in its text alone.
pub fn tell_in_text(request: &mut ChatRequest, model: &str) {
    let tools: ToolOptions = std::mem::take(&mut request.tools);
    request.messages = without_tools(std::mem::take(&mut request.messages), &tools, model);
}

/// The ids of the calls in the history.
pub fn ids_of_history(request: &ChatRequest) -> Vec<String> {
    let calls = request.messages.iter().filter_map(|message| match message {
        Message::Assistant(message) => Some(&message.tool_calls),
        _ => None,
    });
    calls.flatten().map(|call| call.id.clone()).collect()
}

pub fn in_prompt() -> Warning {
    Warning::new(
        "tools_in_prompt",
        "The server takes no tools for this model; they are described in the prompt.",
    )
}
