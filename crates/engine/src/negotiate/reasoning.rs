//! How a model reasons is told in words of which each knows some. What it takes is found out from its refusals.

use serde_json::{Map, Value};

use super::remedy::{top, word_in};
use crate::{error::Error, types::Warning};

/// What is done about an option that a model refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Amendment {
    /// All of it is left out.
    LeaveOut,
    /// Another effort stands for that one, or none.
    Instead { refused: &'static str, sent: Option<&'static str> },
    /// Ollama's models take a level, or only a switch.
    Switch,
}

/// From the least to the most. `default` is what a model does by itself, and `none` not to reason.
const EFFORTS: [&str; 6] = ["none", "minimal", "low", "medium", "default", "high"];

/// How servers say that a model does not reason. Ollama's and its gateway's.
const NO_REASONING: [&str; 3] =
    ["does not support thinking", "does not support reasoning", "reasoning is not supported"];

/// What mends that `error` refuses how `body` says to reason, if anything does. `known`: what was found before.
pub fn amendment(error: &Error, body: &Map<String, Value>, known: &[Amendment]) -> Option<Amendment> {
    let words = error.message.as_str();
    if NO_REASONING.iter().any(|known| words.contains(known)) {
        return Some(Amendment::LeaveOut);
    }
    if words.contains("think value") {
        return Some(Amendment::Switch);
    }
    let given = effort(body)?;
    let path = error.refusal.field.as_deref().map(top);
    // Another field may be refused because of it.
    if path.is_some_and(|path| !path.starts_with("reasoning") && body.contains_key(path)) {
        return None;
    }
    let is_named = matches!(path, Some("reasoning_effort" | "reasoning"))
        || ["reasoning_effort", "reasoning.effort"].iter().any(|name| word_in(words, name).is_some())
        || words.contains("reasoning value");
    if !is_named {
        return None;
    }
    // What else the caller writes there is the caller's.
    let Some(refused) = EFFORTS.into_iter().find(|effort| *effort == given) else {
        return error.refusal.of_any_value.then_some(Amendment::LeaveOut);
    };
    // What stands for another is not itself replaced: to and fro would never end.
    let is_substitute = known.iter().any(|amendment| amendment.sends(refused));
    let sent = if is_substitute { None } else { nearest(refused, words, known) };
    let is_of_value = sent.is_some() || is_substitute || word_in(words, refused).is_some();
    Some(if is_of_value { Amendment::Instead { refused, sent } } else { Amendment::LeaveOut })
}

/// That of the efforts in `words` which is nearest to the one that is refused. Whoever wants some reasoning gets some.
fn nearest(refused: &str, words: &str, known: &[Amendment]) -> Option<&'static str> {
    let place = EFFORTS.iter().position(|effort| *effort == refused)?;
    let offered = EFFORTS.into_iter().enumerate().filter(|(other, effort)| {
        *other != place
            && (*other > 0 || place == 0)
            && word_in(words, effort).is_some()
            && !known.iter().any(|amendment| amendment.refuses(effort))
    });
    offered.min_by_key(|(other, _)| other.abs_diff(place)).map(|(_, effort)| effort)
}

/// Adds to `known` what is done from now on.
pub fn remember(known: &mut Vec<Amendment>, amendment: Amendment) {
    if let Amendment::Instead { refused, .. } = amendment {
        known.retain(|other| !other.refuses(refused));
        for other in known.iter_mut() {
            if let Amendment::Instead { sent, .. } = other
                && *sent == Some(refused)
            {
                *sent = None;
            }
        }
    }
    if !known.contains(&amendment) {
        known.push(amendment);
    }
}

fn effort(body: &Map<String, Value>) -> Option<&str> {
    body.get("reasoning_effort").or_else(|| body.get("reasoning")?.get("effort"))?.as_str()
}

impl Amendment {
    fn refuses(self, effort: &str) -> bool {
        matches!(self, Self::Instead { refused, .. } if refused == effort)
    }

    fn sends(self, effort: &str) -> bool {
        matches!(self, Self::Instead { sent: Some(sent), .. } if sent == effort)
    }

    /// Changes `body`, if there is anything to change.
    pub fn apply(self, body: &mut Map<String, Value>) -> bool {
        match self {
            Self::LeaveOut => {
                let fields = ["reasoning_effort", "reasoning", "think"];
                fields.into_iter().filter(|field| body.remove(*field).is_some()).count() > 0
            }
            Self::Instead { refused, sent } => {
                if effort(body) != Some(refused) {
                    return false;
                }
                let Some((fields, name)) = effort_place(body) else { return false };
                match sent {
                    Some(sent) => fields.insert(name.to_owned(), sent.into()),
                    None => fields.remove(name),
                };
                true
            }
            Self::Switch => {
                let place = body.get_mut("think").filter(|think| think.is_string());
                place.map(|think| *think = true.into()).is_some()
            }
        }
    }

    pub fn warning(self) -> Warning {
        let message = match self {
            Self::LeaveOut => "The model refuses how it is told to reason; that is left out.".to_owned(),
            Self::Instead { refused, sent: Some(sent) } => {
                format!("The model refuses the reasoning effort `{refused}`; `{sent}` is sent.")
            }
            Self::Instead { refused, sent: None } => {
                format!("The model refuses the reasoning effort `{refused}`; it is left out.")
            }
            Self::Switch => "The model refuses levels of reasoning; it is switched on.".to_owned(),
        };
        Warning::new("refused_field", message)
    }
}

/// The object that has the effort, and the name of its field.
fn effort_place(body: &mut Map<String, Value>) -> Option<(&mut Map<String, Value>, &'static str)> {
    if body.contains_key("reasoning_effort") {
        return Some((body, "reasoning_effort"));
    }
    Some((body.get_mut("reasoning")?.as_object_mut()?, "effort"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{negotiate::Learnt, protocol::Failure};

    /// What is sent after `words` refused `fields`, this time and the next.
    fn sent(words: &str, fields: Value) -> Option<Value> {
        let error = Failure::of_body(words.as_bytes()).status(400).into_error();
        let Value::Object(first) = fields else { panic!() };
        let (learnt, mut again, mut next) = (Learnt::default(), first.clone(), first);
        let warning = learnt.refusal(&error, "m", &mut again)?;
        assert_eq!(learnt.apply("m", &mut next), [warning]);
        assert_eq!(next, again);
        Some(again.into())
    }

    #[test]
    fn the_nearest_effort_that_the_server_names_is_sent() {
        let openai = r#"{"error":{"message":"Unsupported value: 'reasoning_effort' does not support 'none' with this model. Supported values are: 'minimal', 'low', 'medium', and 'high'.","type":"invalid_request_error","param":"reasoning_effort","code":"unsupported_value"}}"#;
        let newer = r#"{"error":{"message":"Unsupported value: 'minimal' is not supported with the 'gpt-5.1' model. Supported values are: 'none', 'low', 'medium', and 'high'.","param":"reasoning_effort","code":"unsupported_value"}}"#;
        let switch = r#"{"error":{"message":"`reasoning_effort` must be one of `none` or `default`","type":"invalid_request_error"}}"#;
        let levels = r#"{"error":{"message":"`reasoning_effort` must be one of `low`, `medium`, or `high`","type":"invalid_request_error"}}"#;
        let vllm = r#"{"error":{"message":"[{'type': 'literal_error', 'loc': ('body', 'reasoning_effort'), 'msg': \"Input should be 'low', 'medium' or 'high'\", 'input': 'minimal'}]","type":"Bad Request","code":400}}"#;
        for (words, given, effort) in [
            (openai, "none", "minimal"),
            (newer, "minimal", "low"),
            (switch, "high", "default"),
            (switch, "low", "default"),
            (levels, "default", "medium"),
            (levels, "none", "low"),
            (vllm, "minimal", "low"),
        ] {
            let fields = json!({ "reasoning_effort": given });
            assert_eq!(sent(words, fields), Some(json!({ "reasoning_effort": effort })), "{words}");
        }
        let nested = r#"{"error":{"message":"Unsupported value: 'none' is not supported with this model. Supported values are: 'low' and 'high'.","param":"reasoning.effort","code":"unsupported_value"}}"#;
        let fields = json!({ "reasoning": { "effort": "none" } });
        assert_eq!(sent(nested, fields), Some(json!({ "reasoning": { "effort": "low" } })));
    }

    /// What is sent for each of `efforts` in turn, by one provider, to a server that takes those that `takes` says and else
    /// answers with `words`.
    fn sent_to(takes: &[&str], words: &str, efforts: &[&str]) -> Vec<Vec<Option<String>>> {
        let learnt = Learnt::default();
        let error = Failure::of_body(words.as_bytes()).status(400).into_error();
        let sent = |given: &&str| {
            let mut body = Map::from_iter([("reasoning_effort".to_owned(), Value::from(*given))]);
            learnt.apply("m", &mut body);
            let mut sent = Vec::new();
            loop {
                let now = effort(&body).map(str::to_owned);
                let is_taken = now.as_deref().is_some_and(|now| takes.contains(&now));
                sent.push(now);
                if is_taken || learnt.refusal(&error, "m", &mut body).is_none() {
                    return sent;
                }
                assert!(sent.len() < 10, "it has no end");
            }
        };
        efforts.iter().map(sent).collect()
    }

    #[test]
    fn what_stands_for_another_effort_and_is_refused_too_is_left_out() {
        let words = r#"{"error":{"message":"`reasoning_effort` must be one of `low`, `medium`, or `high`","type":"invalid_request_error"}}"#;
        let some = |effort: &str| Some(effort.to_owned());
        let sent = sent_to(&[], words, &["low", "low", "high", "medium"]);
        assert_eq!(
            sent,
            [vec![some("low"), some("medium"), None], vec![None], vec![some("high"), None], vec![None]]
        );
    }

    #[test]
    fn one_effort_that_is_refused_says_nothing_of_another() {
        let words = r#"{"error":{"message":"Unsupported value: 'reasoning_effort' does not support 'low' with this model.","param":"reasoning_effort","code":"unsupported_value"}}"#;
        let some = |effort: &str| Some(effort.to_owned());
        let sent = sent_to(&["high"], words, &["low", "high", "low"]);
        assert_eq!(sent, [vec![some("low"), None], vec![some("high")], vec![None]]);
    }

    #[test]
    fn a_model_that_does_not_reason_is_told_nothing_of_it() {
        for (words, fields) in [
            (r#"{"error":"\"llama3\" does not support thinking"}"#, json!({ "think": true })),
            (
                r#"{"error":{"message":"\"llama3\" does not support thinking","param":null,"code":null}}"#,
                json!({ "reasoning_effort": "high" }),
            ),
            (
                r#"{"error":{"message":"Unsupported parameter: 'reasoning_effort' is not supported with this model.","param":"reasoning_effort","code":"unsupported_parameter"}}"#,
                json!({ "reasoning_effort": "medium" }),
            ),
            (
                r#"{"error":{"message":"Unrecognized request argument supplied: reasoning_effort","param":null}}"#,
                json!({ "reasoning_effort": "medium" }),
            ),
            (
                r#"{"detail":[{"type":"extra_forbidden","loc":["body","chat_template_kwargs"],"msg":"Extra inputs are not permitted"}]}"#,
                json!({ "chat_template_kwargs": { "enable_thinking": false } }),
            ),
            (r#"{"detail":"Unexpected keys in the request: {'think'}"}"#, json!({ "think": true })),
        ] {
            assert_eq!(sent(words, fields), Some(json!({})), "{words}");
        }
    }

    #[test]
    fn a_model_without_levels_is_switched_on() {
        let words = r#"{"error":"think value \"low\" is not supported for this model"}"#;
        assert_eq!(sent(words, json!({ "think": "low" })), Some(json!({ "think": true })));
        assert_eq!(sent(words, json!({ "think": true })), Some(json!({})), "where that is refused, too");
    }

    #[test]
    fn an_effort_of_the_callers_own_is_the_callers_mistake() {
        let words = r#"{"error":{"message":"invalid reasoning value: \"banana\" (must be \"minimal\", \"low\", \"medium\", \"high\", \"xhigh\", \"ultra\", \"max\", or \"none\")","type":"invalid_request_error","param":null,"code":null}}"#;
        assert_eq!(sent(words, json!({ "reasoning_effort": "banana" })), None);
        let other =
            r#"{"error":{"message":"temperature must be at most 2, not high","param":"temperature"}}"#;
        assert_eq!(sent(other, json!({ "reasoning_effort": "high" })), None);
    }
}
