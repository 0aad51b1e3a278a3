use super::assembly::Assembly;
use crate::{
    error::{Code, Error, Result},
    protocol::Decoder,
    types::{Answer, Events, Partial, Warning},
};

/// Reads one answer: bytes in, events out, and the answer at the end. Does no I/O.
pub struct Reading {
    decoder: Box<dyn Decoder>,
    assembly: Assembly,
}

impl Reading {
    #[must_use]
    pub fn new(decoder: Box<dyn Decoder>) -> Self {
        Self { decoder, assembly: Assembly::default() }
    }

    /// # Errors
    /// What the server reported inside its answer, with what had arrived; `protocol` for what nobody can read.
    pub fn push(&mut self, bytes: &[u8], events: &mut dyn Events) -> Result<()> {
        let assembly = &mut self.assembly;
        self.decoder
            .push(bytes, &mut |delta| assembly.apply(delta, events))
            .map_err(|error| self.fail(error, events))
    }

    /// The body is at its end; `broken` tells why, if it did not end properly.
    ///
    /// # Errors
    /// `stream` where the answer broke off, `empty_completion` where none came, and as [`push`](Self::push); each
    /// with what had arrived.
    pub fn finish(mut self, broken: Option<Error>, events: &mut dyn Events) -> Result<Answer> {
        let assembly = &mut self.assembly;
        let rest = self.decoder.finish(&mut |delta| assembly.apply(delta, events));
        if let Err(error) = rest {
            // What was complete before the connection broke stays so.
            if !(self.is_finished() && error.code == Code::Protocol) {
                return Err(self.fail(broken.unwrap_or(error), events));
            }
        }
        self.assembly.release(events);
        let last_words = self.decoder.last_words().map(str::to_owned);
        self.assembly.verdict(broken, events).map_err(|mut error| {
            if let Some(words) = last_words {
                error.message = format!("{}. Its last words: {words}", error.message);
            }
            error
        })
    }

    /// The server said that nothing more comes: the rest of the body need not be waited for.
    #[must_use]
    pub fn is_ended(&self) -> bool {
        self.assembly.is_ended()
    }

    /// The answer is complete but for what the server may still count.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.assembly.is_finished()
    }

    /// The first text, reasoning or tool call has come, or the first byte of a document.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        self.assembly.has_begun() || self.decoder.has_begun()
    }

    /// How often the server told how far it has read the prompt.
    #[must_use]
    pub fn progress(&self) -> u32 {
        self.assembly.progress()
    }

    pub fn warn(&mut self, warning: Warning, events: &mut dyn Events) {
        self.assembly.warn(warning, events);
    }

    /// Ends the reading with `error`, which then holds what had arrived.
    pub fn fail(&mut self, error: Error, events: &mut dyn Events) -> Error {
        self.assembly.release(events);
        std::mem::take(&mut self.assembly).fail(error)
    }

    /// What had arrived.
    #[must_use]
    pub fn into_partial(self) -> Partial {
        self.assembly.into_partial()
    }
}
