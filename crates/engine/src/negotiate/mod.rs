//! A refusal that names a field: into a changed request, remembered for the model.

mod messages;
mod reasoning;
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
use messages::Step;
use reasoning::Amendment;
use remedy::{REMEDIES, Remedy, is_combination};
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
    reasoning: Vec<Amendment>,
    steps: Vec<Step>,
}

impl Learnt {
    /// Changes what this model was found to refuse, and says what of the user's that was.
    pub fn apply(&self, model: &str, body: &mut Map<String, Value>) -> Vec<Warning> {
        let models = self.lock();
        let Some(known) = models.get(model) else { return Vec::new() };
        let changed = known.remedies.iter().filter(|remedy| remedy.apply(body));
        let mut told: Vec<_> = changed.filter_map(|remedy| remedy.told_each_time()).collect();
        let amended = known.reasoning.iter().filter(|amendment| amendment.apply(body));
        told.extend(amended.map(|amendment| amendment.warning()));
        told.extend(messages::apply(&known.steps, body).into_iter().map(Step::warning));
        told
    }

    /// If `error` refuses what can be left out or said otherwise: does that, remembers it, and says so.
    pub fn refusal(&self, error: &Error, model: &str, body: &mut Map<String, Value>) -> Option<Warning> {
        let mut models = self.lock();
        let known = models.entry(model.to_owned()).or_default();
        known.reasoning(error, body).or_else(|| known.field(error, body)).or_else(|| known.step(error, body))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Known>> {
        self.models.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// Finds how to reason instead of what `error` refuses.
    fn reasoning(&mut self, error: &Error, body: &mut Map<String, Value>) -> Option<Warning> {
        if !matches!(error.status, Some(400 | 422)) {
            return None;
        }
        let amendment = reasoning::amendment(error, body, &self.reasoning)?;
        if !amendment.apply(body) {
            return None;
        }
        reasoning::remember(&mut self.reasoning, amendment);
        Some(amendment.warning())
    }

    /// Finds the field that `error` refuses, and what is done about it.
    fn field(&mut self, error: &Error, body: &mut Map<String, Value>) -> Option<Warning> {
        // 404: a gateway found nobody who takes it.
        let is_refusal = matches!(error.status, Some(400 | 422))
            || error.status == Some(404) && error.refusal.of_any_value && !error.wrong_path;
        if !is_refusal {
            return None;
        }
        // To and fro would never end.
        let leads_back = |remedy: &Remedy| self.remedies.iter().any(|known| known.undoes(remedy));
        let candidates = REMEDIES.iter().filter(|remedy| !leads_back(remedy));
        let places = candidates.filter_map(|remedy| Some((remedy.refused_at(error, body)?, remedy)));
        // "Use 'max_completion_tokens' instead" comes after what is refused.
        let (_, remedy) = places.min_by_key(|(place, _)| *place)?;
        let is_for_now = remedy.field().is_some_and(|field| is_combination(error, field, body));
        if !remedy.apply(body) {
            return None;
        }
        if !is_for_now && !self.remedies.iter().any(|known| ptr::eq(*known, remedy)) {
            self.remedies.push(remedy);
        }
        Some(remedy.warning())
    }

    /// Takes one step towards messages that `error` does not refuse. There is an end to them: none undoes another.
    fn step(&mut self, error: &Error, body: &mut Map<String, Value>) -> Option<Warning> {
        let step = *messages::steps_for(error).iter().find(|step| step.apply(body))?;
        if !self.steps.contains(&step) {
            self.steps.push(step);
        }
        Some(step.warning())
    }
}
