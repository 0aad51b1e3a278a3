use super::Client;
use crate::types::{Event, Events, Sink, Warning};

/// Hands events on without the secrets that a server may have written into a warning. (The text of an answer is the
/// model's: it goes on as it is.) Each warning is told once, however often the request is sent.
pub struct Discreet<'a, S> {
    client: &'a Client,
    sink: &'a mut S,
    told: Vec<Warning>,
    /// Some text or a call was handed on: nothing takes that back.
    pub has_handed_out: bool,
}

impl<'a, S> Discreet<'a, S> {
    pub fn new(client: &'a Client, sink: &'a mut S) -> Self {
        Self { client, sink, told: Vec::new(), has_handed_out: false }
    }
}

impl<S: Events> Events for Discreet<'_, S> {
    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Warning(warning) if self.told.contains(warning) => {}
            Event::Warning(warning) => {
                self.told.push(warning.clone());
                let mut warning = warning.clone();
                self.client.hide(&mut warning);
                self.sink.event(Event::Warning(&warning));
            }
            Event::Load(progress) => {
                let mut progress = progress.clone();
                super::redact(&self.client.redactor(), &mut progress.status);
                self.sink.event(Event::Load(&progress));
            }
            Event::Message(_) | Event::ToolCall(_) => {
                self.has_handed_out = true;
                self.sink.event(event);
            }
            event => self.sink.event(event),
        }
    }
}

impl<S: Sink> Sink for Discreet<'_, S> {
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

impl Client {
    /// Takes out of a warning what must not be shown.
    pub(super) fn hide(&self, warning: &mut Warning) {
        super::redact(&self.redactor(), &mut warning.message);
    }
}
