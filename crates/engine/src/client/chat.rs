use std::{future::poll_fn, task::Poll, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use serde_json::{Map, Value};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{Client, Hooks, metadata::wrong_base};
use crate::{
    chat::Reading,
    endpoint::Credential,
    error::{Code, Error, Result},
    policy::loading_delays,
    transport::{Connected, MAX_EVENT_BYTES, Request, Response, Watch},
    types::{Answer, ChatRequest, Event, Partial, Phase, Sink, Timeouts, Warning},
};

/// One call: what its attempts share.
struct Call<'a, S> {
    client: &'a Client,
    hooks: &'a dyn Hooks,
    sink: &'a mut S,
    watch: Watch,
    timeout: Option<Timeouts>,
    attempts: u32,
    /// Told before there was an answer that could hold them.
    warnings: Vec<Warning>,
    started: Instant,
    first_token: Option<Instant>,
}

/// A body that was built, as it goes out.
struct Built {
    headers: HeaderMap,
    body: Bytes,
    /// Nobody changed the key in the headers.
    has_own_key: bool,
}

impl Client {
    /// Asks for one answer. Its events go to `sink` as they come.
    ///
    /// # Errors
    /// All kinds; with what had arrived in `partial`.
    pub async fn chat<S: Sink>(
        &self,
        request: ChatRequest,
        hooks: &dyn Hooks,
        cancel: &CancellationToken,
        sink: &mut S,
    ) -> Result<Answer> {
        let mut call = Call {
            client: self,
            hooks,
            sink,
            watch: self.watch(request.timeout, cancel),
            timeout: request.timeout,
            attempts: 0,
            warnings: Vec::new(),
            started: Instant::now(),
            first_token: None,
        };
        let outcome = call.run(request).await;
        call.sink.flush();
        match outcome {
            Ok(answer) => Ok(call.timed(answer)),
            Err(error) => {
                let mut error = call.explained(error).await;
                error.attempts = call.attempts;
                error.partial.get_or_insert_with(Partial::default);
                Err(self.finished(error, self.dialect.chat_path()))
            }
        }
    }
}

impl<S: Sink> Call<'_, S> {
    async fn run(&mut self, mut request: ChatRequest) -> Result<Answer> {
        let named =
            request.model.take().filter(|model| !model.is_empty()).or_else(|| self.client.model.clone());
        let is_named = named.is_some();
        let mut model = match named {
            Some(model) => Some(model),
            None => self.find_model().await?,
        };
        let mut body = self.encoded(request, model.as_deref());
        let mut loading = loading_delays();
        let mut built = None;
        loop {
            if built.is_none() {
                built = Some(self.build(&body).await?);
            }
            let Some(Built { headers, body: bytes, .. }) = &built else { continue };
            let error = match self.attempt(headers.clone(), bytes.clone()).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            // What was handed out once is never asked for again.
            if error.handed_out {
                return Err(error);
            }
            if error.code == Code::ModelLoading {
                self.wait_while_loading(loading.next().unwrap_or_default(), &error).await?;
                if !is_named && model.is_none() {
                    model = self.find_model().await?;
                    if let Some(model) = &model {
                        body.insert("model".into(), model.as_str().into());
                        built = None;
                    }
                }
                if let Some(built) = &mut built {
                    self.renew_key(built).await?;
                }
                continue;
            }
            let model = model.as_deref().unwrap_or(UNKNOWN_MODEL);
            let Some(warning) = self.client.learnt.refusal(&error, model, &mut body) else {
                return Err(error);
            };
            self.warnings.push(warning);
            built = None;
        }
    }

    async fn find_model(&mut self) -> Result<Option<String>> {
        let limit = self.client.metadata_limit(self.timeout);
        self.client.find_model(&mut self.watch, limit, self.hooks).await
    }

    fn encoded(&self, request: ChatRequest, model: Option<&str>) -> Map<String, Value> {
        let model = model.unwrap_or(UNKNOWN_MODEL);
        let mut body = self.client.dialect.encode_chat(request, model, &self.client.defaults);
        self.client.learnt.apply(model, &mut body);
        body
    }

    /// What will be sent, after the caller's hooks.
    async fn build(&mut self, body: &Map<String, Value>) -> Result<Built> {
        let hooks = self.hooks;
        let client = self.client;
        let mut headers = self.watch.run(client.headers(hooks, Some("application/json"))).await??;
        let key = headers.get(header::AUTHORIZATION).cloned();
        if hooks.changes_headers() {
            let shown = headers.iter().map(|(name, value)| {
                (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
            });
            let changed = self.watch.run(hooks.request_headers(shown.collect())).await??;
            for (name, value) in &changed {
                client.keep_header_secret(name, value);
            }
            headers = changed.into_iter().map(checked_header).collect::<Result<_>>()?;
        }
        let has_own_key = headers.get(header::AUTHORIZATION) == key.as_ref();
        let mut text = serde_json::to_string(body).map_err(|error| {
            Error::configuration(format!("The request cannot be written as JSON: {error}"))
        })?;
        if hooks.changes_body() {
            text = self.watch.run(hooks.request_body(text)).await??;
        }
        Ok(Built { headers, body: text.into(), has_own_key })
    }

    /// A key that comes from a function is asked for before each attempt: it may have been replaced meanwhile.
    async fn renew_key(&mut self, built: &mut Built) -> Result<()> {
        if !built.has_own_key || !matches!(self.client.endpoint.credential, Credential::Function) {
            return Ok(());
        }
        match self.watch.run(self.client.key(self.hooks)).await?? {
            Some(key) => _ = built.headers.insert(header::AUTHORIZATION, key),
            None => _ = built.headers.remove(header::AUTHORIZATION),
        }
        Ok(())
    }

    async fn attempt(&mut self, headers: HeaderMap, body: Bytes) -> Result<Answer> {
        self.attempts += 1;
        let client = self.client;
        let address = &client.endpoint.address;
        let url = address.url(client.dialect.chat_path());
        let request = Request { method: Method::POST, url, headers, body: Some(body) };
        let connected = Connected::default();
        self.watch.connects(connected.clone());
        let mut response = self.watch.run(client.http.send(address, request, connected)).await??;
        self.watch.waits_for_first_token();
        if let Some(error) = self.watch.run(client.failure_of(&mut response)).await? {
            return Err(error);
        }
        self.read(response).await
    }

    async fn read(&mut self, mut response: Response) -> Result<Answer> {
        let status = response.status().as_u16();
        let request_id =
            response.headers().get("x-request-id").and_then(|id| id.to_str().ok()).map(str::to_owned);
        let mut reading = Reading::new(self.client.dialect.decoder(MAX_EVENT_BYTES));
        for warning in self.warnings.drain(..) {
            reading.warn(warning, self.sink);
        }
        let outcome = self.read_to_end(&mut response, &mut reading).await;
        let outcome = match outcome {
            Ok(broken) => reading.finish(broken, self.sink),
            Err(error) => Err(error),
        };
        if outcome.is_ok() {
            response.let_go();
        }
        outcome.map_err(|mut error| {
            error.status = error.status.or(Some(status));
            error.request_id = error.request_id.take().or(request_id);
            error
        })
    }

    /// Reads until the body or the answer ends; returns what broke it off, if anything did.
    async fn read_to_end(&mut self, response: &mut Response, reading: &mut Reading) -> Result<Option<Error>> {
        let mut progress = 0;
        loop {
            if !self.sink.has_room() {
                // Our own pause is not the server's silence.
                self.watch.pause();
                if let Err(error) = self.watch.run(self.sink.room()).await {
                    return Err(reading.fail(error, self.sink));
                }
            }
            if reading.is_finished() {
                self.watch.waits_for_last_words();
            } else if reading.has_begun() {
                self.watch.hears();
            } else if reading.progress() > progress {
                progress = reading.progress();
                self.watch.progresses();
            }
            let mut next = match self.watch.run(response.chunk()).await {
                Ok(Ok(next)) => next,
                Ok(Err(error)) => return Ok(Some(error)),
                // The answer is complete; that the connection stays open does not matter.
                Err(error) if reading.is_finished() && error.code == Code::Timeout => return Ok(None),
                Err(error) => return Err(reading.fail(error, self.sink)),
            };
            // A short answer arrives as one: then it is handed on as one, and wakes its consumer once.
            let mut together = if self.first_token.is_none() { READ_TOGETHER } else { 1 };
            loop {
                let Some(bytes) = next else { return Ok(None) };
                reading.push(&bytes, self.sink)?;
                if self.first_token.is_none() && reading.has_begun() {
                    self.first_token = Some(Instant::now());
                }
                if reading.is_ended() {
                    return Ok(None);
                }
                together -= 1;
                if together == 0 {
                    break;
                }
                // The connection's task hands over one piece a turn: this is its turn.
                let_others_run().await;
                next = match response.ready() {
                    Some(Ok(next)) => next,
                    Some(Err(error)) => return Ok(Some(error)),
                    None => break,
                };
            }
            self.sink.flush();
        }
    }

    async fn wait_while_loading(&mut self, delay: Duration, error: &Error) -> Result<()> {
        self.sink.event(Event::Progress { phase: Phase::Loading, done: None, total: None });
        self.sink.flush();
        self.watch.waits_for_first_token();
        let wished = Duration::from_millis(error.retry_after.unwrap_or(0)).min(LONGEST_DELAY);
        let delay = delay.max(wished);
        self.watch.run(tokio::time::sleep(delay)).await.map_err(|mut late| {
            if late.code == Code::Timeout {
                late.message = format!("{}; the server last said: {}", late.message, error.message);
            }
            late
        })
    }

    /// `error` with what the server can be asked about it.
    async fn explained(&mut self, mut error: Error) -> Error {
        if error.code == Code::ModelNotFound {
            self.client.knowledge.forget_model();
            if let Ok(models) = self.client.asked_models(&mut self.watch, self.hooks).await {
                let names: Vec<String> = models.into_iter().map(|model| model.name).collect();
                if !names.is_empty() {
                    error.hint = Some(format!("Set `model` to one that the server has: {}.", listed(&names)));
                    error.available_models = Some(names);
                }
            }
        } else if error.wrong_path {
            error.hint = Some(match self.client.working_base(&mut self.watch, self.hooks).await {
                Some(base) => wrong_base(&base),
                None => "Check the address: no LLM server's chat answers there.".to_owned(),
            });
        }
        error
    }

    #[expect(clippy::cast_precision_loss, reason = "counts of tokens")]
    fn timed(&self, mut answer: Answer) -> Answer {
        let milliseconds = |since: Instant| since.duration_since(self.started).as_secs_f64() * 1000.0;
        let total = milliseconds(Instant::now());
        let first_token = self.first_token.map(milliseconds);
        let timings = &mut answer.timings;
        timings.total = total;
        timings.first_token = first_token;
        timings.attempts = self.attempts;
        timings.tokens_per_second = timings.tokens_per_second.or_else(|| {
            let generating = (total - first_token?) / 1000.0;
            let tokens = answer.usage?.output_tokens;
            (tokens > 1 && generating > 0.0).then(|| tokens as f64 / generating)
        });
        answer
    }
}

/// A model can be loaded long before the server wishes to be asked again.
const LONGEST_DELAY: Duration = Duration::from_secs(5);

/// How many pieces of a body are read at most before its first events are handed on.
const READ_TOGETHER: usize = 64;

/// What is asked for where nobody knows a name: many servers ignore it.
const UNKNOWN_MODEL: &str = "default";

/// Lets the tasks run that are ready, once. (`yield_now` also asks the system for what has arrived, each time.)
async fn let_others_run() {
    let mut has_yielded = false;
    poll_fn(|context| {
        if has_yielded {
            return Poll::Ready(());
        }
        has_yielded = true;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

fn checked_header((name, value): (String, String)) -> Result<(HeaderName, HeaderValue)> {
    let checked_name = HeaderName::try_from(&name).map_err(|_| {
        Error::configuration(format!("requestHeaders returned {name:?}, which is no name for a header"))
    })?;
    let value = HeaderValue::try_from(value).map_err(|_| {
        Error::configuration(format!("requestHeaders returned a value for {name:?} that no header can hold"))
    })?;
    Ok((checked_name, value))
}

/// Some of a long list.
fn listed(names: &[String]) -> String {
    const SHOWN: usize = 8;
    let more = names.len().saturating_sub(SHOWN);
    let shown = names[..names.len().min(SHOWN)].join(", ");
    if more == 0 { shown } else { format!("{shown} and {more} more") }
}
