//! A server that answers as it was recorded.

use std::{collections::HashMap, fs, path::Path, sync::Mutex};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{HeaderMap, HeaderName, StatusCode};
use serde_json::Value;

use super::{Ask, Pieces, Place, Question, Reply};
use crate::{
    error::{Code, Error, Result},
    protocol::{Dialect, openai::OpenAi},
    types::LoadProgress,
};

/// Answers each `GET /path` with one reply, and what it does not know with 404.
#[derive(Default)]
pub struct Recorded {
    replies: HashMap<&'static str, Reply>,
    /// The bodies of what was posted.
    pub posted: Mutex<Vec<(String, Value)>>,
}

impl Recorded {
    /// Answers `question`, such as `GET /v1/models`, with `tests/recordings/<case>`.
    pub fn case(self, question: &'static str, case: &str) -> Self {
        self.reply(question, reply(case))
    }

    /// Answers `question` with a body that was never recorded.
    pub fn body(self, question: &'static str, status: u16, body: &'static str) -> Self {
        self.reply(
            question,
            Reply { status, headers: HeaderMap::new(), body: Bytes::from_static(body.as_bytes()) },
        )
    }

    fn reply(mut self, question: &'static str, reply: Reply) -> Self {
        self.replies.insert(question, reply);
        self
    }
}

/// The answer in `tests/recordings/<case>`.
pub fn reply(case: &str) -> Reply {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recordings").join(case);
    let head = fs::read_to_string(folder.join("response.headers")).unwrap();
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers = lines.filter_map(|line| line.split_once(": "));
    let headers = headers.map(|(name, value)| (name.parse::<HeaderName>().unwrap(), value.parse().unwrap()));
    Reply { status, headers: headers.collect(), body: fs::read(folder.join("response.body")).unwrap().into() }
}

impl Ask for Recorded {
    fn ask<'a>(&'a self, question: Question<'a>) -> BoxFuture<'a, Result<Reply>> {
        Box::pin(async move {
            let path = match question.place {
                Place::Api(path) => format!("/v1{path}"),
                Place::Root(path) => path.to_owned(),
            };
            let name = format!("{} {path}", question.method);
            if let Some(body) = question.body {
                self.posted.lock().unwrap().push((path, body));
            }
            let Some(reply) = self.replies.get(&*name).cloned() else {
                let body = br#"{"detail":"Not Found"}"#;
                return Err(OpenAi.decode_failure(StatusCode::NOT_FOUND, &HeaderMap::new(), body));
            };
            let status = StatusCode::from_u16(reply.status).unwrap();
            if status.is_success() {
                Ok(reply)
            } else {
                Err(OpenAi.decode_failure(status, &reply.headers, &reply.body))
            }
        })
    }

    fn open<'a>(&'a self, _: Question<'a>) -> BoxFuture<'a, Result<Box<dyn Pieces>>> {
        Box::pin(async { Err(Error::new(Code::Unsupported, "nothing is recorded in pieces")) })
    }

    fn tell(&self, _: LoadProgress) {}
}
