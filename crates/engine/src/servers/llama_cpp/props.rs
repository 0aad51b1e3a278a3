//! What `/props` tells.

use serde_json::Value;

use crate::{
    error::Result,
    servers::{Ask, Place, Question, Recognised, Reply},
    types::ModelInfo,
};

/// What a server runs with.
#[derive(Debug, Default)]
pub struct Props {
    /// It only starts others.
    pub is_router: bool,
    /// It starts none by itself.
    pub loads_none: bool,
    pub version: Option<String>,
    /// Of one slot.
    context_length: Option<u64>,
    tools: Option<bool>,
    vision: Option<bool>,
    reasoning: Option<bool>,
}

impl Props {
    pub async fn ask(ask: &dyn Ask, path: &str) -> Result<Self> {
        let reply = ask.ask(Question::get(Place::Root(path))).await?;
        reply.value().as_ref().and_then(Self::of).ok_or_else(|| reply.unexpected())
    }

    fn of(value: &Value) -> Option<Self> {
        let context_length = value.get("default_generation_settings")?.get("n_ctx").and_then(Value::as_u64);
        let template = |name: &str| value.get("chat_template_caps")?.get(name)?.as_bool();
        // A template that has a place for either is one of a model that reasons; that it has none proves nothing.
        let reasons = ["supports_preserve_reasoning", "supports_reasoning_effort"];
        Some(Self {
            is_router: value.get("role").is_some_and(|role| role == "router"),
            loads_none: value.get("models_autoload") == Some(&false.into()),
            version: value.get("build_info").and_then(Value::as_str).map(str::to_owned),
            context_length: context_length.filter(|tokens| *tokens > 0),
            tools: template("supports_tools"),
            vision: value.get("modalities").and_then(|it| it.get("vision")?.as_bool()),
            reasoning: reasons.into_iter().any(|name| template(name) == Some(true)).then_some(true),
        })
    }

    /// Adds what is told to what a list says of the model that runs. An older build's list has no context.
    pub fn complete(&self, model: &mut ModelInfo) {
        if let Some(tokens) = self.context_length {
            model.context_length = Some(tokens);
            model.loaded = Some(true);
        }
        let capabilities = &mut model.capabilities;
        capabilities.tools = self.tools.or(capabilities.tools);
        capabilities.vision = self.vision.or(capabilities.vision);
        capabilities.reasoning = self.reasoning.or(capabilities.reasoning);
    }
}

/// Its imitators have such a path, too, but tell no build there. Where it refuses to answer, or still loads, it names
/// itself in a header.
pub fn recognise(reply: &Reply) -> Option<Recognised> {
    let body = reply.value()?;
    let version = Props::of(&body).and_then(|props| props.version);
    let is_named = reply.header("server") == Some("llama.cpp");
    (version.is_some() || is_named).then_some(Recognised { version })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::servers::recorded::{reply, unrecorded};

    #[test]
    fn it_is_recognised_also_where_it_refuses_to_answer_or_still_loads() {
        let version = |recording| recognise(&reply(&format!("llama.cpp/{recording}"))).map(|it| it.version);
        assert_eq!(version("get-props"), Some(Some("b0-unknown".into())));
        assert_eq!(version("router-props"), Some(Some("b11669-Debian".into())));
        assert_eq!(version("auth-missing-props"), Some(None));
        assert_eq!(version("loading-props"), Some(None));
    }

    #[test]
    fn no_other_server_is_taken_for_it() {
        for (status, body) in [
            (200, r#"{"chat_template":"","total_slots":1,"default_generation_settings":{"n_ctx":8192}}"#),
            (200, r#"{"error":"Unexpected endpoint or method. (GET /props)"}"#),
            (401, r#"{"error":{"message":"Invalid API Key","type":"authentication_error","code":401}}"#),
            (404, r#"{"detail":"Not Found"}"#),
            (200, "<html>"),
        ] {
            assert_eq!(recognise(&unrecorded(status, body)), None, "{body}");
        }
    }
}
