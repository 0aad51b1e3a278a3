//! Each probe recognises its own server, and no other.

use std::{collections::HashMap, fs, path::Path};

use bytes::Bytes;
use http::HeaderMap;
use serde_json::Value;

use super::{ALL, Kind, Probe, Reply, recorded};

/// What servers were recorded to answer to `GET path`: their folder and the reply.
fn recorded_at(path: &str) -> Vec<(String, Reply)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recordings");
    let folders = |within: &Path| {
        let entries = fs::read_dir(within).unwrap().map(|entry| entry.unwrap().path());
        entries.filter(|entry| entry.is_dir()).collect::<Vec<_>>()
    };
    let mut found = Vec::new();
    for case in folders(&root).iter().flat_map(|server| folders(server)) {
        let expected: Value = serde_json::from_slice(&fs::read(case.join("expected.json")).unwrap()).unwrap();
        let asked = expected["about"].as_str().unwrap().split([':', ' ', ',']).take(2).collect::<Vec<_>>();
        if asked == ["GET", path] {
            let name = case.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
            found.push((name.clone(), recorded::reply(&name)));
        }
    }
    found
}

fn told(status: u16, body: &str) -> Reply {
    Reply { status, headers: HeaderMap::new(), body: Bytes::copy_from_slice(body.as_bytes()) }
}

/// The kind that is found, as all are asked in their order, and the version.
fn found(answer: impl Fn(&str) -> Reply) -> Option<(&'static str, Option<String>)> {
    let paths = || ALL.iter().flat_map(|kind| kind.facts.probes).flat_map(Probe::paths);
    let answers: HashMap<&str, Reply> = paths().map(|path| (path, answer(path))).collect();
    ALL.iter().find_map(|Kind { facts, .. }| {
        let recognised = facts.probes.iter().find_map(|probe| probe.recognised(|path| answers.get(path)))?;
        Some((facts.name, recognised.version))
    })
}

#[test]
fn no_recording_of_another_server_is_recognised() {
    for Kind { facts, .. } in ALL {
        for probe in facts.probes {
            for (case, reply) in recorded_at(probe.path) {
                let server = case.split('/').next().unwrap();
                let is_own = facts.name.replace(['-', '.'], "") == server.replace(['-', '.'], "")
                    || (facts.name, server) == ("text-generation-webui", "tgw");
                let is_recognised = (probe.recognise)(&reply).is_some();
                assert!(is_own || !is_recognised, "{} takes {case} for its own", facts.name);
            }
        }
    }
}

#[test]
fn a_server_is_recognised_by_what_it_was_recorded_to_answer() {
    let nothing = || told(404, "");
    for (path, case, expected) in [
        ("/v1/models", "vllm/d-models", ("vllm", None)),
        ("/v1/models", "vllm/v0.10.0-get-models", ("vllm", None)),
        ("/info", "tgi/info", ("tgi", Some("3.3.6"))),
        ("/version", "localai/version", ("localai", Some("v4.3.3 (0123abcd)"))),
        ("/health/liveliness", "litellm/health-liveliness", ("litellm", None)),
    ] {
        let answer = |asked: &str| if asked == path { recorded::reply(case) } else { nothing() };
        let expected = (expected.0, expected.1.map(str::to_owned));
        assert_eq!(found(answer), Some(expected), "{case}");
    }
    for (list, version, expected) in [
        ("vllm/d-models", "vllm/get-version", "0.32.0"),
        ("vllm/auth-missing-get-v1-models", "vllm/v0.14.1-get-version", "0.14.1"),
    ] {
        let vllm = |asked: &str| match asked {
            "/v1/models" => recorded::reply(list),
            "/version" => recorded::reply(version),
            _ => nothing(),
        };
        assert_eq!(found(vllm), Some(("vllm", Some(expected.to_owned()))), "{list}");
    }
    let document = r#"{"version":"v4.3.3 (0123abcd)","endpoints":{"models":"/v1/models"}}"#;
    let localai = |asked: &str| match asked {
        "/.well-known/localai.json" => told(200, document),
        // It speaks Ollama's protocol, too.
        "/" => told(200, "Ollama is running"),
        "/api/version" => told(200, r#"{"version":"0.9.0"}"#),
        _ => nothing(),
    };
    assert_eq!(found(localai), Some(("localai", Some("v4.3.3 (0123abcd)".to_owned()))));
}

#[test]
fn an_older_tgi_is_recognised_and_another_router_is_not() {
    let info = |body: &'static str| move |asked: &str| told(200, if asked == "/info" { body } else { "" });
    let older = r#"{"model_id":"m","max_total_tokens":4096,"version":"1.4.0"}"#;
    assert_eq!(found(info(older)), Some(("tgi", Some("1.4.0".to_owned()))));
    for other in [
        r#"{"model_id":"m","model_type":{"embedding":{"pooling":"cls"}},"version":"1.5.0"}"#,
        r#"{"model_id":"m","max_total_tokens":1,"router":"other"}"#,
        r#"{"version":"1.0"}"#,
    ] {
        assert_eq!(found(info(other)), None, "{other}");
    }
}

#[test]
fn koboldcpp_is_taken_for_none_of_those_that_it_answers_as() {
    let koboldcpp = |asked: &str| match asked {
        "/api/extra/version" => told(200, r#"{"result":"KoboldCpp","version":"1.99","protected":false}"#),
        "/" => told(200, "Ollama is running"),
        "/api/version" => told(200, r#"{"version":"0.7.0"}"#),
        "/props" => {
            told(200, r#"{"chat_template":"","total_slots":1,"default_generation_settings":{"n_ctx":4096}}"#)
        }
        "/v1/models" => told(
            200,
            r#"{"object":"list","data":[{"id":"koboldcpp/m","object":"model","owned_by":"koboldcpp"}]}"#,
        ),
        _ => told(404, ""),
    };
    assert_eq!(found(koboldcpp), Some(("openai-compatible", Some("1.99".to_owned()))));
}

#[test]
fn who_tells_a_version_as_vllm_does_is_not_vllm() {
    let list = r#"{"object":"list","data":[{"id":"m","object":"model","owned_by":"me"}]}"#;
    for (status, list) in [(200, list), (401, r#"{"error":{"message":"Unauthorized"}}"#), (404, "")] {
        let other = |asked: &str| match asked {
            "/version" => told(200, r#"{"version":"0.3.1"}"#),
            "/v1/models" => told(status, list),
            _ => told(404, ""),
        };
        assert_eq!(found(other), None, "{list}");
    }
}

#[test]
fn who_answers_the_same_to_every_question_is_nobody() {
    for (status, body) in [
        (200, "<!DOCTYPE html><title>Router</title>"),
        (200, r#"{"status":"ok"}"#),
        (200, r#"{"version":"4.2.1"}"#),
        (200, r#"{"version":"0.3.1"}"#),
        (200, r#"{"name":"other","version":"0.3.0"}"#),
        (200, r#""ok""#),
        (200, "{}"),
        (200, "[]"),
        (200, "null"),
        (200, ""),
        (404, r#"{"detail":"Not Found"}"#),
        (404, "404 page not found"),
        (403, ""),
    ] {
        assert_eq!(found(|_| told(status, body)), None, "{status} {body}");
    }
}
