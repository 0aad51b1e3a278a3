//! LM Studio. Since 0.4 it has an API of its own below `/api/v1`, since 0.3.6 a smaller one below `/api/v0`.
//! <https://lmstudio.ai/docs/developer/rest>

use futures_util::future::BoxFuture;
use serde_json::{Map, Value, json};

use super::{
    Ask, Command, Facts, Heed, Kind, LoadOptions, Place, Probe, Question, Recognised, Reply, ResponseFormats,
    Server, Survey, list_models,
};
use crate::{
    error::{Code, Error, Result},
    protocol::{Dialect, openai::OpenAi},
    types::ModelInfo,
};

pub static KIND: Kind = Kind {
    facts: Facts {
        name: "lm-studio",
        display_name: "LM Studio",
        base_url: "http://localhost:1234/v1",
        base_url_env: &["LMSTUDIO_BASE_URL"],
        api_key_env: &["LMSTUDIO_API_KEY"],
        // Its words for the other: "'response_format.type' must be 'json_schema' or 'text'".
        response_formats: ResponseFormats { json_object: Heed::Never, ..ResponseFormats::ENFORCED },
        // Documented, but not run: "'url' field must be a base64 encoded image."
        fetches_images: false,
        probes: &[Probe::new(MODELS, recognise), Probe::new(OLDER_MODELS, recognise_older)],
        ..Facts::PLAIN
    },
    open: |_| Ok(Box::new(LmStudio)),
};

const MODELS: &str = "/api/v1/models";
const OLDER_MODELS: &str = "/api/v0/models";

struct LmStudio;

impl Server for LmStudio {
    fn facts(&self) -> &'static Facts {
        &KIND.facts
    }

    fn survey<'a>(&'a self, ask: &'a dyn Ask) -> BoxFuture<'a, Result<Survey>> {
        Box::pin(async move {
            let told = |models| Survey { models, version: None, serves_any_name: true, ..Survey::default() };
            for path in [MODELS, OLDER_MODELS] {
                let reply = ask.ask(Question::get(Place::Root(path))).await;
                match reply.and_then(|reply| models(&reply.body)) {
                    Ok(models) => return check_base(ask).await.map(|()| told(models)),
                    Err(error) if is_unknown_path(&error) => {}
                    Err(error) => return Err(error),
                }
            }
            let models = list_models(self.dialect(), ask).await?;
            check_base(ask).await.map(|()| told(models))
        })
    }

    fn manage<'a>(&'a self, command: Command, ask: &'a dyn Ask) -> BoxFuture<'a, Result<Value>> {
        Box::pin(async move {
            match command {
                Command::LoadModel { name, options } => load(ask, name, options).await?,
                Command::UnloadModel { name } => unload(ask, name.as_deref()).await?,
                command => return Err(self.unsupported(&command)),
            }
            Ok(Value::Null)
        })
    }
}

/// Its own lists are where they are, whatever the base. Below another one than OpenAI's, it answers 200 as well, with an
/// error or with another list, and takes no chat.
async fn check_base(ask: &dyn Ask) -> Result<()> {
    let Ok(reply) = ask.any_reply(Question::get(Place::Api("/models"))).await else { return Ok(()) };
    if reply.status != 200 || reply.value().is_some_and(|list| list.get("data").is_some()) {
        return Ok(());
    }
    let mut error = reply.unexpected();
    error.wrong_path = true;
    Err(error)
}

/// It answers 200 to what it does not know, with an error as its body: no list, then.
fn is_unknown_path(error: &Error) -> bool {
    error.code == Code::Protocol || matches!(error.status, Some(404 | 405))
}

fn models(body: &[u8]) -> Result<Vec<ModelInfo>> {
    let mut models = OpenAi.decode_models(body)?;
    let list: Value = serde_json::from_slice(body).unwrap_or_default();
    for entry in entries(&list) {
        if let Some(model) =
            models.iter_mut().find(|model| entry["key"] == model.name || entry["id"] == model.name)
        {
            add_capabilities(entry, model);
        }
    }
    Ok(models)
}

/// The models of either API.
fn entries(list: &Value) -> &[Value] {
    list.get("models").or_else(|| list.get("data")).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn add_capabilities(entry: &Value, model: &mut ModelInfo) {
    let capabilities = &mut model.capabilities;
    match entry.get("capabilities") {
        Some(Value::Object(told)) => {
            let says = |name: &str| told.get(name).and_then(Value::as_bool);
            capabilities.vision = says("vision");
            capabilities.tools = says("trained_for_tool_use");
            capabilities.reasoning = told.get("reasoning").filter(|it| it.is_object()).map(|_| true);
        }
        // The older API has a type of its own for what sees.
        _ => match entry.get("type").and_then(Value::as_str) {
            Some("vlm") => capabilities.vision = Some(true),
            Some("llm") => capabilities.vision = Some(false),
            _ => {}
        },
    }
}

/// Loads one instance, if none is loaded that is as it should be: the server would load a second one beside it.
async fn load(ask: &dyn Ask, name: String, options: LoadOptions) -> Result<()> {
    let wants_more = options.ttl.is_some() || options.extra_body.is_some();
    if !wants_more && let Ok(list) = listed(ask).await {
        let contexts = instances(&list, Some(&name)).map(|it| it.pointer("/config/context_length")?.as_u64());
        if contexts
            .into_iter()
            .any(|context| options.context_length.is_none() || options.context_length == context)
        {
            return Ok(());
        }
    }
    let mut body = Map::from_iter([("model".to_owned(), Value::String(name))]);
    let seconds = options.ttl_seconds();
    for (field, number) in [("context_length", options.context_length), ("ttl", seconds)] {
        if let Some(number) = number {
            body.insert(field.into(), number.into());
        }
    }
    body.extend(options.extra_body.unwrap_or_default());
    told(ask, "/api/v1/models/load", body.into()).await
}

/// Unloads each instance of a model, or the one with this name.
async fn unload(ask: &dyn Ask, name: Option<&str>) -> Result<()> {
    let list = listed(ask).await?;
    let known = |entry: &Value| name.is_none_or(|name| entry["key"] == name);
    let ids: Vec<_> = instances(&list, name).filter_map(|it| it.get("id").cloned()).collect();
    if ids.is_empty() && !entries(&list).iter().any(known) {
        let names = entries(&list).iter().filter_map(|entry| entry["key"].as_str().map(str::to_owned));
        let mut error = Error::new(Code::ModelNotFound, "LM Studio has no such model")
            .hint("`listModels()` tells which it has.");
        error.available_models = Some(names.collect());
        return Err(error);
    }
    for id in ids {
        told(ask, "/api/v1/models/unload", json!({ "instance_id": id })).await?;
    }
    Ok(())
}

/// The list of the newer API.
async fn listed(ask: &dyn Ask) -> Result<Value> {
    let reply = ask.ask(Question::get(Place::Root(MODELS))).await.map_err(or_too_old)?;
    reply.value().filter(is_list).ok_or_else(|| or_too_old(reply.unexpected()))
}

fn is_list(body: &Value) -> bool {
    body.get("models").is_some_and(Value::is_array)
}

/// What is loaded of the model `name`, or as the instance `name`.
fn instances<'a>(list: &'a Value, name: Option<&'a str>) -> impl Iterator<Item = &'a Value> {
    entries(list).iter().flat_map(move |entry| {
        let all = entry["loaded_instances"].as_array().map_or(&[][..], Vec::as_slice);
        all.iter().filter(move |it| name.is_none_or(|name| entry["key"] == name || it["id"] == name))
    })
}

/// Has it do something that it confirms with the instance that it was done with.
async fn told(ask: &dyn Ask, path: &str, body: Value) -> Result<()> {
    let reply = ask.ask(Question::post(Place::Root(path), body)).await.map_err(or_too_old)?;
    let answer = reply.value().unwrap_or_default();
    // The second is the name that 0.4.0 documents.
    let is_done = ["instance_id", "model_instance_id"].iter().any(|name| answer[name].is_string());
    if is_done { Ok(()) } else { Err(or_too_old(reply.unexpected())) }
}

fn or_too_old(error: Error) -> Error {
    let is_missing = matches!(error.status, Some(404 | 405)) && error.code != Code::ModelNotFound;
    if !is_missing && !error.message.contains(UNKNOWN_PATH) {
        return error;
    }
    Error::new(Code::Unsupported, "This LM Studio cannot load and unload models over HTTP")
        .hint("Update it to 0.4 or later, or use `lms load` and `lms unload`.")
}

/// How it answers to every path that it does not know.
const UNKNOWN_PATH: &str = "Unexpected endpoint or method.";

/// Its list, its words for a missing key, or, before 0.4, those for a path that it does not know.
fn recognise(reply: &Reply) -> Option<Recognised> {
    let body = reply.value()?;
    let is_list = is_list(&body)
        && entries(&body)
            .iter()
            .all(|entry| entry["key"].is_string() && entry["loaded_instances"].is_array());
    // Any server may have an empty list.
    let is_its = !entries(&body).is_empty() || reply.header("x-powered-by") == Some("Express");
    let is_locked =
        body.pointer("/error/message").and_then(Value::as_str).is_some_and(|it| it.contains("LM Studio"));
    let is_unknown = body["error"].as_str().is_some_and(|words| words.starts_with(UNKNOWN_PATH));
    (is_list && is_its || is_locked || is_unknown).then(Recognised::default)
}

fn recognise_older(reply: &Reply) -> Option<Recognised> {
    let body = reply.value()?;
    let entries = body.get("data")?.as_array()?;
    let is_its = |entry: &Value| entry["state"].is_string() && entry["compatibility_type"].is_string();
    (!entries.is_empty() && entries.iter().all(is_its)).then(Recognised::default)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::servers::recorded::{Recorded, reply, unrecorded};

    const UNKNOWN: &str = r#"{"error":"Unexpected endpoint or method. (GET /api/v1/models)"}"#;

    /// One before 0.4.
    fn older() -> Recorded {
        Recorded::default().body("GET /api/v1/models", 200, UNKNOWN).body(
            "POST /api/v1/models/load",
            200,
            UNKNOWN,
        )
    }

    async fn manage(server: &Recorded, command: &str) -> Result<Value> {
        LmStudio.manage(serde_json::from_str(command).unwrap(), server).await
    }

    #[tokio::test]
    async fn the_newest_list_that_there_is_tells_what_is_loaded_and_what_it_can_do() {
        let server = Recorded::default().case("GET /api/v1/models", "lmstudio/api-v1-models");
        let survey = LmStudio.survey(&server).await.unwrap();
        let model = survey.loaded().unwrap();
        assert_eq!((model.name.as_str(), model.context_length), ("google/gemma-4-26b-a4b", Some(4096)));
        assert_eq!((model.size.as_deref(), model.quantization.as_deref()), (Some("18.0 GB"), Some("Q4_K_M")));
        let told = |model: &ModelInfo| {
            let it = &model.capabilities;
            (it.embedding, it.tools, it.vision, it.reasoning)
        };
        assert_eq!(told(model), (false, Some(true), Some(true), Some(true)));
        assert_eq!(told(&survey.models[1]), (true, None, None, None));
        // No older list; but whether chats are below the base.
        assert_eq!(server.asked.lock().unwrap().len(), 2);
    }

    #[tokio::test]
    async fn before_0_4_the_older_list_tells_it() {
        let survey =
            LmStudio.survey(&older().case("GET /api/v0/models", "lmstudio/api-v0-models")).await.unwrap();
        let told: Vec<_> = survey
            .models
            .iter()
            .map(|it| (it.loaded, it.context_length, it.capabilities.tools, it.capabilities.vision))
            .collect();
        let expected = [
            (Some(false), Some(32768), None, Some(true)),
            (Some(true), Some(4096), Some(true), Some(false)),
            (Some(false), Some(2048), None, None),
        ];
        assert_eq!(told, expected);
    }

    #[tokio::test]
    async fn before_0_3_6_the_list_of_openai_has_to_do() {
        let server =
            older().case("GET /api/v0/models", "lmstudio/root").case("GET /v1/models", "lmstudio/models");
        let survey = LmStudio.survey(&server).await.unwrap();
        assert_eq!(survey.models[0].name, "qwen3-8b");
        assert_eq!((survey.models[0].loaded, survey.models[0].context_length), (None, None));
    }

    #[tokio::test]
    async fn a_key_that_it_wants_is_asked_for_no_further() {
        let server = Recorded::default().case("GET /api/v1/models", "lmstudio/error-no-token-api-v1");
        assert_eq!(LmStudio.survey(&server).await.unwrap_err().code, Code::Authentication);
        assert_eq!(server.asked.lock().unwrap().len(), 1);
    }

    #[tokio::test]
    async fn a_model_is_loaded_as_it_is_asked_for() {
        let server = Recorded::default()
            .case("GET /api/v1/models", "lmstudio/api-v1-models")
            .case("POST /api/v1/models/load", "lmstudio/api-v1-models-load");
        let command = r#"{"command":"loadModel","name":"openai/gpt-oss-20b","contextLength":16384,"ttl":1500,
            "extraBody":{"echo_load_config":true}}"#;
        manage(&server, command).await.unwrap();
        let sent = json!({
            "model": "openai/gpt-oss-20b", "context_length": 16384, "ttl": 2, "echo_load_config": true
        });
        assert_eq!(server.sent(), [sent]);
    }

    #[tokio::test]
    async fn a_model_that_is_loaded_as_it_should_be_is_loaded_no_second_time() {
        let server = Recorded::default()
            .case("GET /api/v1/models", "lmstudio/api-v1-models")
            .case("POST /api/v1/models/load", "lmstudio/api-v1-models-load");
        let load = |more: &str| format!(r#"{{"command":"loadModel","name":"google/gemma-4-26b-a4b"{more}}}"#);
        manage(&server, &load("")).await.unwrap();
        manage(&server, &load(r#","contextLength":4096"#)).await.unwrap();
        assert_eq!(server.sent().len(), 0);
        manage(&server, &load(r#","contextLength":8192"#)).await.unwrap();
        assert_eq!(server.sent().len(), 1);
    }

    #[tokio::test]
    async fn every_instance_of_a_model_is_unloaded() {
        let list = r#"{"models":[
            {"key":"a","loaded_instances":[{"id":"a"},{"id":"a:2"}]},
            {"key":"b","loaded_instances":[]}]}"#;
        let server = Recorded::default()
            .body("GET /api/v1/models", 200, list)
            .case("POST /api/v1/models/unload", "lmstudio/api-v1-models-unload");
        let unload = |name: &str| format!(r#"{{"command":"unloadModel","name":"{name}"}}"#);
        manage(&server, &unload("a")).await.unwrap();
        manage(&server, &unload("a:2")).await.unwrap();
        manage(&server, &unload("b")).await.unwrap();
        let instance = |id: &str| json!({ "instance_id": id });
        assert_eq!(server.sent(), [instance("a"), instance("a:2"), instance("a:2")]);
        let error = manage(&server, &unload("c")).await.unwrap_err();
        assert_eq!(error.code, Code::ModelNotFound);
        assert_eq!(error.available_models, Some(vec!["a".into(), "b".into()]));
    }

    #[tokio::test]
    async fn before_0_4_it_says_that_it_cannot() {
        for command in [r#"{"command":"loadModel","name":"a"}"#, r#"{"command":"unloadModel","name":"a"}"#] {
            let error = manage(&older(), command).await.unwrap_err();
            assert_eq!(error.code, Code::Unsupported);
            assert!(error.hint.as_ref().unwrap().contains("0.4"), "{error}");
        }
    }

    #[tokio::test]
    async fn a_refusal_is_in_its_own_words() {
        let words =
            r#"{"error":{"type":"model_not_found","message":"Model a not found","code":"model_not_found"}}"#;
        let load = r#"{"command":"loadModel","name":"a"}"#;
        for (status, code) in [(404, Code::ModelNotFound), (200, Code::Protocol)] {
            let server = Recorded::default().body("POST /api/v1/models/load", status, words);
            let error = manage(&server, load).await.unwrap_err();
            assert_eq!(error.code, code);
            assert!(error.message.contains("Model a not found"), "{error}");
        }
    }

    #[test]
    fn it_is_recognised_by_its_lists_and_by_its_words() {
        let recorded = |recording| reply(&format!("lmstudio/{recording}"));
        for recording in ["api-v1-models", "error-no-token-api-v1", "root"] {
            assert!(recognise(&recorded(recording)).is_some(), "{recording}");
        }
        assert!(recognise_older(&recorded("api-v0-models")).is_some());
    }

    #[test]
    fn no_other_server_is_taken_for_it() {
        for (status, body) in [
            (200, r#"{"models":[{"name":"llama3","model":"llama3","digest":""}]}"#),
            (200, r#"{"models":[]}"#),
            (200, r#"{"data":[{"id":"openai/gpt-4o","object":"model"}]}"#),
            (200, r#"{"data":[]}"#),
            (401, r#"{"error":{"message":"No auth credentials found","code":401}}"#),
            (404, r#"{"error":"Not found"}"#),
            (200, "<html>"),
        ] {
            let reply = unrecorded(status, body);
            assert_eq!((recognise(&reply), recognise_older(&reply)), (None, None), "{body}");
        }
    }
}
