use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{HeaderMap, Method};
use serde_json::Value;

use crate::{
    error::{Code, Error, Result},
    types::LoadProgress,
};

/// How a server is asked about itself. The key goes along; a status that is no success is an error that has it.
pub trait Ask: Send + Sync {
    /// Asks once, and reads the whole answer.
    ///
    /// # Errors
    /// All kinds; with `status` where the server answered.
    fn ask<'a>(&'a self, question: Question<'a>) -> BoxFuture<'a, Result<Reply>>;

    /// Asks once, and reads the whole answer, whatever its status: for those who decide by what it says.
    ///
    /// # Errors
    /// All kinds, where no whole answer came.
    fn any_reply<'a>(&'a self, question: Question<'a>) -> BoxFuture<'a, Result<Reply>>;

    /// Asks once, and gives the answer's body as it comes.
    ///
    /// # Errors
    /// As [`ask`](Self::ask).
    fn open<'a>(&'a self, question: Question<'a>) -> BoxFuture<'a, Result<Box<dyn Pieces>>>;

    /// Tells the caller how far the server is with what takes long.
    fn tell(&self, progress: LoadProgress);

    /// The model that the caller asks for by default.
    fn model(&self) -> Option<&str> {
        None
    }
}

/// The pieces of a body.
pub trait Pieces: Send {
    /// `None` at the proper end.
    fn next(&mut self) -> BoxFuture<'_, Result<Option<Bytes>>>;
}

/// One request that is no chat.
#[derive(Debug, Clone)]
pub struct Question<'a> {
    pub method: Method,
    pub place: Place<'a>,
    pub body: Option<Value>,
}

/// Where a question goes, with its query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place<'a> {
    /// Below the API's base, `http://localhost:1234/v1`.
    Api(&'a str),
    /// Below what comes before `/v1`: what a server has beside the API.
    Root(&'a str),
}

impl<'a> Question<'a> {
    #[must_use]
    pub fn get(place: Place<'a>) -> Self {
        Self { method: Method::GET, place, body: None }
    }

    #[must_use]
    pub fn post(place: Place<'a>, body: Value) -> Self {
        Self { method: Method::POST, place, body: Some(body) }
    }
}

/// An answer; a successful one, unless any was asked for.
#[derive(Debug, Clone)]
pub struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Reply {
    /// # Errors
    /// `protocol`, if the body is no JSON.
    pub fn json(&self) -> Result<Value> {
        serde_json::from_slice(&self.body).map_err(|_| {
            let mut error = Error::new(Code::Protocol, "The server's answer is no JSON");
            error.status = Some(self.status);
            error
        })
    }

    /// The JSON that it holds, if it holds any.
    #[must_use]
    pub fn value(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// That it says something else than was asked for.
    #[must_use]
    pub fn unexpected(&self) -> Error {
        let words: String = String::from_utf8_lossy(&self.body).chars().take(200).collect();
        let mut error = Error::new(Code::Protocol, format!("The server answers something else: {words}"));
        error.status = Some(self.status);
        error
    }

    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}
