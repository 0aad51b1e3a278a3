//! text-generation-webui. Beside OpenAI's protocol, it tells below `/v1/internal` what is loaded.
//! <https://github.com/oobabooga/text-generation-webui/wiki/12-%E2%80%90-OpenAI-API>

use futures_util::future::{BoxFuture, join3};
use serde_json::{Map, Value, json};

use super::{
    Ask, Command, Countable, Facts, Kind, LoadOptions, Place, Probe, Question, Recognised, Reply,
    ResponseFormats, Server, Survey, ToolChoices, list_models,
    response_formats::{field, gbnf},
};
use crate::{
    error::{Code, Error, Result},
    protocol::{Dialect, openai::OpenAi},
    types::{ModelInfo, Reasoning, ResponseFormat},
};

pub static KIND: Kind = Kind {
    facts: Facts {
        name: "text-generation-webui",
        display_name: "text-generation-webui",
        base_url: "http://localhost:5000/v1",
        base_url_env: &["TEXTGEN_BASE_URL"],
        api_key_env: &["TEXTGEN_API_KEY"],
        probes: &[Probe::new("/v1/internal/model/info", recognise)],
        hides_failures: true,
        tool_choices: ToolChoices { none: true, ..ToolChoices::AUTO_ONLY },
        // It takes no notice of `response_format`.
        response_formats: ResponseFormats::NONE,
        ..Facts::PLAIN
    },
    open: |_| Ok(Box::new(TextGenerationWebUi)),
};

struct TextGenerationWebUi;

impl Server for TextGenerationWebUi {
    fn facts(&self) -> &'static Facts {
        &KIND.facts
    }

    /// Not every loader heeds it.
    fn constraint(&self, format: &ResponseFormat) -> Option<Map<String, Value>> {
        gbnf("grammar_string", format)
    }

    /// `modules/api/typing.py`
    fn reasoning(&self, reasoning: Reasoning) -> Map<String, Value> {
        let mut fields = field("enable_thinking", reasoning != Reasoning::Switch(false));
        if let Reasoning::Effort(effort) = reasoning {
            fields.insert("reasoning_effort".into(), effort.of_three().into());
        }
        fields
    }

    fn survey<'a>(&'a self, ask: &'a dyn Ask) -> BoxFuture<'a, Result<Survey>> {
        Box::pin(async move {
            let question = |path| ask.ask(Question::get(Place::Api(path)));
            let (models, info, others) = join3(
                list_models(self.dialect(), ask),
                question("/internal/model/info"),
                // It needs the admin key, where there is one.
                question("/internal/model/list"),
            )
            .await;
            let (mut models, info) = (models?, info.ok().and_then(|reply| Info::of(&reply.value()?)));
            let others = others.ok().and_then(|reply| named_in(&reply.value()?)).unwrap_or_default();
            for other in others {
                if !models.iter().any(|model| model.name == other.name) {
                    models.push(other);
                }
            }
            if let Some(info) = info {
                for model in &mut models {
                    model.loaded = Some(info.loaded.as_ref() == Some(&model.name));
                }
            }
            Ok(Survey { models, version: None, serves_any_name: true, loads_none: true })
        })
    }

    /// Without a model, it fails like that.
    fn explain(&self, failure: &mut Error, _has_key: bool) {
        if failure.status == Some(500) && failure.message == "Internal Server Error" {
            failure.hint = Some(
                "If no model is loaded, load one: `loadModel(name)`. Else its log tells why.".to_owned(),
            );
        }
    }

    /// Of a text only: what its template makes of a chat, it tells nobody.
    fn count_tokens<'a>(
        &'a self,
        ask: &'a dyn Ask,
        what: Countable<'a>,
    ) -> BoxFuture<'a, Result<Option<u64>>> {
        Box::pin(async move {
            let Countable::Text { text, .. } = what else { return Ok(None) };
            let question = Question::post(Place::Api("/internal/token-count"), json!({ "text": text }));
            Ok(ask.ask(question).await?.json()?.get("length").and_then(Value::as_u64))
        })
    }

    fn manage<'a>(&'a self, command: Command, ask: &'a dyn Ask) -> BoxFuture<'a, Result<Value>> {
        Box::pin(async move {
            match command {
                Command::LoadModel { options, .. } if options.ttl.is_some() => Err(self
                    .unsupported_option("ttl")
                    .hint("Its setting `--idle-timeout` is for all models.")),
                Command::LoadModel { name, options } => {
                    have(ask, "/internal/model/load", loading(name, options)).await
                }
                Command::UnloadModel { .. } => have(ask, "/internal/model/unload", json!({})).await,
                command => Err(self.unsupported(&command)),
            }
        })
    }
}

/// What `/v1/internal/model/info` tells.
struct Info {
    loaded: Option<String>,
}

impl Info {
    fn of(value: &Value) -> Option<Self> {
        let name = value.get("model_name")?.as_str()?;
        Some(Self { loaded: Some(name).filter(|name| *name != NONE).map(str::to_owned) })
    }
}

/// How it calls the model where none is loaded.
const NONE: &str = "None";

/// What `/v1/internal/model/list` tells: all that could be loaded.
fn named_in(value: &Value) -> Option<Vec<ModelInfo>> {
    let mut models = OpenAi.decode_models(value.get("model_names")?.to_string().as_bytes()).ok()?;
    models.retain(|model| model.name != NONE);
    Some(models)
}

/// What the loader is told stands in `args`, also what the caller adds to it.
fn loading(name: String, options: LoadOptions) -> Value {
    let mut body = Map::from_iter([("model_name".to_owned(), Value::String(name))]);
    body.extend(options.extra_body.unwrap_or_default());
    if let Some(tokens) = options.context_length {
        let args = body.entry("args").or_insert_with(|| json!({}));
        if let Value::Object(args) = args {
            args.entry("ctx_size").or_insert(tokens.into());
        }
    }
    body.into()
}

/// Has it do something that it confirms with `"OK"`, and for which it may want another key than for chats.
async fn have(ask: &dyn Ask, path: &str, body: Value) -> Result<Value> {
    let reply = ask.ask(Question::post(Place::Api(path), body)).await.map_err(|mut error| {
        if error.code == Code::Authentication {
            error.message.push_str(": loading and unloading need the server's `--admin-key`");
        }
        error
    })?;
    let is_done = reply.value().is_some_and(|answer| answer == "OK");
    if is_done { Ok(Value::Null) } else { Err(reply.unexpected()) }
}

/// Its answer, or, where it has a key, its words for a missing one.
fn recognise(reply: &Reply) -> Option<Recognised> {
    let body = reply.value()?;
    let tells = body["model_name"].is_string() && body["lora_names"].is_array();
    let is_locked = reply.status == 401 && body == json!({ "detail": "Unauthorized" });
    (tells || is_locked).then(Recognised::default)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::servers::recorded::{Recorded, reply, unrecorded};

    async fn told(server: &Recorded) -> Vec<(String, Option<bool>, Option<u64>)> {
        let survey = TextGenerationWebUi.survey(server).await.unwrap();
        survey.models.into_iter().map(|it| (it.name, it.loaded, it.context_length)).collect()
    }

    #[tokio::test]
    async fn it_tells_which_of_its_models_is_loaded_and_no_context() {
        let others = r#"{"model_names":["None","other","tiny-chat"]}"#;
        let server = Recorded::default()
            .case("GET /v1/models", "tgw/models")
            .case("GET /v1/internal/model/info", "tgw/internal-model-info")
            .body("GET /v1/internal/model/list", 200, others);
        let expected = [("tiny-chat".into(), Some(true), None), ("other".into(), Some(false), None)];
        assert_eq!(told(&server).await, expected);
    }

    #[tokio::test]
    async fn a_list_is_enough() {
        let server = Recorded::default()
            .case("GET /v1/models", "tgw/models")
            .case("GET /v1/internal/model/list", "tgw/models-no-key");
        assert_eq!(told(&server).await, [("tiny-chat".into(), None, None)]);
    }

    #[tokio::test]
    async fn a_server_without_a_model_has_none_loaded() {
        let server = Recorded::default()
            .case("GET /v1/models", "tgw/nomodel-models")
            .case("GET /v1/internal/model/info", "tgw/nomodel-model-info")
            .body("GET /v1/internal/model/list", 200, r#"{"model_names":["tiny-chat"]}"#);
        assert_eq!(told(&server).await, [("tiny-chat".into(), Some(false), None)]);
    }

    #[tokio::test]
    async fn a_model_is_loaded_with_what_its_loader_is_told() {
        let server = Recorded::default().case("POST /v1/internal/model/load", "tgw/internal-model-load");
        let load = |more: &str| {
            let command = format!(r#"{{"command":"loadModel","name":"tiny-chat"{more}}}"#);
            serde_json::from_str(&command).unwrap()
        };
        let more = r#","contextLength":4096,"extraBody":{"args":{"loader":"llama.cpp"}}"#;
        for more in ["", r#","contextLength":4096"#, more] {
            TextGenerationWebUi.manage(load(more), &server).await.unwrap();
        }
        let expected = [
            json!({ "model_name": "tiny-chat" }),
            json!({ "model_name": "tiny-chat", "args": { "ctx_size": 4096 } }),
            json!({ "model_name": "tiny-chat", "args": { "loader": "llama.cpp", "ctx_size": 4096 } }),
        ];
        assert_eq!(server.sent(), expected);
        let error = TextGenerationWebUi.manage(load(r#","ttl":1"#), &server).await.unwrap_err();
        assert_eq!(error.code, Code::Unsupported);
    }

    #[tokio::test]
    async fn what_it_refuses_is_told_in_its_words() {
        for (recording, code, words) in [
            ("internal-model-load-unknown", Code::Server, "Failed to load the model."),
            ("models-no-key", Code::Authentication, "Unauthorized: loading and unloading need"),
            ("internal-model-info", Code::Protocol, "model_name"),
        ] {
            let server =
                Recorded::default().case("POST /v1/internal/model/unload", &format!("tgw/{recording}"));
            let command = Command::UnloadModel { name: None };
            let error = TextGenerationWebUi.manage(command, &server).await.unwrap_err();
            assert_eq!(error.code, code, "{recording}");
            assert!(error.message.contains(words), "{error}");
        }
        let server = Recorded::default().case("POST /v1/internal/model/unload", "tgw/internal-model-unload");
        TextGenerationWebUi.manage(Command::UnloadModel { name: None }, &server).await.unwrap();
    }

    #[tokio::test]
    async fn it_counts_texts() {
        let server = Recorded::default().case("POST /v1/internal/token-count", "tgw/token-count");
        let text = Countable::Text { text: "Say hello", model: "m" };
        assert_eq!(TextGenerationWebUi.count_tokens(&server, text).await.unwrap(), Some(2));
        assert_eq!(server.sent(), [json!({ "text": "Say hello" })]);
        let chat = Countable::Chat(&Map::new());
        assert_eq!(TextGenerationWebUi.count_tokens(&server, chat).await.unwrap(), None);
    }

    #[test]
    fn it_is_recognised_with_and_without_a_model_and_where_it_wants_a_key() {
        for recording in ["internal-model-info", "llamacpp-model-info", "nomodel-model-info", "models-no-key"]
        {
            assert!(recognise(&reply(&format!("tgw/{recording}"))).is_some(), "{recording}");
        }
    }

    #[test]
    fn no_other_server_is_taken_for_it() {
        for (status, body) in [
            (404, r#"{"detail":"Not Found"}"#),
            (401, r#"{"error":"Unauthorized"}"#),
            (401, r#"{"detail":"Not authenticated"}"#),
            (200, r#"{"error":"Unexpected endpoint or method. (GET /v1/internal/model/info)"}"#),
            (200, r#"{"model_name":"x","model_type":"chat"}"#),
            (200, "<html>"),
        ] {
            assert_eq!(recognise(&unrecorded(status, body)), None, "{body}");
        }
    }
}
