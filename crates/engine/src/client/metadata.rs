use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{Client, Hooks, asker::Asker, knowledge::Purpose, redact};
use crate::{
    error::{Code, Error, Result},
    policy::{Repeatable, repeat},
    protocol::is_page,
    servers::{Kind, Settings, Survey, list_models},
    transport::Watch,
    types::{Clock, ModelInfo, Status, Timeouts},
};

impl Client {
    /// The models that the server lists.
    ///
    /// # Errors
    /// All kinds; also where the server has no list.
    pub async fn list_models(
        &self,
        timeout: Option<Timeouts>,
        hooks: &dyn Hooks,
        cancel: &CancellationToken,
    ) -> Result<Vec<ModelInfo>> {
        let hooks = &self.attentive(hooks);
        let mut watch = self.watch(timeout, cancel);
        watch.asks();
        match self.survey_within(&mut watch, hooks).await {
            Ok(survey) => Ok(survey.models),
            Err(mut error) => {
                if error.wrong_path
                    && let Some(base) = self.working_base(&mut watch, hooks).await
                {
                    error.hint = Some(wrong_base(&base));
                }
                Err(error)
            }
        }
    }

    async fn survey_within(&self, watch: &mut Watch, hooks: &dyn Hooks) -> Result<Survey> {
        let mut question = SurveyQuestion { client: self, hooks, watch, attempts: 0 };
        repeat(&mut question, self.retry).await.map_err(|mut error| {
            error.attempts = question.attempts;
            self.finished(error, self.dialect().models_path())
        })
    }

    /// What the server says of itself. A server that cannot be asked is not connected; nothing else fails.
    ///
    /// # Errors
    /// `aborted`
    pub async fn status(
        &self,
        timeout: Option<Timeouts>,
        hooks: &dyn Hooks,
        cancel: &CancellationToken,
    ) -> Result<Status> {
        let hooks = &self.attentive(hooks);
        let started = Instant::now();
        let mut watch = self.watch(timeout, cancel);
        watch.asks();
        match self.survey_within(&mut watch, hooks).await {
            Ok(survey) => Ok(self.status_of(survey, started.elapsed())),
            Err(error) if error.code == Code::Aborted => Err(error),
            Err(error) => {
                let latency = started.elapsed();
                let base = if error.wrong_path || has_no_list(&error) {
                    self.working_base(&mut watch, hooks).await
                } else {
                    None
                };
                Ok(match base {
                    Some(base) => Status { error: Some(wrong_base(&base)), ..Status::default() },
                    // The server answers, and only has no list.
                    None if has_no_list(&error) => self.status_without_list(latency),
                    None => Status { error: Some(error.message.clone()), ..Status::default() },
                })
            }
        }
    }

    /// What a connected server says; `latency` is that of the question.
    pub(super) fn status_of(&self, survey: Survey, latency: Duration) -> Status {
        let configured = self.model.as_deref().and_then(|name| survey.find(name));
        // It may be one of several that are loaded, or of a server that does not tell which are.
        let asked = configured
            .filter(|model| model.loaded == Some(true))
            .or_else(|| survey.loaded())
            .or_else(|| configured.filter(|model| model.loaded.is_none()));
        let is_told = survey.tells_what_is_loaded() || survey.models.is_empty() && !self.is_general();
        let untold = if is_told { None } else { self.model.clone() };
        let mut version = survey.version.clone();
        if let Some(version) = &mut version {
            redact(&self.redactor(), version);
        }
        Status {
            is_connected: true,
            loaded_model: asked.map(|model| model.name.clone()).or(untold),
            context_length: asked.and_then(|model| model.context_length),
            version,
            available_models: Some(survey.models.into_iter().map(|model| model.name).collect()),
            latency: Some(milliseconds(latency)),
            error: None,
        }
    }

    /// What is known of a connected server that tells nothing.
    pub(super) fn status_without_list(&self, latency: Duration) -> Status {
        Status {
            is_connected: true,
            loaded_model: self.model.clone(),
            latency: Some(milliseconds(latency)),
            ..Status::default()
        }
    }

    /// Whether the server answers and takes the key.
    ///
    /// # Errors
    /// `aborted`
    pub async fn validate(
        &self,
        timeout: Option<Timeouts>,
        hooks: &dyn Hooks,
        cancel: &CancellationToken,
    ) -> Result<bool> {
        self.status(timeout, hooks, cancel).await.map(|status| status.is_connected)
    }

    /// The model for a call that names none, and wants it for `purpose`. A question that fails costs the call nothing but the name.
    pub(super) async fn find_model(
        &self,
        purpose: Purpose,
        watch: &mut Watch,
        limit: Option<Duration>,
        hooks: &dyn Hooks,
    ) -> Result<Option<String>> {
        let question = async {
            let _asking = self.knowledge.asking.lock().await;
            if self.knowledge.model(purpose).is_none() {
                let asker = Asker::new(self, hooks).await.ok()?;
                self.survey(&asker).await.ok()?;
            }
            self.knowledge.model(purpose)
        };
        if let Some(model) = self.knowledge.model(purpose) {
            return Ok(Some(model));
        }
        watch.run(within(limit, question)).await.map(Option::flatten)
    }

    /// Nothing must be found out any more before anything is sent.
    fn is_settled(&self) -> bool {
        self.server.is_settled()
    }

    /// Finds that out, within a call.
    pub(super) async fn settle_within(
        &self,
        watch: &mut Watch,
        timeout: Option<Timeouts>,
        hooks: &dyn Hooks,
    ) -> Result<()> {
        if self.is_settled() {
            return Ok(());
        }
        watch.run(within(self.metadata_limit(timeout), self.settle_for(hooks))).await.map(drop)
    }

    async fn settle_for(&self, hooks: &dyn Hooks) {
        if let Ok(asker) = Asker::new(self, hooks).await {
            self.server.settle(&asker).await;
        }
    }

    /// The base URL below which an LLM server's API answers, if not below this one. It is part of a question.
    pub(super) async fn working_base(&self, watch: &mut Watch, hooks: &dyn Hooks) -> Option<String> {
        let search = async {
            let asker = Asker::new(self, hooks).await.ok()?;
            self.other_base(&asker).await
        };
        watch.run(search).await.ok().flatten()
    }

    /// The other base URL below which an LLM server's API answers.
    pub(super) async fn other_base(&self, asker: &Asker<'_>) -> Option<String> {
        for base in self.endpoint.address.other_bases() {
            let other = asker.at(base.clone());
            // A server may have a list of its own at another path than the chat.
            if list_models(self.dialect(), &other).await.is_ok() && self.may_take_chats(&other).await {
                return Some(base);
            }
        }
        None
    }

    /// What to do about `error`: something answers, but not a chat of this server's.
    pub(super) async fn way_out(&self, error: &Error, asker: &Asker<'_>) -> String {
        match self.other_base(asker).await {
            Some(base) => wrong_base(&base),
            None => self.elsewhere(error),
        }
    }

    /// The same where no other path is asked.
    pub(super) fn elsewhere(&self, error: &Error) -> String {
        let own = self.server.elsewhere().filter(|_| !is_page(error));
        own.unwrap_or("Check the address: no LLM server's chat answers there.").to_owned()
    }

    /// The models, for an error that could name them: asked for once. It is part of a question.
    pub(super) async fn asked_models(&self, watch: &mut Watch, hooks: &dyn Hooks) -> Result<Vec<ModelInfo>> {
        SurveyQuestion { client: self, hooks, watch, attempts: 0 }.attempt().await.map(|survey| survey.models)
    }

    /// Whether a list is empty of a server of `kind`, that takes chats, known by its protocol alone: it may have models all the
    /// same.
    pub(super) fn lists_nothing(&self, survey: &Survey, kind: &Kind) -> bool {
        survey.models.is_empty() && kind.is_unknown() && self.is_general()
    }

    /// Whether it only knows the server's protocol.
    fn is_general(&self) -> bool {
        self.server.facts().name == Kind::unknown().facts.name
    }

    /// What the server says as the one that it is, where this provider only knows its protocol. `kind`: who answers.
    pub(super) async fn survey_as(&self, kind: &Kind, asker: &Asker<'_>) -> Option<Survey> {
        if !self.is_general() || kind.is_unknown() {
            return None;
        }
        (kind.open)(&Settings::default()).ok()?.survey(asker).await.ok()
    }

    /// What the server says of itself; it is remembered.
    pub(super) async fn survey(&self, asker: &Asker<'_>) -> Result<Survey> {
        self.server.settle(asker).await;
        let survey = self.server.survey(asker).await?;
        self.knowledge.learn(&survey, self.model.as_deref());
        Ok(survey)
    }

    /// The limit of a question within another call.
    pub(super) fn metadata_limit(&self, timeout: Option<Timeouts>) -> Option<Duration> {
        timeout.unwrap_or_default().or(self.timeouts).limit(Clock::Metadata)
    }
}

/// The question what the server has.
struct SurveyQuestion<'a> {
    client: &'a Client,
    hooks: &'a dyn Hooks,
    watch: &'a mut Watch,
    attempts: u32,
}

impl Repeatable for SurveyQuestion<'_> {
    type Answer = Survey;

    const NEEDS_MODEL: bool = false;

    async fn attempt(&mut self) -> Result<Survey> {
        let asker = self.watch.run(Asker::new(self.client, self.hooks)).await??;
        self.attempts += 1;
        self.watch.run(self.client.survey(&asker)).await?
    }

    fn watch(&mut self) -> &mut Watch {
        self.watch
    }
}

/// What `future` gives in time.
pub(super) async fn within<T>(limit: Option<Duration>, future: impl Future<Output = T>) -> Option<T> {
    match limit {
        Some(limit) => tokio::time::timeout(limit, future).await.ok(),
        None => Some(future.await),
    }
}

/// What to do where the server answers below another path.
#[must_use]
pub(super) fn wrong_base(base: &str) -> String {
    format!("An LLM server answers at {base}: set `baseURL: '{base}'`.")
}

/// Whether `error` only says that there is no model list at this server.
#[must_use]
pub fn has_no_list(error: &Error) -> bool {
    matches!(error.status, Some(404 | 405 | 501)) && !is_page(error)
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    use super::*;
    use crate::{
        client::{ClientConfig, NoHooks},
        protocol::Failure,
        transport::Clients,
    };

    #[test]
    fn a_server_without_a_list_says_so_in_no_web_page() {
        let has_none =
            |status, body: &str| has_no_list(&Failure::of_body(body.as_bytes()).status(status).into_error());
        for body in ["", "404 page not found", r#"{"error":"not found"}"#] {
            assert!(has_none(404, body) && has_none(405, body) && has_none(501, body), "{body}");
            assert!(!has_none(500, body), "{body}");
        }
        assert!(!has_none(404, "<html><title>404 Not Found</title></html>"));
    }

    /// A client of a server that answers 500 to all.
    async fn failing_client() -> Client {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut config = ClientConfig::default();
        config.endpoint.definition.base_url = format!("http://{}/v1", listener.local_addr().unwrap());
        config.retry.base_delay = Duration::from_millis(1);
        tokio::spawn(async move {
            loop {
                let (mut socket, _) = listener.accept().await.unwrap();
                _ = socket.read(&mut [0; 4096]).await;
                let failure = b"HTTP/1.1 500 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
                _ = socket.write_all(failure).await;
            }
        });
        Client::new(config, &Clients::default()).unwrap()
    }

    #[tokio::test]
    async fn each_time_that_a_question_is_sent_is_an_attempt() {
        let client = failing_client().await;
        let cancel = CancellationToken::new();
        let sent = client.list_models(None, &NoHooks, &cancel).await.unwrap_err();
        assert_eq!((sent.code, sent.attempts), (Code::Server, 3));
        cancel.cancel();
        let unsent = client.list_models(None, &NoHooks, &cancel).await.unwrap_err();
        assert_eq!((unsent.code, unsent.attempts), (Code::Aborted, 0));
    }
}
