//! llama.cpp's own server: of one model, or as a router that starts such a server for each of several.
//! <https://github.com/ggml-org/llama.cpp/tree/master/tools/server>

mod infill;
mod props;
mod router;

use futures_util::future::{BoxFuture, join, join_all};
use serde_json::{Map, Value, json};
use url::form_urlencoded;

use super::{
    Ask, Command, CompletionWay, Countable, Facts, Kind, Place, Probe, Question, ResponseFormats, Server,
    Survey, ToolChoices, list_models, response_formats::gbnf,
};
use crate::{
    error::{Error, Result},
    text::format::write_out_classes,
    types::{ModelInfo, ResponseFormat, Warning},
};
use props::Props;

pub static KIND: Kind = Kind {
    facts: Facts {
        name: "llama-cpp",
        display_name: "llama.cpp",
        base_url: "http://localhost:8080/v1",
        base_url_env: &["LLAMACPP_BASE_URL"],
        api_key_env: &["LLAMA_API_KEY"],
        more_ports: &[9931],
        tool_choices: ToolChoices { none: false, ..ToolChoices::NO_NAME },
        // Beside tools, a schema forbids the model to call any, and a grammar is refused.
        response_formats: ResponseFormats::ENFORCED,
        // Tools for which the model's template has no place are dropped without a word.
        tells_who_takes_tools: true,
        probes: &[Probe::new("/props", props::recognise)],
        cuts_prompts: None,
        ..Facts::PLAIN
    },
    open: |_| Ok(Box::new(LlamaCpp)),
};

struct LlamaCpp;

/// How many tokens it reads of a prompt before it tells how far it is. A token has at least one byte.
const BATCH: usize = 2048;

/// Of how many models a router is asked what each runs with.
const MAX_ASKED: usize = 16;

impl Server for LlamaCpp {
    fn facts(&self) -> &'static Facts {
        &KIND.facts
    }

    /// Has it tell how far it has read a prompt that is read in several batches (builds that cannot ignore the field), and
    /// hold answers to all patterns.
    fn adjust(&self, body: &mut Map<String, Value>) -> Vec<Warning> {
        if body.get("messages").is_some_and(|messages| text_length(messages) > BATCH) {
            body.entry("return_progress").or_insert(true.into());
        }
        let schema = body.get_mut("response_format").and_then(|format| format.get_mut("json_schema"));
        if let Some(schema) = schema.and_then(|named| named.get_mut("schema")) {
            write_out_classes(schema);
        }
        Vec::new()
    }

    fn infill(&self, body: &mut Map<String, Value>) -> Option<CompletionWay> {
        Some(infill::way(body))
    }

    fn constraint(&self, format: &ResponseFormat) -> Option<Map<String, Value>> {
        gbnf("grammar", format)
    }

    fn survey<'a>(&'a self, ask: &'a dyn Ask) -> BoxFuture<'a, Result<Survey>> {
        Box::pin(async move {
            let (models, props) = join(list_models(self.dialect(), ask), Props::ask(ask, "/props")).await;
            let (mut models, props) = (models?, props.unwrap_or_default());
            if props.is_router {
                let running = models.iter_mut().filter(|model| model.loaded == Some(true));
                join_all(running.take(MAX_ASKED).map(|model| complete(ask, model))).await;
            } else if let [model] = &mut models[..] {
                props.complete(model);
            }
            Ok(Survey {
                models,
                version: props.version,
                serves_any_name: !props.is_router,
                loads_none: props.loads_none,
            })
        })
    }

    fn explain(&self, failure: &mut Error, _has_key: bool) {
        // As a router says it that was told to start none by itself.
        if failure.message == "model is not loaded" {
            failure.hint = Some("Load it first: `loadModel(name)`.".to_owned());
        }
        if failure.message.contains("Infill is not supported") {
            failure.hint = Some(
                "Load a model that was trained to fill gaps, such as Qwen2.5-Coder, or leave `suffix` out."
                    .to_owned(),
            );
        }
    }

    /// As its template writes it.
    fn count_tokens<'a>(
        &'a self,
        ask: &'a dyn Ask,
        what: Countable<'a>,
    ) -> BoxFuture<'a, Result<Option<u64>>> {
        Box::pin(async move {
            let body = match what {
                Countable::Text { text, model } => json!({ "content": text, "model": model }),
                Countable::Chat(chat) => {
                    let mut chat = chat.clone();
                    for name in ["stream", "stream_options"] {
                        chat.remove(name);
                    }
                    let model = chat.get("model").cloned();
                    let question = Question::post(Place::Root("/apply-template"), chat.into());
                    let prompt = ask.ask(question).await?.json()?.get_mut("prompt").map(Value::take);
                    json!({ "content": prompt, "model": model, "add_special": true })
                }
            };
            let reply = ask.ask(Question::post(Place::Root("/tokenize"), body)).await?.json()?;
            Ok(reply.get("tokens").and_then(Value::as_array).map(|tokens| tokens.len() as u64))
        })
    }

    fn manage<'a>(&'a self, command: Command, ask: &'a dyn Ask) -> BoxFuture<'a, Result<Value>> {
        Box::pin(async move {
            match command {
                Command::Slots => slots(ask).await,
                Command::Tokenize { text } => tokenize(ask, text).await,
                Command::LoadModel { options, .. } if options.context_length.is_some() => {
                    Err(self.unsupported_option("contextLength").hint(PRESET))
                }
                Command::LoadModel { options, .. } if options.ttl.is_some() => {
                    Err(self.unsupported_option("ttl").hint(PRESET))
                }
                Command::LoadModel { name, options } => {
                    router::load(ask, &name, options.extra_body.unwrap_or_default()).await
                }
                Command::UnloadModel { name: Some(name) } => router::unload(ask, &name).await,
                command => Err(self.unsupported(&command)),
            }
        })
    }
}

const PRESET: &str = "A router loads a model as its preset says: set it there.";

/// Completes a model of a router with what its own server says. That loads and wakes none.
async fn complete(ask: &dyn Ask, model: &mut ModelInfo) {
    let path = format!("/props?model={}&autoload=false", encoded(&model.name));
    if let Ok(props) = Props::ask(ask, &path).await {
        props.complete(model);
    }
}

async fn slots(ask: &dyn Ask) -> Result<Value> {
    let path = match ask.model() {
        // Only a router looks at it.
        Some(model) => format!("/slots?model={}&autoload=false", encoded(model)),
        None => "/slots".to_owned(),
    };
    let reply = ask.ask(Question::get(Place::Root(&path))).await?;
    reply.value().filter(Value::is_array).ok_or_else(|| reply.unexpected())
}

async fn tokenize(ask: &dyn Ask, text: String) -> Result<Value> {
    let mut body = json!({ "content": Value::String(text) });
    if let Some(model) = ask.model() {
        body["model"] = model.into();
    }
    let reply = ask.ask(Question::post(Place::Root("/tokenize"), body)).await?;
    let tokens = reply.value().and_then(|mut answer| Some(answer.get_mut("tokens")?.take()));
    tokens.filter(Value::is_array).ok_or_else(|| reply.unexpected())
}

fn encoded(name: &str) -> String {
    form_urlencoded::byte_serialize(name.as_bytes()).collect()
}

/// The length of all texts in it, in bytes.
fn text_length(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::Array(list) => list.iter().map(text_length).sum(),
        Value::Object(fields) => fields.values().map(text_length).sum(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{error::Code, servers::recorded::Recorded};

    #[tokio::test]
    async fn a_server_of_one_model_tells_what_it_runs_with() {
        let server = Recorded::default()
            .case("GET /v1/models", "llama.cpp/get-models-bare")
            .case("GET /props", "llama.cpp/get-props");
        let survey = LlamaCpp.survey(&server).await.unwrap();
        assert_eq!(survey.version.as_deref(), Some("b0-unknown"));
        let [model] = &survey.models[..] else { panic!("{:?}", survey.models) };
        assert_eq!(
            (model.name.as_str(), model.context_length, model.loaded),
            ("tiny", Some(4096), Some(true))
        );
        let capabilities = &model.capabilities;
        let told = (capabilities.tools, capabilities.vision, capabilities.reasoning);
        assert_eq!(told, (Some(true), Some(false), Some(true)));
    }

    #[tokio::test]
    async fn a_list_is_enough() {
        let server = Recorded::default()
            .case("GET /v1/models", "llama.cpp/get-models-bare")
            .case("GET /props", "llama.cpp/auth-missing-props");
        let survey = LlamaCpp.survey(&server).await.unwrap();
        assert_eq!((survey.version, survey.models[0].context_length), (None, Some(4096)));
    }

    #[tokio::test]
    async fn a_server_that_loads_says_so() {
        let server = Recorded::default()
            .case("GET /v1/models", "llama.cpp/loading-models")
            .case("GET /props", "llama.cpp/loading-props");
        let error = LlamaCpp.survey(&server).await.unwrap_err();
        assert_eq!((error.code, error.message.as_str()), (Code::ModelLoading, "Loading model"));
    }

    #[tokio::test]
    async fn a_router_tells_which_models_run_and_what_these_run_with() {
        let server = Recorded::default()
            .case("GET /v1/models", "llama.cpp/router-models-loading")
            .case("GET /props", "llama.cpp/router-props")
            .case("GET /props?model=sleepy&autoload=false", "llama.cpp/router-props-sleeping");
        let survey = LlamaCpp.survey(&server).await.unwrap();
        assert_eq!(survey.version.as_deref(), Some("b11669-Debian"));
        let told: Vec<_> = survey
            .models
            .iter()
            .map(|model| (model.name.as_str(), model.loaded, model.capabilities.tools))
            .collect();
        let expected = [
            ("broken", Some(false), None),
            ("large", Some(false), None),
            ("sleepy", Some(true), Some(true)),
            ("tiny-chat", Some(false), None),
            ("tiny-long", Some(false), None),
        ];
        assert_eq!(told, expected);
        assert_eq!(survey.loaded().unwrap().context_length, Some(8192));
    }

    #[tokio::test]
    async fn a_model_of_a_router_that_cannot_tell_yet_is_known_by_the_list() {
        for (props, tools) in [("router-props-loaded", Some(true)), ("router-props-loading", None)] {
            let server = Recorded::default()
                .case("GET /v1/models", "llama.cpp/router-models-after-eviction")
                .case("GET /props", "llama.cpp/router-props")
                .case("GET /props?model=sleepy&autoload=false", &format!("llama.cpp/{props}"));
            let survey = LlamaCpp.survey(&server).await.unwrap();
            let loaded = survey.loaded().unwrap();
            assert_eq!((loaded.name.as_str(), loaded.context_length), ("sleepy", Some(8192)));
            assert_eq!(loaded.capabilities.tools, tools, "{props}");
        }
    }

    #[tokio::test]
    async fn slots_and_tokens_are_those_of_the_model_that_is_asked_for() {
        let server = Recorded::default()
            .case("GET /slots", "llama.cpp/slots-busy")
            .case("POST /tokenize", "llama.cpp/tokenize-plain");
        let slots = LlamaCpp.manage(Command::Slots, &server).await.unwrap();
        assert_eq!(
            (slots[0]["is_processing"].as_bool(), slots[0]["n_ctx"].as_u64()),
            (Some(true), Some(65536))
        );
        let tokenize = || Command::Tokenize { text: "hello <|im_start|>".into() };
        let tokens = LlamaCpp.manage(tokenize(), &server).await.unwrap();
        assert_eq!(tokens, json!([262, 261, 65, 129, 110, 114, 100, 120, 121, 102, 119, 121, 129, 67]));

        let router = Recorded::default()
            .for_model("tiny-chat")
            .case("GET /slots?model=tiny-chat&autoload=false", "llama.cpp/router-slots-loaded")
            .case("POST /tokenize", "llama.cpp/tokenize-plain");
        assert_eq!(LlamaCpp.manage(Command::Slots, &router).await.unwrap().as_array().unwrap().len(), 1);
        LlamaCpp.manage(tokenize(), &router).await.unwrap();
        assert_eq!(router.sent(), [json!({ "content": "hello <|im_start|>", "model": "tiny-chat" })]);
    }

    #[tokio::test]
    async fn a_refusal_is_in_the_words_of_the_server() {
        for (recording, code, words) in [
            ("router-slots-no-model", Code::InvalidRequest, "model name is missing from the request"),
            ("auth-missing-slots", Code::Authentication, "Invalid API Key"),
            ("slots-erase", Code::Unsupported, "does not support slots action"),
        ] {
            let error = LlamaCpp
                .manage(
                    Command::Slots,
                    &Recorded::default().case("GET /slots", &format!("llama.cpp/{recording}")),
                )
                .await
                .unwrap_err();
            assert_eq!(error.code, code, "{recording}");
            assert!(error.message.contains(words), "{error}");
        }
    }

    #[tokio::test]
    async fn a_chat_is_counted_as_its_template_writes_it() {
        let server = Recorded::default()
            .case("POST /apply-template", "llama.cpp/apply-template")
            .case("POST /tokenize", "llama.cpp/tokenize-plain");
        let Value::Object(chat) = json!({ "model": "m", "messages": [{ "content": "hi" }], "stream": true })
        else {
            unreachable!("it is an object")
        };
        let counted = LlamaCpp.count_tokens(&server, Countable::Chat(&chat)).await.unwrap();
        assert_eq!(counted, Some(14));
        let text = Countable::Text { text: "hello", model: "m" };
        assert_eq!(LlamaCpp.count_tokens(&server, text).await.unwrap(), Some(14));
        let [template, tokenized, plain] = &server.sent()[..] else { panic!("{:?}", server.sent()) };
        assert_eq!(*template, json!({ "model": "m", "messages": [{ "content": "hi" }] }));
        assert!(tokenized["content"].as_str().unwrap().ends_with("<|im_start|>assistant\n"));
        assert_eq!((&tokenized["model"], &tokenized["add_special"]), (&json!("m"), &json!(true)));
        assert_eq!(*plain, json!({ "content": "hello", "model": "m" }));
    }

    #[test]
    fn progress_is_asked_for_where_there_is_some_to_tell() {
        let asked = |body: Value| {
            let Value::Object(mut body) = body else { panic!("{body}") };
            assert!(LlamaCpp.adjust(&mut body).is_empty());
            body.remove("return_progress")
        };
        let long = "word ".repeat(500);
        assert_eq!(asked(json!({ "messages": [{ "role": "user", "content": "hello" }] })), None);
        assert_eq!(asked(json!({ "messages": [{ "content": long }] })), Some(json!(true)));
        let parts = json!([{ "type": "text", "text": long }]);
        assert_eq!(asked(json!({ "messages": [{ "content": parts }] })), Some(json!(true)));
        let refused = json!({ "messages": [{ "content": long }], "return_progress": false });
        assert_eq!(asked(refused), Some(json!(false)), "what the caller set stays");
    }
}
