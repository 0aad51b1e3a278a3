use std::time::Duration;

use serde::Serialize;

use super::{ToolCall, Warning};

/// What a caller is told while an answer arrives.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Event<'a> {
    /// A piece of the answer's text; never empty.
    Message(&'a str),
    /// A piece of the reasoning; never empty.
    Reasoning(&'a str),
    /// A whole call, as soon as nothing more of it can come.
    ToolCall(&'a ToolCall),
    Progress {
        phase: Phase,
        done: Option<u64>,
        total: Option<u64>,
    },
    /// The request will be sent again.
    Retry {
        /// How often it was sent so far.
        attempt: u32,
        /// How long is waited before.
        delay: Duration,
        /// Why: the last attempt's failure, in words and as its code.
        error: &'a str,
        error_type: &'static str,
    },
    Warning(&'a Warning),
    /// Of a command that takes long.
    Load(&'a LoadProgress),
}

/// How far a server is with loading or fetching a model.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct LoadProgress {
    /// The server's own words, or ours where it only counts.
    pub status: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub done: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
}

/// What the server is busy with before the first token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    Loading,
    Prompt,
}

impl Phase {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Loading => "loading",
            Self::Prompt => "prompt",
        }
    }
}

/// Takes the events of one answer, in order.
pub trait Events {
    fn event(&mut self, event: Event<'_>);
}

/// Where the events of a call go: with an end to each batch, and with back-pressure.
pub trait Sink: Events + Send {
    /// What has been given so far may be handed on: no more comes from what was just read.
    fn flush(&mut self);

    /// Whether more may be read. False once the consumer has fallen too far behind.
    fn has_room(&self) -> bool;

    /// Resolves when there is room again.
    fn room(&self) -> impl Future<Output = ()> + Send;

    /// Whether anybody hears the events.
    fn is_heard(&self) -> bool {
        true
    }
}

impl<F: FnMut(Event<'_>)> Events for F {
    fn event(&mut self, event: Event<'_>) {
        self(event);
    }
}
