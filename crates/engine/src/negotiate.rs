//! A refusal that names a field: into a changed request, remembered for the model.

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, PoisonError},
};

use serde_json::{Map, Value, json};

use crate::{error::Error, types::Warning};

/// What the package adds by itself and a server may do without, and how it is added: what the user set otherwise is
/// never left out.
fn optional_fields() -> [(&'static str, Value); 2] {
    [("stream_options", json!({ "include_usage": true })), ("return_progress", json!(true))]
}

/// What one server was found to refuse, for each of its models.
#[derive(Debug, Default)]
pub struct Learnt {
    refused: Mutex<HashMap<String, HashSet<&'static str>>>,
}

impl Learnt {
    /// Leaves out what this model was found to refuse.
    pub fn apply(&self, model: &str, body: &mut Map<String, Value>) {
        let refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        for field in refused.get(model).into_iter().flatten() {
            body.remove(*field);
        }
    }

    /// If `error` refuses a field that can be left out: leaves it out, remembers it, and says so.
    pub fn refusal(&self, error: &Error, model: &str, body: &mut Map<String, Value>) -> Option<Warning> {
        if !matches!(error.status, Some(400 | 422)) {
            return None;
        }
        let names = |field: &str| {
            error.refused_field.as_deref().is_some_and(|refused| refused.starts_with(field))
                || error.message.contains(field)
        };
        let is_refused = |field: &str, added: &Value| body.get(field) == Some(added) && names(field);
        let (field, _) = optional_fields().into_iter().find(|(field, added)| is_refused(field, added))?;
        body.remove(field);
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        refused.entry(model.to_owned()).or_default().insert(field);
        Some(Warning::new("refused_field", format!("The server refuses `{field}`; it is left out.")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;

    fn refusal(status: u16, message: &str) -> Error {
        let mut error = Error::new(Code::InvalidRequest, message);
        error.status = Some(status);
        error
    }

    fn body() -> Map<String, Value> {
        serde_json::from_value(
            json!({ "model": "m", "stream_options": { "include_usage": true }, "temperature": 1 }),
        )
        .unwrap()
    }

    #[test]
    fn a_refused_field_is_left_out_once_and_remembered_for_its_model() {
        let learnt = Learnt::default();
        let mut sent = body();
        let error = refusal(422, "Unexpected keys in the request: {'stream_options'}");
        assert_eq!(learnt.refusal(&error, "m", &mut sent).unwrap().code, "refused_field");
        assert!(!sent.contains_key("stream_options"));
        assert_eq!(learnt.refusal(&error, "m", &mut sent), None, "a second refusal is the user's");
        let mut next = body();
        learnt.apply("m", &mut next);
        assert!(!next.contains_key("stream_options"));
        let mut other = body();
        learnt.apply("other", &mut other);
        assert!(other.contains_key("stream_options"));
    }

    #[test]
    fn what_the_user_set_and_what_is_no_refusal_stays() {
        let learnt = Learnt::default();
        assert_eq!(learnt.refusal(&refusal(400, "temperature is too high"), "m", &mut body()), None);
        assert_eq!(learnt.refusal(&refusal(500, "stream_options broke me"), "m", &mut body()), None);
    }
}
