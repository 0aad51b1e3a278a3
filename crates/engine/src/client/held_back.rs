use super::discreet::Discreet;
use crate::types::{Event, Events, Sink};

/// Keeps the text of an answer until it is known to be right, so that nobody is given another one after it.
pub struct HeldBack<'a, S> {
    sink: Discreet<'a, S>,
    /// `None` while text is handed on as it comes.
    text: Option<String>,
}

impl<'a, S: Events> HeldBack<'a, S> {
    pub fn new(sink: Discreet<'a, S>) -> Self {
        Self { sink, text: None }
    }

    /// Begins with another answer, of which nothing was handed on yet.
    pub fn holds(&mut self, holds: bool) {
        self.text = holds.then(String::new);
    }

    #[must_use]
    pub fn is_holding(&self) -> bool {
        self.text.is_some()
    }

    /// Some text or a call was handed on: nothing takes that back.
    #[must_use]
    pub fn has_handed_out(&self) -> bool {
        self.sink.has_handed_out
    }

    /// Hands on what is held: `text`, or what came.
    pub fn release(&mut self, text: Option<&str>) {
        let Some(held) = self.text.take() else { return };
        let text = text.unwrap_or(&held);
        if !text.is_empty() {
            self.sink.event(Event::Message(text));
        }
    }
}

impl<S: Events> Events for HeldBack<'_, S> {
    fn event(&mut self, event: Event<'_>) {
        match (event, &mut self.text) {
            (Event::Message(text), Some(held)) => held.push_str(text),
            // An answer with calls is not looked at: its text comes before them.
            (Event::ToolCall(call), Some(_)) => {
                self.release(None);
                self.sink.event(Event::ToolCall(call));
            }
            (event, _) => self.sink.event(event),
        }
    }
}

impl<S: Sink> Sink for HeldBack<'_, S> {
    fn flush(&mut self) {
        self.sink.flush();
    }

    fn has_room(&self) -> bool {
        self.sink.has_room()
    }

    fn room(&self) -> impl Future<Output = ()> + Send {
        self.sink.room()
    }

    fn is_heard(&self) -> bool {
        self.sink.is_heard()
    }
}
