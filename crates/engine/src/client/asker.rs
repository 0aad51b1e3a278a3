use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{HeaderMap, HeaderValue, header};
use tokio::sync::mpsc::UnboundedSender;
use url::Url;

use super::{Client, Hooks};
use crate::{
    endpoint::{Address, is_credential_in},
    error::{Error, Result},
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

    /// Asks without the caller's key and headers: what is asked may be another's.
    pub fn anonymous(client: &'a Client, address: Address) -> Self {
        let headers = HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_static("application/json"))]);
        Self { client, address, headers, progress: None }
    }

    /// Asks without the key.
    pub fn without_key(&self) -> Self {
        let mut headers = self.headers.clone();
        headers.remove(header::AUTHORIZATION);
        Self { client: self.client, address: self.address.clone(), headers, progress: None }
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

    /// Sends it, and gives the answer whatever its status.
    async fn send(&self, question: Question<'_>) -> Result<Response> {
        let url = self.url(question.place)?;
        let mut headers = self.headers.clone();
        let body = question.body.map(|body| Bytes::from(body.to_string()));
        if body.is_some() {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        let request = Request { method: question.method, url, headers, body };
        let replaced = &mut Replaced::default();
        self.client.http.send(&self.address, request, Connected::default(), replaced).await
    }

    /// Sends it; a status that is no success is an error.
    async fn succeed(&self, question: Question<'_>) -> Result<Response> {
        let mut response = self.send(question).await?;
        match self.client.failure_of(&mut response, is_credential_in(&self.headers)).await {
            None => Ok(response),
            Some(error) => Err(error),
        }
    }

    /// Says where the question went that failed.
    fn placed(&self, mut error: Error, place: Place<'_>) -> Error {
        if let Ok(mut url) = self.url(place) {
            url.set_query(None);
            error.url = Some(url.into());
        }
        error
    }
}

/// The whole of an answer.
async fn whole(mut response: Response) -> Result<Reply> {
    let body = response.whole(MAX_REPLY_BYTES).await?;
    Ok(Reply { status: response.status().as_u16(), headers: response.headers().clone(), body })
}

impl Ask for Asker<'_> {
    fn ask<'a>(&'a self, question: Question<'a>) -> BoxFuture<'a, Result<Reply>> {
        Box::pin(async move {
            let place = question.place;
            let response = self.succeed(question).await.map_err(|error| self.placed(error, place))?;
            whole(response).await
        })
    }

    fn any_reply<'a>(&'a self, question: Question<'a>) -> BoxFuture<'a, Result<Reply>> {
        Box::pin(async move {
            let place = question.place;
            whole(self.send(question).await.map_err(|error| self.placed(error, place))?).await
        })
    }

    fn open<'a>(&'a self, question: Question<'a>) -> BoxFuture<'a, Result<Box<dyn Pieces>>> {
        Box::pin(async move {
            let place = question.place;
            let response = self.succeed(question).await.map_err(|error| self.placed(error, place))?;
            Ok(Box::new(response) as Box<dyn Pieces>)
        })
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
