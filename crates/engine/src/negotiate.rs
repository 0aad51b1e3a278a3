//! A refusal that names a field: into a changed request, remembered for the model.

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, PoisonError},
};

use serde_json::{Map, Value, json};

use crate::{error::Error, types::Warning};

/// What the package adds by itself and a server may do without, and how it is added: what the user set otherwise is
/// never left out.
fn optional_fields() -> [(&'static str, Value); 1] {
    [("stream_options", json!({ "include_usage": true }))]
}

/// What the user set and the package sees to itself, where a server refuses it.
const ENFORCED_FIELDS: [&str; 2] = ["tool_choice", "parallel_tool_calls"];

/// Takes `field` out of `body`. A choice of tools is then made by what is offered.
fn leave_out(field: &str, body: &mut Map<String, Value>) {
    let Some(value) = body.remove(field) else { return };
    if field != "tool_choice" {
        return;
    }
    if value == "none" {
        body.remove("tools");
    } else if let Some(name) = value.pointer("/function/name")
        && let Some(Value::Array(tools)) = body.get_mut("tools")
    {
        tools.retain(|tool| tool.pointer("/function/name") == Some(name));
    }
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
            leave_out(field, body);
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
        let optional = optional_fields().into_iter().filter(|(field, added)| body.get(*field) == Some(added));
        let enforced = ENFORCED_FIELDS.into_iter().filter(|field| body.contains_key(*field));
        let field = optional.map(|(field, _)| field).chain(enforced).find(|field| names(field))?;
        leave_out(field, body);
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
    fn a_refused_choice_of_tools_is_made_by_what_is_offered() {
        let tools = json!([{ "function": { "name": "f" } }, { "function": { "name": "g" } }]);
        let offered = |choice: Value| {
            let learnt = Learnt::default();
            let body = json!({ "tools": tools, "tool_choice": choice, "parallel_tool_calls": false });
            let Value::Object(body) = body else { unreachable!("it is one") };
            let mut sent = body.clone();
            let error = refusal(400, "Invalid tool_choice type: 'object'");
            assert_eq!(learnt.refusal(&error, "m", &mut sent).unwrap().code, "refused_field");
            assert_eq!((sent.get("tool_choice"), &sent["parallel_tool_calls"]), (None, &json!(false)));
            let mut next = body;
            learnt.apply("m", &mut next);
            assert_eq!(next, sent);
            sent.get("tools").map(|tools| tools.as_array().unwrap().len())
        };
        assert_eq!(offered(json!({ "type": "function", "function": { "name": "g" } })), Some(1));
        assert_eq!(offered(json!("required")), Some(2));
        assert_eq!(offered(json!("none")), None);
    }

    #[test]
    fn what_the_user_set_and_what_is_no_refusal_stays() {
        let learnt = Learnt::default();
        assert_eq!(learnt.refusal(&refusal(400, "temperature is too high"), "m", &mut body()), None);
        assert_eq!(learnt.refusal(&refusal(500, "stream_options broke me"), "m", &mut body()), None);
    }
}
