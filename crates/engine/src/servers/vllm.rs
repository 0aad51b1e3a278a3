mod structured_outputs;

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use futures_util::future::{BoxFuture, join3};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    Ask, Command, Countable, Facts, Kind, Place, Probe, Question, Recognised, Reply, ResponseFormats, Server,
    Survey, ToolChoices, health::check_engine, models_of,
};
use crate::{
    error::{Code, Error, Result},
    types::{ModelInfo, ResponseFormat, Warning},
};

pub static KIND: Kind = Kind {
    facts: Facts {
        name: "vllm",
        display_name: "vLLM",
        base_url: "http://localhost:8000/v1",
        base_url_env: &["VLLM_BASE_URL"],
        api_key_env: &["VLLM_API_KEY"],
        probes: &[
            // With a key of its own, it tells no models without it.
            Probe::new("/version", by_version).only_if("/v1/models", has_its_list),
            Probe::new("/v1/models", by_owner),
        ],
        tool_choices: ToolChoices { none: false, ..ToolChoices::ALL },
        response_formats: ResponseFormats::ENFORCED,
        cuts_prompts: None,
        ..Facts::PLAIN
    },
    open: |_| Ok(Box::<Vllm>::default()),
};

#[derive(Default)]
struct Vllm {
    /// As it was last told: the names of some fields go by it.
    version: Mutex<Option<String>>,
}

impl Vllm {
    fn version(&self) -> MutexGuard<'_, Option<String>> {
        self.version.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Server for Vllm {
    fn facts(&self) -> &'static Facts {
        &KIND.facts
    }

    /// The version is not asked for here: where it is unknown, every version is served.
    fn adjust(&self, body: &mut Map<String, Value>) -> Vec<Warning> {
        structured_outputs::adjust(body, self.version().as_deref())
    }

    fn constraint(&self, format: &ResponseFormat) -> Option<Map<String, Value>> {
        structured_outputs::of(format)
    }

    fn survey<'a>(&'a self, ask: &'a dyn Ask) -> BoxFuture<'a, Result<Survey>> {
        Box::pin(async move {
            let list = ask.ask(Question::get(Place::Api("/models")));
            let version = ask.ask(Question::get(Place::Root("/version")));
            let (list, version, engine) = join3(list, version, check_engine(ask)).await;
            let list = list?;
            engine?;
            let mut models = models_of(self.dialect(), &list)?;
            fill_in_adapters(&mut models, &adapters(&list));
            let version = version.ok().as_ref().and_then(version_of);
            self.version().clone_from(&version);
            Ok(Survey { models, version, ..Survey::default() })
        })
    }

    fn count_tokens<'a>(
        &'a self,
        ask: &'a dyn Ask,
        what: Countable<'a>,
    ) -> BoxFuture<'a, Result<Option<u64>>> {
        Box::pin(async move {
            let body = match what {
                Countable::Text { text, model } => json!({ "model": model, "prompt": text }),
                Countable::Chat(body) => Countable::fields(body, &IN_PROMPT),
            };
            let reply = ask.ask(Question::post(Place::Root("/tokenize"), body)).await?;
            Ok(reply.json()?.get("count").and_then(Value::as_u64))
        })
    }

    fn lacks_for_tools<'a>(&'a self, ask: &'a dyn Ask, model: &'a str) -> BoxFuture<'a, Option<String>> {
        Box::pin(async move {
            let reply = ask.any_reply(tools_question(model)).await.ok()?;
            lacks_for_tools(&reply)
        })
    }

    fn manage<'a>(&'a self, command: Command, ask: &'a dyn Ask) -> BoxFuture<'a, Result<Value>> {
        Box::pin(async move {
            match command {
                Command::LoadAdapter { name, path, options } => {
                    let mut body = json!({ "lora_name": name, "lora_path": path });
                    if let Some(fields) = body.as_object_mut() {
                        fields.extend(options.extra_body.into_iter().flatten());
                    }
                    change_adapters(ask, "/load_lora_adapter", body).await
                }
                Command::UnloadAdapter { name } => {
                    change_adapters(ask, "/unload_lora_adapter", json!({ "lora_name": name })).await
                }
                Command::ListAdapters => {
                    let list = ask.ask(Question::get(Place::Api("/models"))).await?;
                    // What is no list is an error.
                    models_of(self.dialect(), &list)?;
                    Ok(adapters(&list).into_iter().map(|adapter| adapter.id).collect())
                }
                other => Err(self.unsupported(&other)),
            }
        })
    }
}

/// What of a chat has a part in its prompt.
const IN_PROMPT: [&str; 7] = [
    "model",
    "messages",
    "tools",
    "chat_template",
    "chat_template_kwargs",
    "add_generation_prompt",
    "continue_final_message",
];

/// A success is plain text, and says nothing more.
async fn change_adapters(ask: &dyn Ask, path: &str, body: Value) -> Result<Value> {
    let reply = ask.ask(Question::post(Place::Api(path), body)).await.map_err(explained)?;
    // Others answer 200 to what they do not know.
    if reply.value().is_some_and(|told| told.get("error").is_some()) {
        return Err(reply.unexpected());
    }
    Ok(Value::Null)
}

/// What to do about a failure with adapters.
fn explained(mut error: Error) -> Error {
    // So answers a path that is not there; an adapter that is not there is named.
    if error.status == Some(404) && error.message == "Not Found" {
        error.code = Code::Unsupported;
        "The server was started without the right to load and unload adapters".clone_into(&mut error.message);
        return error.hint("Start vLLM with the environment variable VLLM_ALLOW_RUNTIME_LORA_UPDATING=True.");
    }
    if error.message.contains("has already been loaded") {
        return error.hint(
            "Unload it first, or load it in its own place with `extraBody: { load_inplace: true }`, which vLLM knows since 0.16.",
        );
    }
    error
}

#[derive(Deserialize)]
struct List {
    data: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    id: String,
    #[serde(default)]
    owned_by: Option<String>,
    /// Of an adapter: the model that it changes.
    #[serde(default)]
    parent: Option<String>,
}

fn entries(list: &Reply) -> Vec<Entry> {
    serde_json::from_slice::<List>(&list.body).map(|list| list.data).unwrap_or_default()
}

fn adapters(list: &Reply) -> Vec<Entry> {
    entries(list).into_iter().filter(|entry| entry.parent.is_some()).collect()
}

/// An adapter runs within the context of its model, which the list does not repeat.
fn fill_in_adapters(models: &mut [ModelInfo], adapters: &[Entry]) {
    let parents: HashMap<&str, &str> =
        adapters.iter().filter_map(|adapter| Some((&*adapter.id, adapter.parent.as_deref()?))).collect();
    let contexts: HashMap<String, u64> =
        models.iter().filter_map(|model| Some((model.name.clone(), model.context_length?))).collect();
    for model in models.iter_mut().filter(|model| model.context_length.is_none()) {
        let parent = parents.get(&*model.name);
        model.context_length = parent.and_then(|parent| contexts.get(*parent)).copied();
    }
}

fn version_of(reply: &Reply) -> Option<String> {
    Some(reply.value()?.get("version")?.as_str()?.to_owned())
}

fn by_owner(reply: &Reply) -> Option<Recognised> {
    is_owner(reply).then(Recognised::default)
}

fn is_owner(list: &Reply) -> bool {
    entries(list).iter().any(|entry| entry.owned_by.as_deref() == Some("vllm"))
}

/// Its models, or its words for a missing key.
fn has_its_list(list: &Reply) -> bool {
    let is_refusal = || list.value().is_some_and(|told| told == json!({ "error": "Unauthorized" }));
    is_owner(list) || list.status == 401 && is_refusal()
}

/// Many others say their version in this form, so its list has to agree.
fn by_version(reply: &Reply) -> Option<Recognised> {
    let is_alone = reply.value()?.as_object()?.len() == 1;
    let version = version_of(reply).filter(|version| is_alone && version.starts_with("0."));
    version.map(|version| Recognised { version: Some(version) })
}

/// Refused before anything is generated, where tools are not enabled; else one token, if any.
fn tools_question(model: &str) -> Question<'static> {
    let tool =
        json!({ "type": "function", "function": { "name": "none", "parameters": { "type": "object" } } });
    let chat =
        json!({ "model": model, "messages": [], "tools": [tool], "tool_choice": "auto", "max_tokens": 1 });
    Question::post(Place::Root("/v1/chat/completions"), chat)
}

/// `"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set`
fn lacks_for_tools(reply: &Reply) -> Option<String> {
    let words = String::from_utf8_lossy(&reply.body);
    let is_refused = reply.status == 400 && words.contains("--enable-auto-tool-choice");
    is_refused.then(|| "--enable-auto-tool-choice --tool-call-parser NAME".to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::recorded::Recorded;
    use super::*;

    fn server() -> Vllm {
        Vllm::default()
    }

    fn of_version(case: &str) -> Recorded {
        Recorded::default().case("GET /v1/models", "vllm/lora-models-after-load").case("GET /version", case)
    }

    #[tokio::test]
    async fn it_tells_its_models_with_their_adapters_and_its_version() {
        let survey = server().survey(&of_version("vllm/get-version")).await.unwrap();
        assert_eq!(survey.version.as_deref(), Some("0.32.0"));
        assert_eq!(survey.loaded().unwrap().name, "tiny-llama");
        let known: Vec<_> =
            survey.models.iter().map(|model| (&*model.name, model.context_length, model.loaded)).collect();
        let expected = ["tiny-llama", "tiny-alias", "lora-a", "lora-b", "dyn"];
        assert_eq!(known, expected.map(|name| (name, Some(512), Some(true))));
    }

    #[tokio::test]
    async fn an_older_one_without_a_version_is_surveyed_all_the_same() {
        let older = Recorded::default().case("GET /v1/models", "vllm/v0.10.0-get-models");
        let survey = server().survey(&older).await.unwrap();
        let known: Vec<_> = survey.models.iter().map(|model| (&*model.name, model.context_length)).collect();
        assert_eq!((known, survey.version), (vec![("tiny-llama", Some(512)), ("lora-a", Some(512))], None));
    }

    #[tokio::test]
    async fn a_dead_engine_is_a_failure_that_does_not_pass() {
        let dead = of_version("vllm/get-version").body("GET /health", 503, "");
        let error = server().survey(&dead).await.unwrap_err();
        assert_eq!((error.code, error.status, error.retryable), (Code::Server, Some(503), false));
        assert!(error.hint.is_some());
        for alive in [
            "vllm/get-health",
            "vllm/v0.14.1-get-health",
            "vllm/v0.10.0-get-health",
            // Of its engine's death, this version says nothing.
            "vllm/v0.10.0-engine-death-after-health-0",
            "vllm/overload-health",
            "vllm/auth-missing-get-health",
            "vllm/get-not-found",
        ] {
            let alive = of_version("vllm/get-version").case("GET /health", alive);
            assert!(server().survey(&alive).await.is_ok());
        }
    }

    #[tokio::test]
    async fn constraints_go_by_the_version_that_was_told_last() {
        let server = server();
        let sent = |server: &Vllm| {
            let mut body = json!({ "structured_outputs": { "regex": "a" } }).as_object().unwrap().clone();
            assert_eq!(server.adjust(&mut body), []);
            body.keys().cloned().collect::<Vec<_>>()
        };
        assert_eq!(sent(&server), ["structured_outputs", "guided_regex"]);
        server.survey(&of_version("vllm/get-version")).await.unwrap();
        assert_eq!(sent(&server), ["structured_outputs"]);
        let older = Recorded::default().case("GET /v1/models", "vllm/lora-models-after-load").body(
            "GET /version",
            200,
            r#"{"version":"0.10.0"}"#,
        );
        server.survey(&older).await.unwrap();
        assert_eq!(sent(&server), ["guided_regex"]);
    }

    fn load(extra_body: &Value) -> Command {
        let command =
            json!({ "command": "loadAdapter", "name": "dyn", "path": "/a", "extraBody": extra_body });
        serde_json::from_value(command).unwrap()
    }

    fn unload() -> Command {
        Command::UnloadAdapter { name: "dyn".into() }
    }

    #[tokio::test]
    async fn adapters_are_loaded_and_unloaded_and_listed() {
        for (loaded, unloaded) in [
            ("v0.10.0-lora-load", "lora-unload-static"),
            ("v0.14.1-lora-load", "v0.10.0-lora-unload"),
            ("v0.10.0-lora-load-base-name", "v0.10.0-lora-unload-base"),
        ] {
            let recorded = Recorded::default()
                .case("POST /v1/load_lora_adapter", &format!("vllm/{loaded}"))
                .case("POST /v1/unload_lora_adapter", &format!("vllm/{unloaded}"))
                .case("GET /v1/models", "vllm/lora-models-after-load");
            let server = server();
            let extra = json!({ "load_inplace": true });
            assert_eq!(server.manage(load(&extra), &recorded).await.unwrap(), Value::Null);
            assert_eq!(server.manage(unload(), &recorded).await.unwrap(), Value::Null);
            let listed = server.manage(Command::ListAdapters, &recorded).await.unwrap();
            assert_eq!(listed, json!(["lora-a", "lora-b", "dyn"]));
            let posted = recorded.posted.lock().unwrap().clone();
            let loaded = json!({ "lora_name": "dyn", "lora_path": "/a", "load_inplace": true });
            let expected = [
                ("/v1/load_lora_adapter".to_owned(), loaded),
                ("/v1/unload_lora_adapter".to_owned(), json!({ "lora_name": "dyn" })),
            ];
            assert_eq!(posted, expected);
        }
    }

    #[tokio::test]
    async fn what_fails_with_adapters_says_what_to_do() {
        let failure = async |case: &str| {
            let recorded = Recorded::default()
                .case("POST /v1/load_lora_adapter", case)
                .case("POST /v1/unload_lora_adapter", case);
            let error = server().manage(load(&json!({})), &recorded).await.unwrap_err();
            assert_eq!(server().manage(unload(), &recorded).await.unwrap_err(), error);
            error
        };
        let not_allowed = failure("vllm/get-not-found").await;
        assert_eq!(not_allowed.code, Code::Unsupported);
        assert!(not_allowed.hint.as_ref().unwrap().contains("VLLM_ALLOW_RUNTIME_LORA_UPDATING=True"));
        for case in ["vllm/lora-load-again", "vllm/v0.14.1-lora-load-again"] {
            let again = failure(case).await;
            assert!(again.message.contains("has already been loaded"), "{again}");
            assert!(again.hint.as_ref().unwrap().contains("load_inplace"));
        }
        for case in [
            "lora-load-hub-id",
            "lora-load-base-name",
            "lora-load-no-path",
            "lora-unload-base",
            "lora-unload-empty",
            "v0.14.1-lora-load-no-path",
            "v0.10.0-lora-unload-again",
        ] {
            let refused = failure(&format!("vllm/{case}")).await;
            assert_eq!((refused.code, refused.hint.as_deref()), (Code::InvalidRequest, None), "{refused}");
        }
    }

    #[tokio::test]
    async fn it_counts_texts_and_chats() {
        let recorded = Recorded::default().case("POST /tokenize", "vllm/tokenize-prompt");
        let text = Countable::Text { text: "What is the weather?", model: "m" };
        assert_eq!(server().count_tokens(&recorded, text).await.unwrap(), Some(6));
        let Value::Object(chat) = json!({ "model": "m", "messages": [], "tools": [], "stream": true }) else {
            unreachable!("it is an object")
        };
        assert_eq!(server().count_tokens(&recorded, Countable::Chat(&chat)).await.unwrap(), Some(6));
        let expected = [
            json!({ "model": "m", "prompt": "What is the weather?" }),
            json!({ "model": "m", "messages": [], "tools": [] }),
        ];
        assert_eq!(recorded.sent(), expected);
        for case in ["vllm/tokenize-missing", "vllm/tokenize-unknown-model"] {
            let refusing = Recorded::default().case("POST /tokenize", case);
            assert!(server().count_tokens(&refusing, text).await.is_err());
        }
    }

    #[tokio::test]
    async fn what_it_cannot_do_is_unsupported() {
        let error = server().manage(Command::Slots, &Recorded::default()).await.unwrap_err();
        assert_eq!((error.code, &*error.message), (Code::Unsupported, "vLLM has no slots"));
    }
}
