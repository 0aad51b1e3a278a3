//! How servers are told whether, and how hard, a model is to reason.

use serde_json::{Map, Value, json};

use super::response_formats::field;
use crate::types::Reasoning;

/// What a server understands of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReasoningFields {
    /// `reasoning_effort`, as OpenAI has it.
    Effort,
    /// What the model's template is given, for an effort beside `reasoning_effort`.
    Template,
    /// It cannot be told.
    Nothing,
}

impl ReasoningFields {
    #[must_use]
    pub fn of(self, reasoning: Reasoning) -> Map<String, Value> {
        match self {
            Self::Effort => effort(reasoning),
            Self::Template => template(reasoning),
            Self::Nothing => Map::new(),
        }
    }
}

/// A model that does not reason unless it is asked to is switched on by the effort that others have by default.
/// <https://platform.openai.com/docs/guides/reasoning>
pub fn effort(reasoning: Reasoning) -> Map<String, Value> {
    field(
        "reasoning_effort",
        match reasoning {
            Reasoning::Switch(false) => "none",
            Reasoning::Switch(true) => "medium",
            Reasoning::Effort(effort) => effort.as_str(),
        },
    )
}

/// Most templates call it `enable_thinking`; those of DeepSeek and Granite `thinking`; that of gpt-oss knows the effort
/// alone. Each ignores the others'.
/// <https://docs.vllm.ai/en/latest/features/reasoning_outputs/>
fn template(reasoning: Reasoning) -> Map<String, Value> {
    let is_on = reasoning != Reasoning::Switch(false);
    let mut told = json!({ "enable_thinking": is_on, "thinking": is_on });
    let mut fields = Map::new();
    if let Reasoning::Effort(effort) = reasoning {
        told["reasoning_effort"] = effort.of_three().into();
        fields.insert("reasoning_effort".into(), effort.of_three().into());
    }
    fields.insert("chat_template_kwargs".into(), told);
    fields
}

/// Whether `fields` tell a low effort.
#[must_use]
pub fn says_low(fields: &Map<String, Value>) -> bool {
    fields.values().any(|value| value == "low" || value.as_object().is_some_and(says_low))
}

/// Puts `fields` into the body of a chat. What the caller put there stays, also inside of an object.
pub fn put(fields: Map<String, Value>, body: &mut Map<String, Value>) {
    for (name, value) in fields {
        match (body.get_mut(&name), value) {
            (None, value) => _ = body.insert(name, value),
            (Some(Value::Object(given)), Value::Object(ours)) => {
                for (name, value) in ours {
                    given.entry(name).or_insert(value);
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::servers::{ALL, Settings};

    #[test]
    fn each_server_is_told_in_its_own_fields() {
        let told = |name: &str, reasoning: &str| {
            let kind = ALL.into_iter().find(|kind| kind.facts.name == name).unwrap();
            let server = (kind.open)(&Settings::default()).unwrap();
            Value::Object(server.reasoning(serde_json::from_str(reasoning).unwrap()))
        };
        let template =
            |on: bool| json!({ "chat_template_kwargs": { "enable_thinking": on, "thinking": on } });
        let hard = json!({
            "reasoning_effort": "high",
            "chat_template_kwargs": { "enable_thinking": true, "thinking": true, "reasoning_effort": "high" },
        });
        for name in ["openai-compatible", "llama-cpp", "vllm", "lm-studio"] {
            assert_eq!(told(name, "true"), template(true), "{name}");
            assert_eq!(told(name, "false"), template(false), "{name}");
            assert_eq!(told(name, r#""high""#), hard, "{name}");
            assert_eq!(told(name, r#""minimal""#)["reasoning_effort"], "low", "{name}");
        }
        for name in ["openai", "litellm", "localai"] {
            for (given, sent) in
                [("true", "medium"), ("false", "none"), (r#""minimal""#, "minimal"), (r#""high""#, "high")]
            {
                assert_eq!(told(name, given), json!({ "reasoning_effort": sent }), "{name}, {given}");
            }
        }
        for (given, sent) in
            [("true", "default"), ("false", "none"), (r#""minimal""#, "low"), (r#""high""#, "high")]
        {
            assert_eq!(told("groq", given), json!({ "reasoning_effort": sent }), "{given}");
        }
        for (given, sent) in [
            ("true", json!({ "enabled": true })),
            ("false", json!({ "enabled": false })),
            (r#""minimal""#, json!({ "effort": "minimal" })),
        ] {
            assert_eq!(told("openrouter", given), json!({ "reasoning": sent }), "{given}");
        }
        for (given, sent) in [("true", json!(true)), ("false", json!(false)), (r#""minimal""#, json!("low"))]
        {
            assert_eq!(told("ollama", given), json!({ "think": sent }), "{given}");
        }
        let told_webui = told("text-generation-webui", r#""minimal""#);
        assert_eq!(told_webui, json!({ "enable_thinking": true, "reasoning_effort": "low" }));
        assert_eq!(told("text-generation-webui", "false"), json!({ "enable_thinking": false }));
        assert_eq!(told("tgi", "true"), json!({}));
    }

    #[test]
    fn what_the_caller_put_there_stays() {
        let Value::Object(mut body) = json!({
            "reasoning_effort": "xhigh", "chat_template_kwargs": { "enable_thinking": false, "date": "today" },
        }) else {
            panic!()
        };
        put(template(serde_json::from_str(r#""low""#).unwrap()), &mut body);
        assert_eq!(
            Value::Object(body),
            json!({
                "reasoning_effort": "xhigh",
                "chat_template_kwargs": {
                    "enable_thinking": false, "date": "today", "thinking": true, "reasoning_effort": "low",
                },
            })
        );
    }
}
