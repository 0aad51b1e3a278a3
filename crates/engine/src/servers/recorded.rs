//! A server that answers as it was recorded.

use std::{collections::HashMap, fs, path::Path, sync::Mutex};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{HeaderMap, HeaderName, StatusCode};
use serde_json::Value;

use super::{Ask, Pieces, Place, Question, Reply};
use crate::{
    error::Result,
    protocol::{Dialect, openai::OpenAi},
    types::LoadProgress,
};

/// Answers each `GET /path` with its replies, in order, and the last from then on; what it does not know with 404.
#[derive(Default)]
pub struct Recorded {
    replies: Mutex<HashMap<&'static str, Vec<Reply>>>,
    model: Option<&'static str>,
    /// All questions: `GET /v1/models`.
    pub asked: Mutex<Vec<String>>,
    /// The bodies of what was posted.
    pub posted: Mutex<Vec<(String, Value)>>,
    pub told: Mutex<Vec<LoadProgress>>,
}

impl Recorded {
    /// Answers `question`, such as `GET /v1/models`, with `tests/recordings/<case>`.
    pub fn case(self, question: &'static str, case: &str) -> Self {
        self.reply(question, reply(case))
    }

    /// Answers `question` with a body that was never recorded.
    pub fn body(self, question: &'static str, status: u16, body: &str) -> Self {
        self.reply(question, unrecorded(status, body))
    }

    fn reply(self, question: &'static str, reply: Reply) -> Self {
        self.replies.lock().unwrap().entry(question).or_default().push(reply);
        self
    }

    /// The caller asks for this model by default.
    pub fn for_model(self, model: &'static str) -> Self {
        Self { model: Some(model), ..self }
    }

    /// The bodies of what was posted, without where.
    pub fn sent(&self) -> Vec<Value> {
        self.posted.lock().unwrap().iter().map(|(_, body)| body.clone()).collect()
    }

    fn answer(&self, question: Question<'_>) -> Reply {
        let path = match question.place {
            Place::Api(path) => format!("/v1{path}"),
            Place::Root(path) => path.to_owned(),
        };
        let name = format!("{} {path}", question.method);
        if let Some(body) = question.body {
            self.posted.lock().unwrap().push((path, body));
        }
        let reply = match self.replies.lock().unwrap().get_mut(&*name) {
            Some(replies) if replies.len() > 1 => replies.remove(0),
            Some(replies) => replies[0].clone(),
            None => unrecorded(404, r#"{"detail":"Not Found"}"#),
        };
        self.asked.lock().unwrap().push(name);
        reply
    }
}

/// The answer in `tests/recordings/<case>`.
pub fn reply(case: &str) -> Reply {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recordings").join(case);
    let head = fs::read_to_string(folder.join("response.headers")).unwrap();
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers = lines.filter_map(|line| line.split_once(':'));
    let headers =
        headers.map(|(name, value)| (name.parse::<HeaderName>().unwrap(), value.trim().parse().unwrap()));
    Reply { status, headers: headers.collect(), body: fs::read(folder.join("response.body")).unwrap().into() }
}

/// An answer that was never recorded.
pub fn unrecorded(status: u16, body: &str) -> Reply {
    Reply { status, headers: HeaderMap::new(), body: Bytes::copy_from_slice(body.as_bytes()) }
}

impl Ask for Recorded {
    fn ask<'a>(&'a self, question: Question<'a>) -> BoxFuture<'a, Result<Reply>> {
        Box::pin(async move {
            let reply = self.answer(question);
            let status = StatusCode::from_u16(reply.status).unwrap();
            if status.is_success() {
                Ok(reply)
            } else {
                Err(OpenAi.decode_failure(status, &reply.headers, &reply.body))
            }
        })
    }

    fn any_reply<'a>(&'a self, question: Question<'a>) -> BoxFuture<'a, Result<Reply>> {
        Box::pin(async move { Ok(self.answer(question)) })
    }

    fn open<'a>(&'a self, question: Question<'a>) -> BoxFuture<'a, Result<Box<dyn Pieces>>> {
        Box::pin(async move {
            let reply = self.ask(question).await?;
            Ok(Box::new(Whole(Some(reply.body))) as Box<dyn Pieces>)
        })
    }

    fn tell(&self, progress: LoadProgress) {
        self.told.lock().unwrap().push(progress);
    }

    fn model(&self) -> Option<&str> {
        self.model
    }
}

/// A body in one piece.
struct Whole(Option<Bytes>);

impl Pieces for Whole {
    fn next(&mut self) -> BoxFuture<'_, Result<Option<Bytes>>> {
        Box::pin(async { Ok(self.0.take()) })
    }
}
