//! The face of the engine: one client for one provider. It answers *one* call at a time of each caller; what needs
//! several answers is a loop above it.

mod chat;
mod hooks;
mod knowledge;
mod metadata;

use std::sync::{Arc, Mutex, PoisonError};

use http::{HeaderMap, HeaderValue, Method, header};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tokio_util::sync::CancellationToken;

pub use hooks::{Hooks, NoHooks};
pub use knowledge::Capabilities;

use crate::{
    endpoint::{Credential, Endpoint, EndpointConfig, bearer},
    error::{Code, Error, Result},
    negotiate::Learnt,
    protocol::{Dialect, openai::OpenAi},
    transport::{Clients, Connected, Request, Response, Watch, redirected},
    types::{GenerationOptions, Timeouts},
};
use knowledge::Knowledge;

/// What the caller configures, as `lib/` hands it over.
#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ClientConfig {
    pub model: Option<String>,
    pub timeout: Timeouts,
    pub defaults: GenerationOptions,
    pub endpoint: EndpointConfig,
}

/// How many secrets of the caller's code are known at once.
const KEPT_SECRETS: usize = 16;

pub struct Client {
    endpoint: Endpoint,
    /// The variables that may hold the key, for hints.
    api_key_env: Vec<String>,
    model: Option<String>,
    timeouts: Timeouts,
    defaults: GenerationOptions,
    dialect: Box<dyn Dialect>,
    clients: Arc<Clients>,
    knowledge: Knowledge,
    learnt: Learnt,
    /// Secrets that the caller's code gave while calls ran, the latest last.
    given_secrets: Mutex<Vec<SecretString>>,
    closed: CancellationToken,
}

impl Client {
    /// Opens no connection.
    ///
    /// # Errors
    /// `configuration`
    pub fn new(config: ClientConfig, clients: Arc<Clients>) -> Result<Self> {
        Ok(Self {
            endpoint: Endpoint::new(&config.endpoint)?,
            api_key_env: config.endpoint.definition.api_key_env,
            model: config.model.filter(|model| !model.is_empty()),
            timeouts: config.timeout,
            defaults: config.defaults,
            dialect: Box::new(OpenAi),
            clients,
            knowledge: Knowledge::default(),
            learnt: Learnt::default(),
            given_secrets: Mutex::default(),
            closed: CancellationToken::new(),
        })
    }

    /// `http://localhost:1234/v1`
    #[must_use]
    pub fn base_url(&self) -> &str {
        self.endpoint.address.base()
    }

    /// Whether a key goes with the requests.
    #[must_use]
    pub fn has_key(&self) -> bool {
        self.endpoint.credential.is_key()
    }

    /// What the server has told of itself; `None` before the first contact.
    #[must_use]
    pub fn capabilities(&self) -> Option<Capabilities> {
        self.knowledge.capabilities()
    }

    /// Cancels what is in flight; later calls end as `aborted`.
    pub fn close(&self) {
        self.closed.cancel();
    }

    /// A token for one call: it ends with the client, too.
    #[must_use]
    pub fn call_token(&self) -> CancellationToken {
        self.closed.child_token()
    }

    fn watch(&self, timeout: Option<Timeouts>, cancel: &CancellationToken) -> Watch {
        Watch::new(timeout.unwrap_or_default().or(self.timeouts), cancel.clone())
    }

    /// The headers of every request.
    async fn headers(&self, hooks: &dyn Hooks, content: Option<&'static str>) -> Result<HeaderMap> {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json, text/event-stream"));
        if let Some(content) = content {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content));
        }
        if let Some(key) = self.key(hooks).await? {
            headers.insert(header::AUTHORIZATION, key);
        }
        headers.extend(self.endpoint.headers.clone());
        Ok(headers)
    }

    /// The header that says who is asking; a function is asked each time.
    async fn key(&self, hooks: &dyn Hooks) -> Result<Option<HeaderValue>> {
        let Credential::Function = &self.endpoint.credential else {
            return self.endpoint.credential.header();
        };
        let key = hooks.api_key().await?;
        if key.is_empty() {
            return Ok(None);
        }
        self.keep_secret(key.clone());
        bearer(&key, "The key that `apiKey` returned").map(Some)
    }

    /// From now on, no error shows `secret`.
    fn keep_secret(&self, secret: String) {
        let mut secrets = self.given_secrets.lock().unwrap_or_else(PoisonError::into_inner);
        if secrets.iter().any(|known| known.expose_secret() == secret) {
            return;
        }
        // A token that rotates must not fill the memory; calls that run use the latest few.
        if secrets.len() == KEPT_SECRETS {
            secrets.remove(0);
        }
        secrets.push(secret.into());
    }

    async fn get(&self, base: Option<String>, path: &str, hooks: &dyn Hooks) -> Result<Response> {
        let address =
            base.map_or_else(|| self.endpoint.address.clone(), |base| self.endpoint.address.with_base(base));
        let headers = self.headers(hooks, None).await?;
        let request = Request { method: Method::GET, url: address.url(path), headers, body: None };
        let mut response = self.clients.send(&address, request, Connected::default()).await?;
        match self.failure_of(&mut response).await {
            Some(error) => Err(error),
            None => Ok(response),
        }
    }

    /// What an answer says that is none, by its status.
    async fn failure_of(&self, response: &mut Response) -> Option<Error> {
        if response.status().is_success() {
            return None;
        }
        let redirected = redirected(response);
        if redirected.is_some() {
            return redirected;
        }
        let words = response.words().await;
        Some(self.dialect.decode_failure(response.status(), response.headers(), &words))
    }

    /// Adds what only the client knows, and takes out what must not be shown.
    fn finished(&self, mut error: Error, path: &str) -> Error {
        if error.code == Code::Authentication {
            let variables = match self.api_key_env.join(" or ") {
                names if names.is_empty() => names,
                names => format!(" (or the environment variable {names})"),
            };
            error.hint = Some(match &self.endpoint.credential {
                Credential::Key(_) | Credential::Function => {
                    format!(
                        "The server does not take this key: set `apiKey`{variables} to one that it takes."
                    )
                }
                Credential::Placeholder => format!("Set `apiKey`{variables} to a key that the server takes."),
                Credential::None => {
                    format!(
                        "No `apiKey` is sent: check the header that you send instead, or set `apiKey`{variables}."
                    )
                }
            });
        }
        if error.code == Code::Aborted && self.closed.is_cancelled() {
            "The provider is closed".clone_into(&mut error.message);
        }
        if error.code != Code::Configuration {
            error.url = Some(format!("{}{path}", self.base_url()));
        }
        let given = self.given_secrets.lock().unwrap_or_else(PoisonError::into_inner);
        error.redact(self.endpoint.secrets().chain(given.iter().map(ExposeSecret::expose_secret)));
        error
    }
}
