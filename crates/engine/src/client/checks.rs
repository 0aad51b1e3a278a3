use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::{
    error::{Code, Error, Result},
    text::format::Check,
    types::ResponseFormat,
};

/// The formats that were asked for last: to compile a schema costs more than to check a short answer.
#[derive(Default)]
pub struct Checks {
    known: Mutex<VecDeque<Arc<Check>>>,
}

/// How many are kept.
const MAX_KNOWN: usize = 8;

impl Checks {
    /// # Errors
    /// `configuration`
    pub async fn of(&self, format: ResponseFormat) -> Result<Arc<Check>> {
        let known = self.lock().iter().find(|known| *known.format() == format).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        // The thread of all calls must not wait for a large schema.
        let compiled = tokio::task::spawn_blocking(move || Check::new(format)).await;
        let check = compiled.map_err(|failure| {
            Error::new(Code::Configuration, format!("The response format cannot be used: {failure}"))
        })?;
        let check = Arc::new(check?);
        let mut known = self.lock();
        known.truncate(MAX_KNOWN - 1);
        known.push_front(check.clone());
        Ok(check)
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Arc<Check>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
