use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{HeaderMap, HeaderValue, header};
use tokio::sync::mpsc::UnboundedSender;
use url::Url;

use super::{Client, Hooks};
use crate::{
    endpoint::Address,
    error::Result,
    servers::{Ask, Pieces, Place, Question, Reply},
    transport::{Connected, Replaced, Request, Response},
    types::LoadProgress,
};

/// How much is read of an answer: routers list hundreds of models with all they know of them. Read as a tree, it
/// takes up to 40 times as much memory.
const MAX_REPLY_BYTES: usize = 4 << 20;

/// Asks a client's server on behalf of one call.
pub(super) struct Asker<'a> {
    client: &'a Client,
    address: Address,
    headers: HeaderMap,
    progress: Option<UnboundedSender<LoadProgress>>,
}

impl<'a> Asker<'a> {
    /// # Errors
    /// What the caller's code says of the key.
    pub async fn new(client: &'a Client, hooks: &dyn Hooks) -> Result<Self> {
        let headers = client.headers(hooks, None).await?;
        Ok(Self { client, address: client.endpoint.address.clone(), headers, progress: None })
    }

    /// Tells what is [told](Ask::tell) to `progress`.
    pub fn telling(self, progress: UnboundedSender<LoadProgress>) -> Self {
        Self { progress: Some(progress), ..self }
    }

    /// Asks another base URL of the same server.
    pub fn at(&self, base: String) -> Self {
        Self {
            client: self.client,
            address: self.address.with_base(base),
            headers: self.headers.clone(),
            progress: None,
        }
    }

    fn url(&self, place: Place<'_>) -> Result<Url> {
        match place {
            Place::Api(path) => self.client.api_url(&self.address, path),
            Place::Root(path) => self.address.root().url(path),
        }
    }

    async fn send(&self, question: Question<'_>) -> Result<Response> {
        let url = self.url(question.place)?;
        let mut headers = self.headers.clone();
        let body = question.body.map(|body| Bytes::from(body.to_string()));
        if body.is_some() {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        let mut shown = url.clone();
        shown.set_query(None);
        let request = Request { method: question.method, url, headers, body };
        let replaced = &mut Replaced::default();
        let sent = self.client.http.send(&self.address, request, Connected::default(), replaced).await;
        let outcome = match sent {
            Ok(mut response) => match self.client.failure_of(&mut response).await {
                None => return Ok(response),
                Some(error) => Err(error),
            },
            Err(error) => Err(error),
        };
        outcome.map_err(|mut error| {
            error.url = Some(shown.into());
            error
        })
    }
}

impl Ask for Asker<'_> {
    fn ask<'a>(&'a self, question: Question<'a>) -> BoxFuture<'a, Result<Reply>> {
        Box::pin(async move {
            let mut response = self.send(question).await?;
            let body = response.whole(MAX_REPLY_BYTES).await?;
            Ok(Reply { status: response.status().as_u16(), headers: response.headers().clone(), body })
        })
    }

    fn open<'a>(&'a self, question: Question<'a>) -> BoxFuture<'a, Result<Box<dyn Pieces>>> {
        Box::pin(async move { Ok(Box::new(self.send(question).await?) as Box<dyn Pieces>) })
    }

    fn tell(&self, progress: LoadProgress) {
        if let Some(caller) = &self.progress {
            // Nobody listens any more where the call has ended.
            _ = caller.send(progress);
        }
    }

    fn model(&self) -> Option<&str> {
        self.client.model.as_deref()
    }
}

impl Pieces for Response {
    fn next(&mut self) -> BoxFuture<'_, Result<Option<Bytes>>> {
        Box::pin(self.chunk())
    }
}
