use super::Place;
use crate::protocol::{Decoder, Dialect};

/// Where a text completion is asked for, and how its answer is read.
pub struct CompletionWay {
    pub place: Place<'static>,
    pub decoder: Box<dyn Fn(usize) -> Box<dyn Decoder> + Send + Sync>,
}

impl CompletionWay {
    /// As all servers of a dialect have it.
    #[must_use]
    pub fn of(dialect: &'static dyn Dialect) -> Self {
        Self {
            place: Place::Api(dialect.completion_path()),
            decoder: Box::new(|limit| dialect.decoder(limit)),
        }
    }
}
