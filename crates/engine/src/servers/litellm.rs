use std::collections::HashMap;

use futures_util::future::{BoxFuture, join3};
use serde::Deserialize;

use super::{
    Ask, Facts, Kind, Place, Probe, Question, ReasoningFields, Recognised, Reply, Server, Survey,
    ToolChoices, models_of,
};
use crate::{
    error::{Code, Error, Result},
    types::ModelInfo,
};

pub static KIND: Kind = Kind {
    facts: Facts {
        name: "litellm",
        display_name: "LiteLLM",
        base_url: "http://localhost:4000/v1",
        base_url_env: &["LITELLM_BASE_URL"],
        api_key_env: &["LITELLM_API_KEY", "LITELLM_MASTER_KEY"],
        probes: &[Probe::new("/health/liveliness", recognise)],
        tool_choices: ToolChoices::ALL,
        // <https://docs.litellm.ai/docs/reasoning_content>
        reasoning: ReasoningFields::Effort,
        ..Facts::PLAIN
    },
    open: |_| Ok(Box::new(LiteLlm)),
};

struct LiteLlm;

impl Server for LiteLlm {
    fn facts(&self) -> &'static Facts {
        &KIND.facts
    }

    /// To a request without a key, it answers with an exception that it did not expect. And it passes on that the server
    /// behind it takes not its own key.
    fn explain(&self, failure: &mut Error, has_key: bool) {
        if failure.message.starts_with("litellm.AuthenticationError") {
            failure.hint = Some(
                "LiteLLM's own key for the server behind it is refused: set it in LiteLLM's configuration."
                    .to_owned(),
            );
        }
        if !has_key && failure.status == Some(500) && failure.message == "Internal Server Error" {
            failure.code = Code::Authentication;
            failure.retryable = false;
        }
    }

    fn survey<'a>(&'a self, ask: &'a dyn Ask) -> BoxFuture<'a, Result<Survey>> {
        Box::pin(async move {
            let list = ask.ask(Question::get(Place::Api("/models")));
            let groups = ask.ask(Question::get(Place::Root("/model_group/info")));
            let readiness = ask.ask(Question::get(Place::Root("/health/readiness")));
            let (list, groups, readiness) = join3(list, groups, readiness).await;
            let list = list?;
            let mut models = models_of(self.dialect(), &list)?;
            let (groups, readiness) = (groups.ok(), readiness.ok());
            if let Some(groups) = &groups {
                fill_in(&mut models, groups);
            }
            let replies = [Some(&list), groups.as_ref(), readiness.as_ref()];
            let version = replies.into_iter().flatten().find_map(version_of);
            let version = version.or_else(|| version_in(readiness.as_ref()?));
            Ok(Survey { models, version, ..Survey::default() })
        })
    }
}

#[derive(Deserialize)]
struct Groups {
    data: Vec<Group>,
}

/// What is known of the models behind one name, of which LiteLLM has a list of its own.
#[derive(Deserialize)]
struct Group {
    #[serde(rename = "model_group")]
    name: String,
    /// Written with a decimal point.
    #[serde(default)]
    max_input_tokens: Option<f64>,
    #[serde(default)]
    supports_function_calling: Option<bool>,
    #[serde(default)]
    supports_vision: Option<bool>,
    #[serde(default)]
    supports_reasoning: Option<bool>,
}

fn fill_in(models: &mut [ModelInfo], reply: &Reply) {
    let Ok(Groups { data }) = serde_json::from_slice(&reply.body) else { return };
    let groups: HashMap<&str, &Group> = data.iter().map(|group| (&*group.name, group)).collect();
    for model in models {
        let Some(group) = groups.get(&*model.name) else { continue };
        let context = group.max_input_tokens.filter(|tokens| *tokens >= 1.0);
        // `false` also stands where the model is in no list: then nothing is known of it.
        let told = |supports: Option<bool>| supports.filter(|supports| *supports || context.is_some());
        let capabilities = &mut model.capabilities;
        capabilities.tools = told(group.supports_function_calling);
        capabilities.vision = told(group.supports_vision);
        capabilities.reasoning = told(group.supports_reasoning);
        model.context_length = context.map(whole).or(model.context_length);
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of tokens")]
fn whole(tokens: f64) -> u64 {
    tokens as u64
}

/// Not every answer has it; all those to chats do.
fn version_of(reply: &Reply) -> Option<String> {
    reply.header("x-litellm-version").map(str::to_owned)
}

/// Where older versions of `/health/readiness` have it, and newer ones for a key.
fn version_in(readiness: &Reply) -> Option<String> {
    Some(readiness.value()?.get("litellm_version")?.as_str()?.to_owned())
}

fn recognise(reply: &Reply) -> Option<Recognised> {
    let version = version_of(reply);
    (version.is_some() || reply.value()? == "I'm alive!").then_some(Recognised { version })
}

#[cfg(test)]
mod tests {
    use super::super::recorded::Recorded;
    use super::*;

    const GROUPS: &str = r#"{"data":[
        {"model_group":"gpt-4o","providers":["openai"],"max_input_tokens":128000.0,"max_output_tokens":16384.0,"mode":"chat",
         "supports_vision":true,"supports_function_calling":true,"supports_reasoning":false},
        {"model_group":"mock-chat","providers":["openai"],"max_input_tokens":null,"mode":"chat",
         "supports_vision":false,"supports_function_calling":false,"supports_reasoning":false}
    ]}"#;

    fn recorded() -> Recorded {
        Recorded::default().case("GET /v1/models", "litellm/models")
    }

    fn named<'a>(survey: &'a Survey, name: &str) -> &'a ModelInfo {
        survey.models.iter().find(|model| model.name == name).unwrap()
    }

    #[tokio::test]
    async fn its_list_says_what_a_model_is_for() {
        let survey = LiteLlm.survey(&recorded()).await.unwrap();
        let can = |name| {
            let can = &named(&survey, name).capabilities;
            (can.chat, can.embedding)
        };
        assert_eq!(can("mock-chat"), (true, false));
        assert_eq!(can("gpt-4o"), (true, false));
        assert_eq!(can("openai/gpt-5.3-codex"), (true, false));
        assert_eq!(can("openai/gpt-4o-mini-tts-2025-03-20"), (false, false));
        assert_eq!(can("openai/standard/1536-x-1024/gpt-image-1.5-2025-12-16"), (false, false));
        assert_eq!(named(&survey, "gpt-4o").context_length, Some(128_000));
        assert_eq!(named(&survey, "mock-chat").context_length, None);
        assert_eq!(survey.version, None);
    }

    #[tokio::test]
    async fn what_it_knows_of_a_model_is_told_and_what_it_does_not_is_absent() {
        let survey = LiteLlm.survey(&recorded().body("GET /model_group/info", 200, GROUPS)).await.unwrap();
        let known = &named(&survey, "gpt-4o").capabilities;
        assert_eq!((known.tools, known.vision, known.reasoning), (Some(true), Some(true), Some(false)));
        let unknown = named(&survey, "mock-chat");
        let can = &unknown.capabilities;
        assert_eq!((can.tools, can.vision, can.reasoning, unknown.context_length), (None, None, None, None));
    }

    #[tokio::test]
    async fn its_version_is_wherever_it_tells_it() {
        let with_header = Recorded::default().case("GET /v1/models", "litellm/models");
        let unknown = with_header.case("GET /health/readiness", "litellm/health-readiness");
        assert_eq!(LiteLlm.survey(&unknown).await.unwrap().version, None);
        let readiness = r#"{"status":"healthy","litellm_version":"1.72.0"}"#;
        let older = recorded().body("GET /health/readiness", 200, readiness);
        assert_eq!(LiteLlm.survey(&older).await.unwrap().version.as_deref(), Some("1.72.0"));
        // A chat's answer: that of its list has no such header in the recorded version.
        let header = recorded().case("GET /model_group/info", "litellm/chat");
        assert_eq!(LiteLlm.survey(&header).await.unwrap().version.as_deref(), Some("1.106.2"));
    }

    #[test]
    fn a_missing_key_is_known_by_an_exception_that_nobody_expected() {
        let failure = || {
            let mut error = Error::new(Code::Server, "Internal Server Error");
            error.status = Some(500);
            error
        };
        let explained = |has_key| {
            let mut error = failure();
            LiteLlm.explain(&mut error, has_key);
            (error.code, error.retryable)
        };
        assert_eq!(explained(false), (Code::Authentication, false));
        assert_eq!(explained(true), (Code::Server, true));
    }
}
