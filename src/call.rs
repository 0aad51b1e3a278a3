//! One call: its events into the outbox, its questions to the caller's code, and its end.

use std::{
    collections::HashMap,
    panic::AssertUnwindSafe,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, AtomicUsize, Ordering},
    },
};

use futures_util::{FutureExt, future::BoxFuture};
use local_llm_engine::{
    client::Hooks,
    error::{Code, Error, Result},
    types::{Answer, Embeddings, Event, Events, Sink},
};
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::sync::{Notify, oneshot};
use tokio_util::sync::CancellationToken;

use crate::{
    guard,
    outbox::{Batch, Kind, Outbox},
};

/// What is known of a call while it runs.
pub struct Handle {
    pub id: u32,
    pub cancel: CancellationToken,
    pub credit: Credit,
    questions: Mutex<HashMap<u32, oneshot::Sender<Option<String>>>>,
    next_question: AtomicU32,
}

impl Handle {
    pub fn new(id: u32, cancel: CancellationToken) -> Self {
        let (questions, next_question) = (Mutex::default(), AtomicU32::new(0));
        Self { id, cancel, credit: Credit::default(), questions, next_question }
    }

    pub fn reply(&self, question: u32, answer: Option<String>) {
        let asked = self.questions.lock().unwrap_or_else(PoisonError::into_inner).remove(&question);
        if let Some(asked) = asked {
            // Nobody waits any more where the call has ended meanwhile.
            _ = asked.send(answer);
        }
    }
}

/// How much of a call's events may wait for its consumer, in UTF-16 units.
const CREDIT: usize = 4 << 20;

/// What a record costs beyond its text. `lib/call.ts` counts the same.
const RECORD_COST: usize = 16;

/// What was handed over and not yet taken by the consumer.
#[derive(Debug, Default)]
pub struct Credit {
    outstanding: AtomicUsize,
    returned: Notify,
}

impl Credit {
    fn spend(&self, units: usize) {
        self.outstanding.fetch_add(units, Ordering::Relaxed);
    }

    pub fn give_back(&self, units: usize) {
        let subtract = |outstanding: usize| Some(outstanding.saturating_sub(units));
        // The closure never refuses.
        _ = self.outstanding.fetch_update(Ordering::Relaxed, Ordering::Relaxed, subtract);
        self.returned.notify_one();
    }

    fn has_room(&self) -> bool {
        self.outstanding.load(Ordering::Relaxed) < CREDIT
    }

    async fn room(&self) {
        while !self.has_room() {
            self.returned.notified().await;
        }
    }
}

/// Takes a call's events to the outbox.
pub struct CallSink {
    outbox: Arc<Outbox>,
    handle: Arc<Handle>,
    batch: Batch,
    /// Whether anybody listens.
    wanted: bool,
    /// The next event is the first.
    first: bool,
}

impl CallSink {
    pub fn new(outbox: Arc<Outbox>, handle: Arc<Handle>, wanted: bool) -> Self {
        Self { outbox, handle, batch: Batch::default(), wanted, first: true }
    }

    fn push(&mut self, kind: Kind, text: &str, urgent: bool) {
        let length = self.batch.push(self.handle.id, kind, text, urgent);
        self.handle.credit.spend(length + RECORD_COST);
    }
}

impl Events for CallSink {
    fn event(&mut self, event: Event<'_>) {
        if !self.wanted {
            return;
        }
        let urgent = std::mem::take(&mut self.first);
        match event {
            Event::Message(text) => self.push(Kind::Message, text, urgent),
            Event::Reasoning(text) => self.push(Kind::Reasoning, text, urgent),
            Event::ToolCall(call) => self.push(Kind::ToolCall, &to_json(call), true),
            Event::Progress { phase, done, total } => {
                let mut progress = json!({ "phase": phase.as_str() });
                for (name, count) in [("done", done), ("total", total)] {
                    if let Some(count) = count {
                        progress[name] = count.into();
                    }
                }
                self.push(Kind::Progress, &progress.to_string(), true);
            }
            Event::Retry { attempt, delay, error, error_type } => {
                let delay = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
                let retry =
                    json!({ "attempt": attempt, "delay": delay, "error": error, "errorType": error_type });
                self.push(Kind::Retry, &retry.to_string(), true);
            }
            Event::Load(progress) => self.push(Kind::Progress, &to_json(progress), true),
            Event::Warning(warning) => {
                let warning = json!({ "code": warning.code, "message": warning.message });
                self.push(Kind::Warning, &warning.to_string(), true);
            }
        }
    }
}

impl Sink for CallSink {
    fn flush(&mut self) {
        if !self.batch.is_empty() {
            self.outbox.push(&mut self.batch);
        }
    }

    fn has_room(&self) -> bool {
        self.handle.credit.has_room()
    }

    async fn room(&self) {
        self.handle.credit.room().await;
    }

    fn is_heard(&self) -> bool {
        self.wanted
    }
}

/// How a call ended well.
pub enum Outcome {
    Answer(Box<Answer>),
    Embeddings(Embeddings),
    /// JSON.
    Value(Value),
}

/// Runs a call to its end and tells it, whatever happens. Events and end go the same way, so all events come first.
pub async fn run(outbox: Arc<Outbox>, handle: Arc<Handle>, work: impl Future<Output = Result<Outcome>>) {
    let outcome = AssertUnwindSafe(work).catch_unwind().await;
    let mut outcome =
        outcome.unwrap_or_else(|panic| Err(Error::new(Code::Protocol, guard::message(panic.as_ref()))));
    let mut batch = Batch::default();
    if let Ok(Outcome::Embeddings(embeddings)) = &mut outcome {
        batch.push_numbers(handle.id, std::mem::take(&mut embeddings.numbers));
    }
    let mut push = |kind, text: &str| batch.push(handle.id, kind, text, true);
    match outcome {
        Ok(Outcome::Answer(answer)) => {
            push(Kind::Content, &answer.content);
            push(Kind::WholeReasoning, &answer.reasoning);
            push(Kind::Done, &to_json(&answer));
        }
        Ok(Outcome::Embeddings(embeddings)) => _ = push(Kind::Done, &to_json(&embeddings)),
        Ok(Outcome::Value(value)) => _ = push(Kind::Done, &value.to_string()),
        Err(error) => _ = push(Kind::Failed, &to_json(&*error)),
    }
    outbox.push(&mut batch);
    outbox.forget(handle.id);
}

fn to_json(value: &impl serde::Serialize) -> String {
    // These types hold only texts, numbers and lists of them: nothing that JSON could refuse.
    serde_json::to_string(value).unwrap_or_default()
}

/// The caller's code, asked through the outbox.
pub struct JsHooks {
    pub outbox: Arc<Outbox>,
    pub handle: Arc<Handle>,
    pub changes_headers: bool,
    pub changes_body: bool,
}

impl JsHooks {
    async fn ask(&self, what: &str, value: Value) -> Result<String> {
        let question = self.handle.next_question.fetch_add(1, Ordering::Relaxed);
        let (reply, replied) = oneshot::channel();
        self.handle.questions.lock().unwrap_or_else(PoisonError::into_inner).insert(question, reply);
        let asked = json!({ "question": question, "what": what, "value": value });
        let mut batch = Batch::default();
        batch.push(self.handle.id, Kind::Ask, &asked.to_string(), true);
        self.outbox.push(&mut batch);
        // Without an answer, the caller's code threw: `lib/` holds what it threw and rejects with that.
        replied.await.ok().flatten().ok_or_else(Error::aborted)
    }
}

impl Hooks for JsHooks {
    fn changes_headers(&self) -> bool {
        self.changes_headers
    }

    fn changes_body(&self) -> bool {
        self.changes_body
    }

    fn api_key(&self) -> BoxFuture<'_, Result<SecretString>> {
        Box::pin(async { self.ask("apiKey", Value::Null).await.map(SecretString::from) })
    }

    fn request_headers(
        &self,
        headers: Vec<(String, String)>,
    ) -> BoxFuture<'_, Result<Vec<(String, String)>>> {
        Box::pin(async move {
            let headers: serde_json::Map<_, _> =
                headers.into_iter().map(|(name, value)| (name, Value::String(value))).collect();
            let answer = self.ask("requestHeaders", Value::Object(headers)).await?;
            let changed: HashMap<String, String> = serde_json::from_str(&answer).map_err(|error| {
                Error::configuration(format!("requestHeaders must return texts by name: {error}"))
            })?;
            Ok(changed.into_iter().collect())
        })
    }

    fn request_body(&self, body: String) -> BoxFuture<'_, Result<String>> {
        Box::pin(self.ask("requestBody", Value::String(body)))
    }

    fn validate(&self, answer: String) -> BoxFuture<'_, Result<Option<String>>> {
        Box::pin(async {
            let problem = self.ask("validate", Value::String(answer)).await?;
            Ok((!problem.is_empty()).then_some(problem))
        })
    }
}
