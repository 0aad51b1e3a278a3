use futures_util::future::join;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{
    Client, Hooks,
    asker::Asker,
    diagnosis::obstacle,
    discreet::Discreet,
    metadata::{has_no_list, within},
};
use crate::{
    discovery::Finding,
    error::{Code, Error, Result},
    policy::Loading,
    servers::Survey,
    transport::Peeked,
    types::{Clock, Event, Events, Phase, Sink, Status, Timeouts},
};

/// In so many answers, a model may be missing from a list that has others: 1.5 seconds.
const UNLISTED: u32 = 5;

impl Client {
    /// Waits until the server is up and takes chats, and has the model. Each time that it is not ready is told to
    /// `sink`.
    ///
    /// # Errors
    /// All kinds: what waiting does not mend, at once; `timeout`, with what was seen last.
    pub async fn wait_until_ready<S: Sink>(
        &self,
        timeout: Option<Timeouts>,
        hooks: &dyn Hooks,
        cancel: &CancellationToken,
        sink: &mut S,
    ) -> Result<Status> {
        let hooks = &self.attentive(hooks);
        let sink = &mut Discreet::new(self, sink);
        let mut watch = self.watch(timeout, cancel);
        let limit = self.metadata_limit(timeout);
        let (mut loading, mut misses) = (Loading::default(), Misses::default());
        let mut seen: Option<Error> = None;
        loop {
            let asked_at = Instant::now();
            let asked = watch.run(within(limit, self.readiness(misses, hooks))).await;
            let error = match asked.map_err(|late| self.finished(last_seen(late, seen.as_ref()), ""))? {
                Some(Ok(survey)) => {
                    let latency = asked_at.elapsed();
                    return Ok(match survey {
                        Some(survey) => self.status_of(survey, latency),
                        None => self.status_without_list(latency),
                    });
                }
                Some(Err(error)) => error,
                None => Error::timeout(Clock::Metadata, limit.unwrap_or_default()),
            };
            misses = misses.after(&error);
            if misses.with_others >= UNLISTED || !self.may_pass(&error).await {
                return Err(self.finished(error, ""));
            }
            sink.event(Event::Progress { phase: Phase::Loading, done: None, total: None });
            sink.flush();
            if let Err(late) = watch.rest(loading.delay(error.retry_after)).await {
                return Err(self.finished(last_seen(late, Some(&error)), ""));
            }
            seen = Some(error);
        }
    }

    /// What the server says of itself, once it is ready; `None` where it has no model list. `misses`: how often in a row it
    /// did not list the model.
    async fn readiness(&self, misses: Misses, hooks: &dyn Hooks) -> Result<Option<Survey>> {
        let asker = Asker::new(self, hooks).await?;
        self.server.settle(&asker).await;
        let (survey, chat) = join(self.survey(&asker), self.knock(&asker)).await;
        let ready = match survey {
            Err(error) if has_no_list(&error) => chat.map(|()| None),
            Err(error) => Err(error),
            Ok(survey) => match chat {
                Ok(()) => self.ready(survey, misses, &asker).await.map(Some),
                Err(error) => Err(error),
            },
        };
        match ready {
            Err(mut error) if error.wrong_path => {
                error.hint = Some(self.way_out(&error, &asker).await);
                Err(error)
            }
            ready => ready,
        }
    }

    /// `survey`, where the model is there. The server that answers knows best, whatever this provider is made for.
    async fn ready(&self, survey: Survey, misses: Misses, asker: &Asker<'_>) -> Result<Survey> {
        let model = self.model.as_deref();
        let Some(error) = obstacle(model, &survey) else { return Ok(survey) };
        // An empty list may fill yet.
        let is_time = if survey.models.is_empty() {
            misses.without_any == UNLISTED - 1
        } else {
            misses.with_others == 0
        };
        if error.code != Code::ModelNotFound || !is_time {
            return Err(error);
        }
        let Finding::Server(identity) = self.finding(asker).await else { return Err(error) };
        let own = self.survey_as(identity.kind, asker).await;
        if own.is_some_and(|own| obstacle(model, &own).is_none())
            || self.lists_nothing(&survey, identity.kind)
        {
            return Ok(survey);
        }
        Err(error)
    }

    /// Whether it may be otherwise in a moment, without anybody's doing.
    async fn may_pass(&self, error: &Error) -> bool {
        match error.code {
            // Nobody has started it yet; ENOENT: nor made its socket.
            Code::Connection if matches!(error.system_code, Some("ECONNREFUSED" | "ENOENT")) => true,
            Code::Connection => {
                let is_passing = error.retryable || error.system_code == Some("ENOTFOUND");
                // What closes connections may speak TLS: it will not begin to speak HTTP.
                is_passing && self.peeked().await != Some(Peeked::Tls)
            }
            Code::Timeout | Code::Stream | Code::ModelLoading | Code::ModelNotFound => true,
            _ => error.retryable,
        }
    }
}

/// How many answers in a row did not list the model.
#[derive(Debug, Clone, Copy, Default)]
struct Misses {
    /// They listed others.
    with_others: u32,
    /// They listed none, or none that is loaded.
    without_any: u32,
}

impl Misses {
    fn after(self, error: &Error) -> Self {
        match (error.code, &error.available_models) {
            (Code::ModelNotFound, Some(_)) => Self { with_others: self.with_others + 1, without_any: 0 },
            (Code::ModelNotFound, None) => Self { with_others: 0, without_any: self.without_any + 1 },
            _ => Self::default(),
        }
    }
}

/// The end of the time, with what was seen before it.
fn last_seen(mut late: Error, seen: Option<&Error>) -> Error {
    if let Some(seen) = seen.filter(|_| late.code == Code::Timeout) {
        late.message = format!("{}; last seen: {}", late.message, seen.message);
        late.hint = match seen.code {
            Code::ModelLoading => Some("The model is still loading: raise `timeout.total`.".to_owned()),
            _ => seen.hint.clone(),
        };
    }
    late
}
