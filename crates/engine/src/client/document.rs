use http::Method;
use serde_json::{Map, Value};

use super::{Client, Hooks, UNKNOWN_MODEL, built::Built, knowledge::Purpose};
use crate::{
    error::{Code, Error, Result},
    policy::{Repeatable, repeat},
    protocol::{DocumentReader, request_id},
    transport::{Connected, Replaced, Request, Watch},
    types::Timeouts,
};

/// A call whose answers are documents: embeddings, a ranking. It may send several requests.
pub(super) struct DocumentCall<'a> {
    client: &'a Client,
    hooks: &'a dyn Hooks,
    watch: &'a mut Watch,
    /// `None` where neither the caller nor the server names one.
    model: Option<String>,
}

impl<'a> DocumentCall<'a> {
    /// Finds the model.
    ///
    /// # Errors
    /// `model_not_found`, where the server has models, but none for this purpose.
    pub async fn new(
        client: &'a Client,
        hooks: &'a dyn Hooks,
        watch: &'a mut Watch,
        timeout: Option<Timeouts>,
        (purpose, model): (Purpose, Option<String>),
    ) -> Result<Self> {
        let limit = client.metadata_limit(timeout);
        let named = model.filter(|model| !model.is_empty()).or_else(|| client.model.clone());
        let model = match named {
            Some(model) => Some(model),
            None => client.find_model(purpose, watch, limit, hooks).await?,
        };
        if model.is_none()
            && let Some(known) = client.capabilities()
            && !known.supported_models.is_empty()
        {
            let mut error = Error::new(Code::ModelNotFound, purpose.lack());
            error.available_models = Some(known.supported_models);
            return Err(error.hint("Set `model` to one that the server has for it."));
        }
        Ok(Self { client, hooks, watch, model })
    }

    pub fn model(&self) -> &str {
        self.model.as_deref().unwrap_or(UNKNOWN_MODEL)
    }

    /// Sends `body`, once or more, and reads the answer by what `reader` makes.
    ///
    /// # Errors
    /// All kinds.
    pub async fn ask<R: DocumentReader>(
        &mut self,
        path: &str,
        mut body: Map<String, Value>,
        reader: impl Fn() -> R + Send,
    ) -> Result<R::Document> {
        self.client.learnt.apply(self.model(), &mut body);
        // What an earlier request waited for is no part of this one.
        self.watch.progresses();
        let retry = self.client.retry;
        let mut request = DocumentRequest {
            call: self,
            path,
            body,
            built: None,
            reader,
            attempts: 0,
            replaced: Replaced::default(),
        };
        repeat(&mut request, retry).await.map_err(|mut error| {
            error.attempts = request.attempts;
            error
        })
    }
}

/// One request of it: what its attempts share.
struct DocumentRequest<'a, 'b, N> {
    call: &'b mut DocumentCall<'a>,
    /// Below the base URL.
    path: &'b str,
    body: Map<String, Value>,
    /// `body`, as the hooks left it; `None` until it is built, and after a change.
    built: Option<Built>,
    reader: N,
    attempts: u32,
    replaced: Replaced,
}

impl<N, R> Repeatable for DocumentRequest<'_, '_, N>
where
    N: Fn() -> R + Send,
    R: DocumentReader,
{
    type Answer = R::Document;

    const NEEDS_MODEL: bool = true;

    async fn attempt(&mut self) -> Result<R::Document> {
        let DocumentCall { client, hooks, watch, .. } = self.call;
        let built = match self.built.take() {
            None => watch.run(Built::new(client, *hooks, &self.body)).await??,
            Some(built) => watch.run(built.with_renewed_key(client, *hooks)).await??,
        };
        let url = client.api_url(&client.endpoint.address, self.path)?;
        let (headers, body) = (built.headers.clone(), Some(built.body.clone()));
        self.built = Some(built);
        self.attempts += 1;
        let request = Request { method: Method::POST, url, headers, body };
        let connected = Connected::default();
        watch.connects(connected.clone());
        let sent = client.http.send(&client.endpoint.address, request, connected, &mut self.replaced);
        let mut response = watch.run(sent).await??;
        watch.waits_for_first_token();
        if let Some(error) =
            watch.run(client.failure_of(&mut response, client.endpoint.says_who_is_asking())).await?
        {
            return Err(error);
        }
        let (status, request_id) = (response.status().as_u16(), request_id(response.headers()));
        let mut response = response.limited(client.limits.max_response_bytes);
        let mut reader = (self.reader)();
        let reading = async {
            while let Some(bytes) = watch.run(response.chunk()).await?? {
                watch.hears();
                reader.push(&bytes)?;
            }
            reader.finish()
        };
        reading.await.map_err(|mut error: Error| {
            error.status = error.status.or(Some(status));
            error.request_id = error.request_id.take().or(request_id);
            client.server.explain(&mut error, client.endpoint.says_who_is_asking());
            error
        })
    }

    fn amend(&mut self, error: &Error) -> bool {
        let is_amended = self.call.client.learnt.refusal(error, self.call.model(), &mut self.body).is_some();
        if is_amended {
            self.built = None;
        }
        is_amended
    }

    fn watch(&mut self) -> &mut Watch {
        self.call.watch
    }
}
