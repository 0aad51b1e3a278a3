use std::collections::HashMap;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::HeaderMap;

use super::*;
use crate::{
    error::Result,
    servers::{Pieces, Recognised, Reply},
    types::LoadProgress,
};

/// A server that answers some paths, and all others alike.
#[derive(Default)]
struct Played {
    answers: HashMap<&'static str, (u16, &'static str)>,
    others: Option<(u16, &'static str)>,
    /// Never answered.
    silent: Vec<&'static str>,
    /// Answered after a second.
    slow: Vec<&'static str>,
}

impl Played {
    fn answers(mut self, path: &'static str, status: u16, body: &'static str) -> Self {
        self.answers.insert(path, (status, body));
        self
    }

    fn answers_all(mut self, status: u16, body: &'static str) -> Self {
        self.others = Some((status, body));
        self
    }
}

impl Ask for Played {
    fn ask<'a>(&'a self, question: Question<'a>) -> BoxFuture<'a, Result<Reply>> {
        self.any_reply(question)
    }

    fn any_reply<'a>(&'a self, question: Question<'a>) -> BoxFuture<'a, Result<Reply>> {
        Box::pin(async move {
            let path = match question.place {
                Place::Root(path) => path.to_owned(),
                Place::Api(path) => format!("/v1{path}"),
            };
            if self.silent.contains(&&*path) {
                std::future::pending::<()>().await;
            }
            if self.slow.contains(&&*path) {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            let (status, body) = self
                .answers
                .get(&*path)
                .copied()
                .or(self.others)
                .ok_or_else(|| Error::new(Code::Connection, "Nothing listens"))?;
            Ok(Reply { status, headers: HeaderMap::new(), body: Bytes::from_static(body.as_bytes()) })
        })
    }

    fn open<'a>(&'a self, _: Question<'a>) -> BoxFuture<'a, Result<Box<dyn Pieces>>> {
        Box::pin(async { Err(Error::new(Code::Unsupported, "")) })
    }

    fn tell(&self, _: LoadProgress) {}
}

const LIST_OF_ONE: &str = r#"{"object":"list","data":[{"id":"m","object":"model"}]}"#;

fn version_in(reply: &Reply) -> Option<Recognised> {
    let version = reply.value()?["version"].as_str()?.to_owned();
    Some(Recognised { version: Some(version) })
}

fn states_in(reply: &Reply) -> Option<Recognised> {
    reply.value()?["data"][0].get("state").map(|_| Recognised::default())
}

/// Two kinds, of which the first also answers what the second is recognised by.
fn suspects() -> [Suspect; 2] {
    static FIRST: [Probe; 1] = [Probe::new("/api/v0/models", states_in)];
    static SECOND: [Probe; 1] = [Probe::new("/api/version", version_in)];
    [(Kind::named("lm-studio"), &FIRST), (Kind::named("ollama"), &SECOND)]
}

async fn found(server: &Played) -> String {
    match identify_among(server, &suspects(), CERTAINTY).await {
        Finding::Server(Identity { kind, version }) => {
            format!("{} {}", kind.facts.name, version.unwrap_or_default()).trim().to_owned()
        }
        Finding::Stranger { words, .. } => words,
        Finding::Nothing(error) => error.message.clone(),
    }
}

#[tokio::test]
async fn a_server_is_recognised_by_what_it_answers_with_its_version() {
    let server = Played::default()
        .answers_all(404, "404 page not found")
        .answers("/v1/models", 200, LIST_OF_ONE)
        .answers("/api/version", 200, r#"{"version":"0.9"}"#);
    assert_eq!(found(&server).await, "ollama 0.9");
}

#[tokio::test]
async fn the_first_that_is_recognised_counts() {
    let server = Played::default()
        .answers_all(404, "")
        .answers("/api/version", 200, r#"{"version":"0.9"}"#)
        .answers("/api/v0/models", 200, r#"{"data":[{"id":"m","state":"loaded"}]}"#);
    assert_eq!(found(&server).await, "lm-studio");
}

#[tokio::test]
async fn a_server_that_answers_200_to_everything_is_decided_by_its_bodies() {
    let unexpected = r#"{"error":"Unexpected endpoint or method. (GET /x)"}"#;
    let server = Played::default().answers_all(200, unexpected).answers("/v1/models", 200, LIST_OF_ONE);
    assert_eq!(found(&server).await, "openai-compatible");
    let without_list = Played::default().answers_all(200, unexpected);
    assert_eq!(found(&without_list).await, format!("HTTP 200 OK: {unexpected}"));
}

#[tokio::test]
async fn a_server_that_plays_others_is_recognised_before_them() {
    let server = Played::default()
        .answers_all(404, "")
        .answers("/v1/models", 200, LIST_OF_ONE)
        .answers("/api/version", 200, r#"{"version":"0.7.0"}"#)
        .answers("/api/extra/version", 200, r#"{"result":"KoboldCpp","version":"1.99"}"#);
    let Finding::Server(identity) = identify(&server, CERTAINTY).await else { panic!("it is a server") };
    assert_eq!((identity.kind.facts.name, identity.version.as_deref()), ("openai-compatible", Some("1.99")));
}

#[tokio::test]
async fn a_server_that_wants_a_key_or_is_loading_is_one() {
    let keyless = r#"{"error":{"message":"Invalid API Key","type":"authentication_error","code":401}}"#;
    let loading = r#"{"error":{"message":"Loading model","type":"unavailable_error","code":503}}"#;
    for (status, body) in [(401, keyless), (503, loading)] {
        assert_eq!(found(&Played::default().answers_all(status, body)).await, "openai-compatible");
    }
    for (status, body) in [(401, r#"{"message":"Unauthorized"}"#), (503, "Service Unavailable")] {
        let words = found(&Played::default().answers_all(status, body)).await;
        assert!(words.starts_with("HTTP "), "{words}");
    }
}

#[tokio::test]
async fn what_only_looks_like_a_list_is_none() {
    for body in ["[]", "null", "{}", r#"{"data":[]}"#, r#"{"data":[{"name":"x"}]}"#, r#"["a"]"#, "{\"data\":"]
    {
        let words = found(&Played::default().answers_all(200, body)).await;
        assert_eq!(words, format!("HTTP 200 OK: {body}"));
    }
    let empty = r#"{"object":"list","data":[]}"#;
    assert_eq!(found(&Played::default().answers_all(200, empty)).await, "openai-compatible");
}

#[tokio::test]
async fn a_stranger_is_told_by_its_page() {
    let page = "<html><title>My router</title></html>";
    let server = Played::default().answers_all(404, "nothing here").answers("/", 200, page);
    assert_eq!(found(&server).await, "a web page answers: My router");
    assert_eq!(found(&Played::default()).await, "Nothing listens");
}

#[tokio::test(start_paused = true)]
async fn a_path_that_is_never_answered_holds_nobody_up() {
    let mut server = Played::default().answers_all(404, "").answers("/v1/models", 200, LIST_OF_ONE).answers(
        "/api/version",
        200,
        r#"{"version":"0.9"}"#,
    );
    server.silent = vec!["/api/v0/models", "/"];
    let started = Instant::now();
    assert_eq!(found(&server).await, "ollama 0.9");
    assert_eq!(started.elapsed(), CERTAINTY);
    server.answers.remove("/api/version");
    let started = Instant::now();
    assert_eq!(found(&server).await, "openai-compatible");
    assert_eq!(started.elapsed(), PATIENCE);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_plays_another_is_recognised_though_it_is_the_slower_one() {
    let mut server = Played::default()
        .answers_all(404, "")
        .answers("/v1/models", 200, LIST_OF_ONE)
        .answers("/api/version", 200, r#"{"version":"0.9"}"#)
        .answers("/api/v0/models", 200, r#"{"data":[{"id":"m","state":"loaded"}]}"#);
    server.slow = vec!["/api/v0/models"];
    assert_eq!(found(&server).await, "lm-studio");
}

#[tokio::test(start_paused = true)]
async fn what_is_certain_waits_for_no_other_path() {
    let mut server = Played::default().answers_all(404, "").answers(
        "/api/v0/models",
        200,
        r#"{"data":[{"id":"m","state":"loaded"}]}"#,
    );
    server.silent = vec!["/api/version", "/"];
    let started = Instant::now();
    assert_eq!(found(&server).await, "lm-studio");
    assert_eq!(started.elapsed(), Duration::ZERO);
}

#[test]
fn all_ports_of_this_machine_s_servers_are_known_once() {
    let ports: Vec<u16> = crate::servers::ports().into_iter().collect();
    for port in [1234, 3000, 4000, 5000, 5001, 8000, 8080, 9931, 11434] {
        assert!(ports.contains(&port), "{port}");
    }
    assert!(ports.is_sorted());
}
