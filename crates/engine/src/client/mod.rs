//! The face of the engine: one client for one provider. It answers *one* call at a time of each caller; what needs
//! several answers is a loop above it.

mod advice;
mod asker;
mod built;
mod chat;
mod checks;
mod commands;
mod complete;
mod context_check;
mod count_tokens;
mod cut_prompt;
mod diagnosis;
mod discover;
mod discreet;
mod document;
mod embed;
mod formatted;
mod held_back;
mod hooks;
mod identify;
mod knock;
mod knowledge;
mod media;
mod metadata;
mod raw;
mod readiness;
mod rerank;
mod secrets;
mod shown_results;
mod texts;
mod tool_ways;

use std::{
    borrow::Cow,
    sync::{Arc, OnceLock},
};

use http::{HeaderMap, HeaderValue, header};
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;
use url::Url;

pub use discover::{Discovered, Search, discover};
pub use hooks::{Hooks, NoHooks};
pub use knowledge::Capabilities;

use crate::{
    endpoint::{Address, Credential, Endpoint, EndpointConfig, Redactor, bearer},
    error::{Code, Error, Result},
    negotiate::Learnt,
    policy::RetryOptions,
    protocol::Dialect,
    servers::{Kind, Place, Server, Settings},
    transport::{Clients, HttpClient, Response, Watch},
    types::{Clock, GenerationOptions, Limits, Timeouts},
};
use checks::Checks;
use cut_prompt::Beginnings;
use knowledge::Knowledge;
use secrets::{Attentive, GivenSecrets};

/// What is asked for where nobody knows a name: many servers ignore it.
const UNKNOWN_MODEL: &str = "default";

/// What the caller configures, as `lib/` hands it over.
#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ClientConfig {
    pub model: Option<String>,
    pub timeout: Timeouts,
    pub retry: RetryOptions,
    pub limits: Limits,
    pub defaults: GenerationOptions,
    pub endpoint: EndpointConfig,
    /// The name of what is known of the server: [`Kind::named`].
    pub kind: String,
    /// What only a server of this kind has.
    pub settings: Map<String, Value>,
}

pub struct Client {
    endpoint: Endpoint,
    /// Where chats go: parsed once, when it is known how the server speaks.
    chat_url: OnceLock<Url>,
    model: Option<String>,
    timeouts: Timeouts,
    retry: RetryOptions,
    limits: Limits,
    defaults: GenerationOptions,
    /// The same, as the server names them in chats.
    chat_defaults: GenerationOptions,
    server: Box<dyn Server>,
    http: Arc<HttpClient>,
    knowledge: Knowledge,
    learnt: Learnt,
    checks: Checks,
    /// Of prompts, where that counts.
    beginnings: Beginnings,
    given_secrets: GivenSecrets,
    /// How others than the server are asked, for what stands at their addresses.
    elsewhere: EndpointConfig,
    closed: CancellationToken,
}

impl Client {
    /// Opens no connection.
    ///
    /// # Errors
    /// `configuration`
    pub fn new(config: ClientConfig, clients: &Clients) -> Result<Self> {
        let kind = Kind::named(&config.kind);
        let mut given = config.endpoint;
        given.header_env = kind.facts.header_env.iter().map(|it| (it.header, it.variable)).collect();
        given.key_hosts = kind.facts.key_hosts.iter().map(|it| (it.variable, it.hosts)).collect();
        given.read_base_url_env = kind.facts.read_base_url_env;
        let endpoint = Endpoint::new(&given)?;
        let elsewhere = media::elsewhere(&given);
        let settings = Settings { fields: config.settings, environment: given.environment };
        let server = (kind.open)(&settings)?;
        let mut chat_defaults = config.defaults.clone();
        server.translate(&mut chat_defaults);
        Ok(Self {
            chat_url: OnceLock::new(),
            http: clients.of(&endpoint.route),
            endpoint,
            model: config.model.filter(|model| !model.is_empty()),
            timeouts: config.timeout,
            retry: config.retry,
            limits: config.limits,
            defaults: config.defaults,
            chat_defaults,
            server,
            knowledge: Knowledge::default(),
            learnt: Learnt::default(),
            checks: Checks::default(),
            beginnings: Beginnings::default(),
            given_secrets: GivenSecrets::default(),
            elsewhere,
            closed: CancellationToken::new(),
        })
    }

    /// Where the API is: `http://localhost:1234/v1`.
    #[must_use]
    pub fn base_url(&self) -> Cow<'_, str> {
        self.server.api_base(self.endpoint.address.base())
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

    fn dialect(&self) -> &'static dyn Dialect {
        self.server.dialect()
    }

    /// The URL of a path of the dialect's, below `address`.
    fn api_url(&self, address: &Address, path: &str) -> Result<Url> {
        let base = self.server.api_base(address.base()).into_owned();
        address.with_base(base).url(path)
    }

    fn url_of(&self, place: Place<'_>) -> Result<Url> {
        let address = &self.endpoint.address;
        match place {
            Place::Api(path) => self.api_url(address, path),
            Place::Root(path) => address.root().url(path),
        }
    }

    /// Where chats go.
    fn chat_url(&self) -> Result<Url> {
        if let Some(url) = self.chat_url.get() {
            return Ok(url.clone());
        }
        let url = self.api_url(&self.endpoint.address, self.dialect().chat_path())?;
        if !self.server.is_settled() {
            return Ok(url);
        }
        Ok(self.chat_url.get_or_init(|| url).clone())
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
        if key.expose_secret().is_empty() {
            return Ok(None);
        }
        bearer(key.expose_secret(), "The key that `apiKey` returned").map(Some)
    }

    /// `hooks` for one call: what they give that is secret is shown in no error.
    fn attentive<'a>(&'a self, hooks: &'a dyn Hooks) -> Attentive<'a> {
        Attentive::new(hooks, &self.given_secrets)
    }

    /// Knows all secrets that are known by now.
    fn redactor(&self) -> Redactor {
        let given = self.given_secrets.all();
        Redactor::new(self.endpoint.secrets().chain(given.iter().map(|secret| secret.expose_secret())))
    }

    /// What an answer says that is none, by its status. `has_key`: the request said who is asking.
    async fn failure_of(&self, response: &mut Response, has_key: bool) -> Option<Error> {
        if response.status().is_success() {
            return None;
        }
        let words = response.words().await;
        let mut failure = self.dialect().decode_failure(response.status(), response.headers(), &words);
        self.server.explain(&mut failure, has_key);
        Some(failure)
    }

    /// What to do where the server does not know who is asking.
    fn about_key(&self) -> String {
        let variables = match self.endpoint.key_variables.join(" or ") {
            names if names.is_empty() => names,
            names => format!(" (or the environment variable {names})"),
        };
        match &self.endpoint.credential {
            Credential::Key(_) | Credential::Function => {
                format!("The server does not take this key: set `apiKey`{variables} to one that it takes.")
            }
            Credential::Placeholder => format!("Set `apiKey`{variables} to a key that the server takes."),
            Credential::None => {
                format!(
                    "No `apiKey` is sent: check the header that you send instead, or set `apiKey`{variables}."
                )
            }
        }
    }

    /// Adds what only the client knows, and takes out what must not be shown.
    fn finished(&self, mut error: Error, path: &str) -> Error {
        if error.code == Code::Authentication {
            error.hint.get_or_insert_with(|| self.about_key());
        }
        if matches!(error.clock, Some(Clock::Connect | Clock::Metadata))
            && let Some(way) = self.endpoint.way()
            && let Some(hint) = &mut error.hint
        {
            hint.push(' ');
            hint.push_str(&way);
        }
        if error.code == Code::Aborted && self.closed.is_cancelled() {
            "The provider is closed".clone_into(&mut error.message);
        }
        if error.code != Code::Configuration {
            error.url.get_or_insert_with(|| format!("{}{path}", self.base_url()));
        }
        error.prune();
        let redactor = self.redactor();
        error.texts_mut().for_each(|text| redact(&redactor, text));
        error.shorten();
        error
    }
}

fn redact(redactor: &Redactor, text: &mut String) {
    if let Cow::Owned(redacted) = redactor.redacted(text) {
        *text = redacted;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{MAX_BODY, MAX_MESSAGE};

    fn client(config: &str) -> Client {
        let mut config: ClientConfig = serde_json::from_str(config).unwrap();
        config.endpoint.definition.base_url = "http://localhost:1234/v1".into();
        Client::new(config, &Clients::default()).unwrap()
    }

    #[test]
    fn no_text_of_an_error_shows_a_secret() {
        let client = client(r#"{"endpoint":{"apiKey":"sk-secret","host":"http://box/sk-secret"}}"#);
        let text = || "of sk-secret".to_owned();
        let mut error = Error::new(Code::ModelNotFound, text()).hint(text());
        error.body = Some(text());
        error.request_id = Some(text());
        error.available_models = Some(vec![text()]);
        let error = client.finished(error, "/models");
        assert_eq!(error.url.as_deref(), Some("http://box/***/models"));
        let shown = serde_json::to_string(&*error).unwrap();
        assert_eq!((shown.matches("of ***").count(), shown.contains("sk-secret")), (5, false), "{shown}");
    }

    #[test]
    fn a_long_model_list_in_an_error_takes_no_long_search_for_secrets() {
        let client = client(r#"{"endpoint":{"apiKey":"sk-secret"}}"#);
        let mut error = Error::new(Code::ModelNotFound, "");
        error.available_models = Some(vec!["\\".repeat(4 << 20), "of sk-secret".into()]);
        let error = client.finished(error, "/models");
        assert_eq!(error.available_models, Some(vec!["of ***".into()]));
    }

    #[test]
    fn the_beginning_of_a_secret_does_not_stay_where_a_text_is_cut() {
        let client = client(r#"{"endpoint":{"apiKey":"sk-secret"}}"#);
        for length in MAX_BODY - 9..MAX_BODY {
            let mut error = Error::new(Code::Server, "");
            error.body = Some(format!("{}sk-secret and more", "-".repeat(length)));
            let error = client.finished(error, "/models");
            assert!(!error.body.as_ref().unwrap().contains("sk"), "{length}");
        }
        for length in MAX_MESSAGE - 20..MAX_MESSAGE {
            let error = Error::new(Code::Server, format!("{}sk-secret and more", "-".repeat(length)));
            assert!(!client.finished(error, "/models").message.contains("sk"), "{length}");
        }
    }
}
