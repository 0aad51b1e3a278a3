//! A refusal that names a field: into a changed request, remembered for the model.

mod remedy;
pub mod response_format;
#[cfg(test)]
mod tests;

use std::{
    collections::HashMap,
    ptr,
    sync::{Mutex, MutexGuard, PoisonError},
};

use serde_json::{Map, Value};

use crate::{error::Error, types::Warning};
use remedy::{REMEDIES, Remedy};
use response_format::Formats;

/// What one server was found to refuse, for each of its models. It lasts as long as the provider.
#[derive(Debug, Default)]
pub struct Learnt {
    models: Mutex<HashMap<String, Known>>,
}

/// What is known of one model. Another kind of memory is another field here, and a method of [`Learnt`] in a file of
/// its own.
#[derive(Debug, Default)]
struct Known {
    remedies: Vec<&'static Remedy>,
    formats: Formats,
}

impl Learnt {
    /// Changes what this model was found to refuse, and says what of the user's that was.
    pub fn apply(&self, model: &str, body: &mut Map<String, Value>) -> Vec<Warning> {
        let models = self.lock();
        let known = models.get(model).into_iter().flat_map(|known| &known.remedies);
        known.filter(|remedy| remedy.apply(body)).filter_map(|remedy| remedy.told_each_time()).collect()
    }

    /// If `error` refuses what can be left out or said otherwise: does that, remembers it, and says so.
    pub fn refusal(&self, error: &Error, model: &str, body: &mut Map<String, Value>) -> Option<Warning> {
        if !matches!(error.status, Some(400 | 422)) {
            return None;
        }
        self.lock().entry(model.to_owned()).or_default().remedy(error, body).map(Remedy::warning)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Known>> {
        self.models.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// Finds what `error` calls for, does it, and remembers it.
    fn remedy(&mut self, error: &Error, body: &mut Map<String, Value>) -> Option<&'static Remedy> {
        // To and fro would never end.
        let leads_back = |remedy: &Remedy| self.remedies.iter().any(|known| known.undoes(remedy));
        let candidates = REMEDIES.iter().filter(|remedy| !leads_back(remedy));
        let places = candidates.filter_map(|remedy| Some((remedy.refused_at(error, body)?, remedy)));
        // "Use 'max_completion_tokens' instead" comes after what is refused.
        let (_, remedy) = places.min_by_key(|(place, _)| *place)?;
        if !remedy.apply(body) {
            return None;
        }
        if !self.remedies.iter().any(|known| ptr::eq(*known, remedy)) {
            self.remedies.push(remedy);
        }
        Some(remedy)
    }
}
