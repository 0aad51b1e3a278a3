use futures_util::future::{BoxFuture, join3};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    Ask, Facts, Heed, KeyHosts, Kind, Place, Probe, Question, ReasoningFields, Recognised, Reply,
    ResponseFormats, Server, Survey, ToolChoices, health::check_engine, list_models, response_formats::field,
};
use crate::{
    error::Result,
    types::{JsonSchema, ModelCapabilities, ModelInfo, ResponseFormat},
};

pub static KIND: Kind = Kind {
    facts: Facts {
        name: "tgi",
        display_name: "TGI",
        base_url: "http://localhost:3000/v1",
        base_url_env: &["TGI_BASE_URL"],
        api_key_env: &["HF_TOKEN"],
        // It opens all that its owner has at Hugging Face: no server of somebody else's may see it.
        key_hosts: &[KeyHosts {
            variable: "HF_TOKEN",
            hosts: &["huggingface.co", "*.huggingface.co", "*.huggingface.cloud", "*.hf.space"],
        }],
        probes: &[Probe::new("/info", recognise)],
        tool_choices: ToolChoices::ALL,
        response_formats: ResponseFormats { constraint: Heed::Always, ..ResponseFormats::NONE },
        reasoning: ReasoningFields::Nothing,
        // It leaves the reasoning in the text.
        reasoning_field: None,
        cuts_prompts: None,
        ..Facts::PLAIN
    },
    open: |_| Ok(Box::new(Tgi)),
};

struct Tgi;

impl Server for Tgi {
    fn facts(&self) -> &'static Facts {
        &KIND.facts
    }

    /// `response_format` has members of its own here.
    /// <https://huggingface.co/docs/text-generation-inference/basic_tutorials/using_guidance>
    fn constraint(&self, format: &ResponseFormat) -> Option<Map<String, Value>> {
        let (kind, value) = match format {
            ResponseFormat::JsonObject => ("json", json!({ "type": "object" })),
            ResponseFormat::JsonSchema(JsonSchema { schema, .. }) => ("json", schema.clone().into()),
            ResponseFormat::Regex { pattern } => ("regex", pattern.as_str().into()),
            ResponseFormat::Choice { choices } => ("regex", alternatives(choices).into()),
            ResponseFormat::Grammar { .. } => return None,
        };
        Some(field("response_format", json!({ "type": kind, "value": value })))
    }

    fn survey<'a>(&'a self, ask: &'a dyn Ask) -> BoxFuture<'a, Result<Survey>> {
        Box::pin(async move {
            let list = list_models(self.dialect(), ask);
            let info = ask.ask(Question::get(Place::Root("/info")));
            let (list, info, engine) = join3(list, info, check_engine(ask)).await;
            let info = info.ok().as_ref().and_then(Info::of);
            // Older versions have no list. (That a key is wrong, `/info` does not say.)
            let models = match (list, &info) {
                (Err(error), Some(info)) if error.status == Some(404) => vec![info.model()],
                (list, _) => list?,
            };
            engine?;
            let (models, version) = match info {
                Some(info) => (info.filled_into(models), info.version),
                None => (models, None),
            };
            Ok(Survey { models, version, serves_any_name: true, ..Survey::default() })
        })
    }
}

/// A pattern of these texts alone.
fn alternatives(choices: &[String]) -> String {
    let texts: Vec<_> = choices.iter().map(|choice| regex_lite::escape(choice)).collect();
    format!("({})", texts.join("|"))
}

/// What `/info` says: a server has one model, from its start on.
#[derive(Deserialize)]
struct Info {
    model_id: String,
    /// `text-generation`, or `image-text-to-text` for one that sees.
    #[serde(default)]
    model_pipeline_tag: Option<String>,
    /// Of the prompt and its answer together.
    #[serde(default)]
    max_total_tokens: Option<u64>,
    /// Others have an `/info`, too.
    #[serde(default)]
    router: Option<String>,
    #[serde(default)]
    version: Option<String>,
}

impl Info {
    fn of(reply: &Reply) -> Option<Self> {
        serde_json::from_slice(&reply.body).ok()
    }

    fn model(&self) -> ModelInfo {
        let capabilities = ModelCapabilities { chat: true, completion: true, ..ModelCapabilities::default() };
        ModelInfo { name: self.model_id.clone(), capabilities, ..ModelInfo::default() }
    }

    fn filled_into(&self, mut models: Vec<ModelInfo>) -> Vec<ModelInfo> {
        for model in models.iter_mut().filter(|model| model.name == self.model_id) {
            model.context_length = self.max_total_tokens;
            model.loaded = Some(true);
            if self.model_pipeline_tag.as_deref() == Some("image-text-to-text") {
                model.capabilities.vision = Some(true);
            }
        }
        models
    }
}

/// Older versions do not name themselves, but no other server has such a limit there.
fn recognise(reply: &Reply) -> Option<Recognised> {
    let info = Info::of(reply)?;
    let is_it = match info.router.as_deref() {
        Some(router) => router == "text-generation-router",
        None => info.max_total_tokens.is_some(),
    };
    is_it.then_some(Recognised { version: info.version })
}

#[cfg(test)]
mod tests {
    use super::super::recorded::Recorded;
    use super::*;
    use crate::error::Code;

    const MODEL: &str = "meta-llama/Llama-3.1-8B-Instruct";

    fn recorded() -> Recorded {
        Recorded::default().case("GET /info", "tgi/info").case("GET /health", "tgi/health-ok")
    }

    #[tokio::test]
    async fn its_model_is_loaded_and_has_the_context_that_info_tells() {
        let newer = recorded().case("GET /v1/models", "tgi/models");
        for server in [newer, recorded()] {
            let survey = Tgi.survey(&server).await.unwrap();
            assert_eq!(survey.version.as_deref(), Some("3.3.6"));
            let model = survey.loaded().unwrap();
            assert_eq!((&*model.name, model.context_length), (MODEL, Some(4096)));
            assert_eq!(model.capabilities.vision, None);
        }
    }

    #[tokio::test]
    async fn a_model_that_sees_says_so() {
        let info = r#"{"model_id":"m","model_pipeline_tag":"image-text-to-text","max_total_tokens":8192}"#;
        let survey = Tgi.survey(&Recorded::default().body("GET /info", 200, info)).await.unwrap();
        assert_eq!(survey.models[0].capabilities.vision, Some(true));
        assert_eq!(survey.version, None);
    }

    #[tokio::test]
    async fn a_list_alone_is_enough() {
        let survey = Tgi.survey(&Recorded::default().case("GET /v1/models", "tgi/models")).await.unwrap();
        assert_eq!((survey.models.len(), survey.loaded()), (1, None));
    }

    #[tokio::test]
    async fn a_wrong_key_is_not_hidden_by_what_needs_none() {
        let locked = recorded().case("GET /v1/models", "tgi/bad-key");
        assert_eq!(Tgi.survey(&locked).await.unwrap_err().code, Code::Authentication);
    }

    #[tokio::test]
    async fn a_dead_engine_is_a_failure() {
        let dead = Recorded::default()
            .case("GET /info", "tgi/info")
            .case("GET /v1/models", "tgi/models")
            .case("GET /health", "tgi/health-bad");
        let error = Tgi.survey(&dead).await.unwrap_err();
        assert!(error.message.contains("unhealthy"), "{error}");
    }
}
