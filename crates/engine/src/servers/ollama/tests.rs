use super::*;
use crate::{
    servers::recorded::{Recorded, reply, unrecorded},
    types::LoadProgress,
};

fn server(fields: Value) -> Ollama {
    let fields = serde_json::from_value(fields).unwrap();
    Ollama::new(&Settings { fields, ..Settings::default() }).unwrap()
}

/// A whole Ollama, as it was recorded.
fn recorded() -> Recorded {
    Recorded::default()
        .case("GET /", "ollama/root")
        .case("GET /api/version", "ollama/api-version")
        .case("GET /api/tags", "ollama/api-tags-with-capabilities")
        .case("GET /api/ps", "ollama/api-ps")
        .case("POST /api/show", "ollama/api-show")
        .case("POST /api/generate", "ollama/api-generate-unload")
}

#[test]
fn each_mode_has_its_address() {
    for (api, base, expected) in [
        ("native", "http://box:11434", "http://box:11434"),
        ("native", "http://box:11434/v1", "http://box:11434"),
        ("native", "https://gw.example/ollama", "https://gw.example/ollama"),
        ("openai", "http://box:11434", "http://box:11434/v1"),
        ("openai", "http://box:11434/v1", "http://box:11434/v1"),
        ("openai", "https://gw.example/ollama", "https://gw.example/ollama/v1"),
    ] {
        assert_eq!(server(json!({ "api": api })).api_base(base), expected, "{api} {base}");
    }
}

#[tokio::test]
async fn where_it_is_not_said_how_to_speak_the_server_decides_once() {
    for (ask, chat_path) in [
        (recorded(), "/api/chat"),
        (Recorded::default(), "/chat/completions"),
        (
            Recorded::default().body("GET /api/version", 200, r#"{"error":"Unexpected endpoint"}"#),
            "/chat/completions",
        ),
        (Recorded::default().body("GET /api/version", 200, "<html>all is well</html>"), "/chat/completions"),
    ] {
        let server = server(json!({ "api": "auto" }));
        assert!(!server.is_settled());
        server.settle(&ask).await;
        server.settle(&ask).await;
        assert_eq!((server.is_settled(), server.dialect().chat_path()), (true, chat_path));
        assert_eq!(*ask.asked.lock().unwrap(), ["GET /api/version"]);
    }
}

#[tokio::test]
async fn a_server_that_only_fails_has_decided_nothing() {
    let ask =
        Recorded::default().body("GET /api/version", 503, "").case("GET /api/version", "ollama/api-version");
    let server = server(json!({ "api": "auto" }));
    server.settle(&ask).await;
    assert_eq!((server.is_settled(), server.dialect().chat_path()), (false, "/api/chat"));
    server.settle(&ask).await;
    assert!(server.is_settled());
}

#[test]
fn the_context_and_how_long_a_model_stays_are_said_unless_the_caller_says_otherwise() {
    let server = server(json!({ "numCtx": 8192, "keepAlive": "10m" }));
    for (body, expected) in [
        (json!({}), json!({ "options": { "num_ctx": 8192 }, "keep_alive": "10m" })),
        (
            json!({ "options": { "seed": 1 } }),
            json!({ "options": { "seed": 1, "num_ctx": 8192 }, "keep_alive": "10m" }),
        ),
        (
            json!({ "options": { "num_ctx": 4096 }, "keep_alive": -1 }),
            json!({ "options": { "num_ctx": 4096 }, "keep_alive": -1 }),
        ),
        (json!({ "options": null }), json!({ "options": null, "keep_alive": "10m" })),
    ] {
        let mut adjusted = body.as_object().unwrap().clone();
        assert_eq!(server.adjust(&mut adjusted), []);
        assert_eq!(Value::Object(adjusted), expected, "{body}");
    }
}

#[tokio::test]
async fn what_openais_protocol_cannot_say_is_left_out_with_a_warning() {
    let server = server(json!({ "api": "auto", "numCtx": 8192 }));
    server.settle(&Recorded::default()).await;
    let mut body = Map::new();
    let warnings = server.adjust(&mut body);
    assert_eq!((warnings.len(), warnings[0].code, body.len()), (1, "left_out", 0));
    assert!(warnings[0].message.starts_with("`numCtx` cannot be told"), "{}", warnings[0].message);
}

#[tokio::test]
async fn a_survey_tells_what_runs_and_with_which_context() {
    for api in ["native", "openai"] {
        let ask = recorded();
        let Survey { models, version, .. } = server(json!({ "api": api })).survey(&ask).await.unwrap();
        assert_eq!(version.as_deref(), Some("0.0.0"));
        let told: Vec<_> =
            models.iter().map(|it| (&*it.name, it.loaded, it.context_length, it.size_bytes)).collect();
        assert_eq!(
            told,
            [
                ("tiny-gotpl:latest", Some(false), Some(2048), Some(2_164_380)),
                ("tiny-embed:latest", Some(false), Some(2048), Some(2_163_128)),
                // In memory it has another size.
                ("tiny-chat:latest", Some(true), Some(2048), Some(2_163_114)),
            ]
        );
        assert_eq!(
            (models[0].capabilities.tools, models[0].capabilities.reasoning),
            (Some(true), Some(true))
        );
        assert!(models[1].capabilities.embedding && !models[1].capabilities.chat);
        assert_eq!(ask.asked.lock().unwrap().len(), 3);
    }
}

#[tokio::test]
async fn the_context_of_a_loaded_model_is_never_the_one_that_it_was_trained_with() {
    let tags = r#"{"models":[{"name":"a:latest","details":{"context_length":131072}},
                             {"name":"b:latest","details":{"context_length":131072}}]}"#;
    for (ps, loaded, context) in [
        (r#"{"models":[{"name":"a:latest","context_length":4096}]}"#, Some(true), Some(4096)),
        (r#"{"models":[{"name":"a:latest"}]}"#, Some(true), None),
        (r#"{"models":[]}"#, Some(false), Some(131_072)),
        (r#"{"error":"busy"}"#, None, Some(131_072)),
    ] {
        let ask = Recorded::default().body("GET /api/tags", 200, tags).body("GET /api/ps", 200, ps);
        let survey = server(json!({})).survey(&ask).await.unwrap();
        assert_eq!((survey.models[0].loaded, survey.models[0].context_length), (loaded, context), "{ps}");
        assert_eq!(survey.models[1].context_length, Some(131_072));
        assert_eq!(survey.find("a").map(|model| &*model.name), Some("a:latest"));
    }
}

#[tokio::test]
async fn a_survey_fails_with_its_list_alone() {
    let only_tags = Recorded::default().case("GET /api/tags", "ollama/api-tags-with-capabilities");
    let survey = server(json!({})).survey(&only_tags).await.unwrap();
    assert_eq!((survey.models.len(), survey.version, survey.models[2].loaded), (3, None, None));
    let no_tags = Recorded::default().case("GET /api/version", "ollama/api-version");
    assert_eq!(server(json!({})).survey(&no_tags).await.unwrap_err().status, Some(404));
    let only_chats = Recorded::default().case("POST /api/chat", "ollama/api-chat-no-model");
    assert_eq!(server(json!({})).survey(&only_chats).await.unwrap_err().status, Some(404));
    let wrong = Recorded::default().case("GET /api/tags", "ollama/api-version");
    let error = server(json!({})).survey(&wrong).await.unwrap_err();
    assert_eq!((error.code, error.status), (Code::Protocol, Some(200)));
}

#[tokio::test]
async fn what_only_speaks_openais_protocol_is_surveyed_by_it() {
    let ask = Recorded::default().body("GET /v1/models", 200, r#"{"data":[{"id":"m"}]}"#);
    let survey = server(json!({ "api": "openai" })).survey(&ask).await.unwrap();
    assert_eq!((survey.models[0].name.as_str(), survey.models[0].loaded), ("m", None));
}

#[tokio::test]
async fn another_server_is_no_ollama_without_a_list() {
    for case in ["vllm/get-not-found", "llama.cpp/get-api-version", "ollama/unknown-path"] {
        let ask = ["GET /api/tags", "GET /api/ps", "GET /api/version", "POST /api/chat", "POST /api/pull"]
            .into_iter()
            .fold(Recorded::default(), |ask, question| ask.case(question, case));
        let no_survey = server(json!({})).survey(&ask).await.unwrap_err();
        let no_pull = done(json!({ "command": "pullModel", "name": "m" }), &ask).await.unwrap_err();
        for error in [no_survey, no_pull] {
            assert_eq!((error.code, error.status), (Code::Unsupported, None), "{case}");
            assert!(error.message.starts_with("No Ollama answers there: "), "{case}: {}", error.message);
            assert!(error.hint.as_ref().unwrap().contains("`api: 'openai'`"), "{case}");
        }
    }
}

async fn done(command: Value, ask: &Recorded) -> Result<Value> {
    server(json!({})).manage(serde_json::from_value(command).unwrap(), ask).await
}

#[tokio::test]
async fn a_model_is_shown_with_all_that_the_server_says_of_it() {
    let ask = recorded();
    let shown = done(json!({ "command": "showModel", "name": "tiny-chat" }), &ask).await.unwrap();
    assert_eq!(ask.sent(), [json!({ "model": "tiny-chat" })]);
    assert_eq!(
        (&shown["name"], &shown["loaded"], &shown["contextLength"]),
        (&json!("tiny-chat"), &json!(true), &json!(2048))
    );
    // The list of all models knows of neither.
    let capabilities = &shown["capabilities"];
    assert_eq!((&capabilities["tools"], &capabilities["reasoning"]), (&json!(true), &json!(true)));
    assert_eq!(shown["details"], reply("ollama/api-show").value().unwrap());

    let unknown = Recorded::default().case("POST /api/show", "ollama/api-show-unknown");
    let error = done(json!({ "command": "showModel", "name": "nope" }), &unknown).await.unwrap_err();
    assert_eq!((error.code, &*error.message), (Code::ModelNotFound, "model 'nope:latest' not found"));
}

#[tokio::test]
async fn running_models_are_told_with_the_context_that_they_run_with() {
    let running = done(json!({ "command": "runningModels" }), &recorded()).await.unwrap();
    let [model] = running.as_array().unwrap().as_slice() else { panic!("{running}") };
    assert_eq!((&model["name"], &model["loaded"]), (&json!("tiny-chat:latest"), &json!(true)));
    assert_eq!(model["contextLength"], 2048);
}

#[tokio::test]
async fn a_model_is_unloaded_by_keeping_it_for_no_time() {
    let ask = recorded();
    assert_eq!(done(json!({ "command": "unloadModel", "name": "tiny-chat" }), &ask).await, Ok(Value::Null));
    assert_eq!(ask.sent(), [json!({ "model": "tiny-chat", "keep_alive": 0 })]);
    let unknown = Recorded::default().case("POST /api/generate", "ollama/api-chat-unknown-model");
    let error = done(json!({ "command": "unloadModel", "name": "nope" }), &unknown).await.unwrap_err();
    assert_eq!(error.code, Code::ModelNotFound);
}

#[tokio::test]
async fn a_pull_tells_its_progress_and_fails_in_the_servers_words() {
    let body = "{\"status\":\"pulling manifest\"}\n{\"status\":\"pulling 8be8\",\"total\":10,\"completed\":4}\n{\"status\":\"success\"}\n";
    let ask = Recorded::default().body("POST /api/pull", 200, body);
    let pull = json!({ "command": "pullModel", "name": "m", "extraBody": { "insecure": true } });
    assert_eq!(done(pull, &ask).await, Ok(Value::Null));
    assert_eq!(ask.sent(), [json!({ "model": "m", "stream": true, "insecure": true })]);
    let told = ask.told.lock().unwrap().clone();
    assert_eq!(told.len(), 3);
    assert_eq!(told[1], LoadProgress { status: "pulling 8be8".into(), done: Some(4), total: Some(10) });

    let pull = json!({ "command": "pullModel", "name": "m" });
    let offline = Recorded::default().case("POST /api/pull", "ollama/api-pull-offline-nostream");
    let error = done(pull.clone(), &offline).await.unwrap_err();
    assert_eq!((error.code, error.status), (Code::Server, Some(500)));
    assert!(error.message.ends_with("no such host"), "{error}");
    let unknown = r#"{"error":"pull model manifest: file does not exist"}"#;
    let error = done(pull, &Recorded::default().body("POST /api/pull", 200, unknown)).await.unwrap_err();
    assert_eq!(error.code, Code::ModelNotFound);
    assert!(error.hint.as_ref().unwrap().contains("ollama.com/library"), "{:?}", error.hint);
}

#[tokio::test]
async fn an_older_ollama_says_what_it_does_not_know() {
    let older = Recorded::default()
        .case("GET /api/version", "ollama/api-version")
        .case("GET /api/ps", "ollama/unknown-path");
    let error = done(json!({ "command": "runningModels" }), &older).await.unwrap_err();
    assert_eq!((error.code, &*error.message), (Code::Unsupported, "Ollama has no runningModels"));
    assert!(error.hint.as_ref().unwrap().contains("Update Ollama"));
}

#[tokio::test]
async fn what_ollama_cannot_be_told_is_unsupported() {
    for (command, words) in [
        (json!({ "command": "loadModel", "name": "m" }), "Ollama has no loadModel"),
        (
            json!({ "command": "pullModel", "name": "m", "contextLength": 1 }),
            "Ollama takes no `contextLength`",
        ),
        (json!({ "command": "pullModel", "name": "m", "ttl": 1 }), "Ollama takes no `ttl`"),
    ] {
        let error = done(command, &recorded()).await.unwrap_err();
        assert_eq!((error.code, &*error.message), (Code::Unsupported, words));
    }
}

#[test]
fn a_refusal_without_a_word_is_explained() {
    let refusal = |status: u16, body: &str| {
        let mut error = ollama::Ollama.decode_failure(
            http::StatusCode::from_u16(status).unwrap(),
            &http::HeaderMap::new(),
            body.as_bytes(),
        );
        server(json!({})).explain(&mut error, false);
        error.hint.clone().unwrap_or_default()
    };
    for recording in ["ollama/bad-host", "ollama/origin-cors"] {
        let Reply { status, body, .. } = reply(recording);
        let hint = refusal(status, std::str::from_utf8(&body).unwrap());
        assert!(hint.contains("OLLAMA_HOST") && hint.contains("OLLAMA_ORIGINS"), "{hint}");
    }
    assert!(!refusal(403, r#"{"error":"not yours"}"#).contains("OLLAMA_HOST"));
    assert!(!refusal(404, "").contains("OLLAMA_HOST"));
}

#[test]
fn an_answer_that_ends_without_a_word_is_explained_where_the_protocol_has_none() {
    let hint = |api: &str, code| {
        let mut error = Error::new(code, "The answer broke off");
        server(json!({ "api": api })).explain(&mut error, false);
        error.hint.clone()
    };
    for code in [Code::Stream, Code::EmptyCompletion] {
        assert!(hint("openai", code).unwrap().contains("`api: 'native'`"));
        assert_eq!(hint("native", code), None);
    }
    assert_eq!(hint("openai", Code::Server), None);
}

#[test]
fn it_is_recognised_by_its_page_and_nobody_else_is() {
    let recognised = |path: &str, reply: &Reply| {
        let probe = KIND.facts.probes.iter().find(|probe| probe.path == path).unwrap();
        (probe.recognise)(reply)
    };
    assert_eq!(recognised("/", &reply("ollama/root")), Some(Recognised::default()));
    for body in [
        r#"{"error":"Unexpected endpoint or method. (GET /api/version)"}"#,
        r#"{"detail":"Not Found"}"#,
        r#"{"result":"KoboldCpp","version":"1.99"}"#,
        r#"{"version":1}"#,
        r#"["0.1"]"#,
        "404 page not found",
        "<html>Ollama is running behind this page</html>",
        "",
    ] {
        assert_eq!(recognised("/", &unrecorded(200, body)), None, "{body}");
    }
}

#[test]
fn its_address_is_read_as_it_reads_it_itself() {
    use crate::endpoint::{Endpoint, EndpointConfig};

    let base = |value: &str| {
        let mut config =
            EndpointConfig { read_base_url_env: KIND.facts.read_base_url_env, ..EndpointConfig::default() };
        config.definition.base_url = KIND.facts.base_url.into();
        config.definition.base_url_env = vec!["OLLAMA_HOST".into()];
        config.environment.insert("OLLAMA_HOST".into(), value.to_owned().into());
        Endpoint::new(&config).unwrap().address.base().to_owned()
    };
    // Those of TestHost and TestConnectableHost in envconfig/config_test.go, but for ports that are none.
    for (value, expected) in [
        ("", "http://localhost:11434"),
        ("1.2.3.4", "http://1.2.3.4:11434"),
        (":1234", "http://localhost:1234"),
        ("1.2.3.4:1234", "http://1.2.3.4:1234"),
        ("example.com", "http://example.com:11434"),
        ("example.com:1234", "http://example.com:1234"),
        ("[::1]", "http://[::1]:11434"),
        ("::1", "http://[::1]:11434"),
        ("[::1]:1337", "http://[::1]:1337"),
        (" 1.2.3.4 ", "http://1.2.3.4:11434"),
        ("\"1.2.3.4\"", "http://1.2.3.4:11434"),
        (" \" 1.2.3.4 \" ", "http://1.2.3.4:11434"),
        ("'1.2.3.4'", "http://1.2.3.4:11434"),
        ("http://1.2.3.4", "http://1.2.3.4"),
        ("http://1.2.3.4:4321", "http://1.2.3.4:4321"),
        ("https://1.2.3.4", "https://1.2.3.4"),
        ("https://1.2.3.4:4321", "https://1.2.3.4:4321"),
        ("https://example.com/ollama", "https://example.com/ollama"),
        ("ollama.com", "https://ollama.com"),
        ("0.0.0.0", "http://localhost:11434"),
        ("0.0.0.0:1234", "http://localhost:1234"),
        ("[::]", "http://localhost:11434"),
        ("http://box/v1", "http://box/v1"),
    ] {
        assert_eq!(base(value), expected, "{value}");
    }
}
