use std::collections::{HashMap, HashSet};

use futures_util::future::{BoxFuture, join4};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{
    Ask, Facts, Kind, Place, Probe, Question, ReasoningFields, Recognised, Reply, ResponseFormats, Server,
    Survey, ToolChoices, list_models, response_formats::gbnf,
};
use crate::{
    error::Result,
    types::{ModelInfo, ResponseFormat},
};

pub static KIND: Kind = Kind {
    facts: Facts {
        name: "localai",
        display_name: "LocalAI",
        base_url: "http://localhost:8080/v1",
        base_url_env: &["LOCALAI_BASE_URL"],
        api_key_env: &["LOCALAI_API_KEY"],
        probes: &[
            Probe::new("/.well-known/localai.json", by_document),
            // Older versions have no such document.
            Probe::new("/version", by_version),
        ],
        tool_choices: ToolChoices::ALL,
        response_formats: ResponseFormats::ENFORCED,
        reasoning: ReasoningFields::Effort,
        ..Facts::PLAIN
    },
    open: |_| Ok(Box::new(LocalAi)),
};

struct LocalAi;

impl Server for LocalAi {
    fn facts(&self) -> &'static Facts {
        &KIND.facts
    }

    /// <https://localai.io/features/constrained_grammars/>
    fn constraint(&self, format: &ResponseFormat) -> Option<Map<String, Value>> {
        gbnf("grammar", format)
    }

    fn survey<'a>(&'a self, ask: &'a dyn Ask) -> BoxFuture<'a, Result<Survey>> {
        Box::pin(async move {
            let list = list_models(self.dialect(), ask);
            // Newer versions only.
            let capabilities = ask.ask(Question::get(Place::Api("/models/capabilities")));
            let version = ask.ask(Question::get(Place::Root("/version")));
            // For an administrator's key only.
            let system = ask.ask(Question::get(Place::Root("/system")));
            let (list, capabilities, version, system) = join4(list, capabilities, version, system).await;
            let mut models = list?;
            if let Ok(reply) = capabilities {
                fill_in_capabilities(&mut models, &reply);
            }
            if let Ok(reply) = system {
                fill_in_loaded(&mut models, &reply);
            }
            let version = version.ok().as_ref().and_then(version_of);
            Ok(Survey { models, version, ..Survey::default() })
        })
    }
}

#[derive(Deserialize)]
struct Capabilities {
    data: Vec<Capable>,
}

/// What a model is configured for.
#[derive(Deserialize)]
struct Capable {
    id: String,
    /// `chat`, `completion`, `embeddings`, `tools`, `thinking`, `image` and others.
    #[serde(default)]
    capabilities: Vec<String>,
    #[serde(default)]
    input_modalities: Vec<String>,
    /// In the newest versions.
    #[serde(default)]
    context_size: Option<u64>,
}

fn fill_in_capabilities(models: &mut [ModelInfo], reply: &Reply) {
    let Ok(Capabilities { data }) = serde_json::from_slice(&reply.body) else { return };
    let told: HashMap<&str, &Capable> = data.iter().map(|told| (&*told.id, told)).collect();
    for model in models {
        let Some(told) = told.get(&*model.name) else { continue };
        model.context_length = told.context_size.or(model.context_length);
        let can = |name: &str| told.capabilities.iter().any(|capability| capability == name);
        let sees = told.input_modalities.iter().any(|modality| modality == "image");
        let capabilities = &mut model.capabilities;
        if !told.capabilities.is_empty() {
            capabilities.chat = can("chat");
            capabilities.completion = can("chat") || can("completion");
            capabilities.embedding = can("embeddings");
        }
        // What is not in the list need not be impossible.
        capabilities.tools = can("tools").then_some(true);
        capabilities.reasoning = can("thinking").then_some(true);
        capabilities.vision = (can("vision") || sees)
            .then_some(true)
            .or_else(|| (!told.input_modalities.is_empty()).then_some(false));
    }
}

fn fill_in_loaded(models: &mut [ModelInfo], reply: &Reply) {
    let system = reply.value();
    let loaded = system.as_ref().and_then(|system| system.get("loaded_models")?.as_array());
    let Some(loaded) = loaded else { return };
    let loaded: HashSet<&str> = loaded.iter().filter_map(|model| model.get("id")?.as_str()).collect();
    for model in models {
        model.loaded = Some(loaded.contains(&*model.name));
    }
}

fn version_of(reply: &Reply) -> Option<String> {
    Some(reply.value()?.get("version")?.as_str()?.to_owned())
}

fn by_document(reply: &Reply) -> Option<Recognised> {
    let names_endpoints = reply.value()?.get("endpoints").is_some_and(Value::is_object);
    names_endpoints.then(|| Recognised { version: version_of(reply) })
}

/// `v4.3.3 (0123abcd)`: with the commit, which no other server tells.
fn by_version(reply: &Reply) -> Option<Recognised> {
    let version = version_of(reply)?;
    let is_it = version.starts_with('v') && version.contains(" (") && version.ends_with(')');
    is_it.then_some(Recognised { version: Some(version) })
}

#[cfg(test)]
mod tests {
    use super::super::recorded::Recorded;
    use super::*;

    fn recorded() -> Recorded {
        Recorded::default().case("GET /v1/models", "localai/models")
    }

    #[tokio::test]
    async fn it_tells_what_is_loaded_and_what_it_can() {
        let server = recorded()
            .case("GET /v1/models/capabilities", "localai/models-capabilities")
            .case("GET /version", "localai/version")
            .case("GET /system", "localai/system");
        let survey = LocalAi.survey(&server).await.unwrap();
        assert_eq!(survey.version.as_deref(), Some("v4.3.3 (0123abcd)"));
        let [chat, embedding] = &survey.models[..] else { unreachable!("two models are recorded") };
        assert_eq!((&*chat.name, chat.loaded), ("qwen3-4b", Some(true)));
        let can = &chat.capabilities;
        assert_eq!((can.chat, can.completion, can.embedding), (true, true, false));
        assert_eq!((can.tools, can.vision, can.reasoning), (Some(true), Some(false), Some(true)));
        // Of this one no capabilities were told: its name says what it is for.
        assert_eq!((&*embedding.name, embedding.loaded), ("bert-embeddings", Some(false)));
        let can = &embedding.capabilities;
        assert_eq!((can.chat, can.embedding, can.tools, can.vision), (false, true, None, None));
        assert_eq!(survey.loaded().unwrap().name, "qwen3-4b");
    }

    #[tokio::test]
    async fn a_newer_one_tells_the_context_and_what_only_draws() {
        let told = r#"{"data":[
            {"id":"qwen3-4b","capabilities":["chat","vision"],"input_modalities":["text","image"],"context_size":8192},
            {"id":"bert-embeddings","capabilities":["image"],"output_modalities":["image"]}
        ]}"#;
        let survey =
            LocalAi.survey(&recorded().body("GET /v1/models/capabilities", 200, told)).await.unwrap();
        let [seeing, drawing] = &survey.models[..] else { unreachable!("two models are recorded") };
        assert_eq!((seeing.context_length, seeing.capabilities.vision), (Some(8192), Some(true)));
        let can = &drawing.capabilities;
        assert_eq!((can.chat, can.completion, can.embedding), (false, false, false));
    }

    #[tokio::test]
    async fn what_it_does_not_tell_is_absent() {
        let denied = r#"{"error":{"code":403,"message":"admin only","type":""}}"#;
        let survey = LocalAi.survey(&recorded().body("GET /system", 403, denied)).await.unwrap();
        assert_eq!((survey.version, survey.models.len()), (None, 2));
        assert!(survey.models.iter().all(|model| model.loaded.is_none() && model.context_length.is_none()));
    }
}
