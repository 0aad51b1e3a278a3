//! An answer in the format that was asked for: which way it is asked for, whether it has come, and a second round where
//! it has not.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::{UNKNOWN_MODEL, chat::Call};
use crate::{
    error::{Code, Error, Result},
    negotiate::response_format::Ladder,
    text::format::{Check, Fit, Misfit, Reading, describe, in_object, mend},
    types::{
        Answer, AssistantMessage, ChatRequest, Content, FinishReason, Message, Partial, ResponseFormat, Sink,
        ToolChoice, Usage, Warning,
    },
};

/// What a call with a response format needs besides.
pub struct Formatted {
    /// As the caller made it: each body begins with it.
    request: ChatRequest,
    check: Arc<Check>,
    ladder: Ladder,
    /// The answer of the first round, and what was wrong with it.
    misfit: Option<(String, Misfit)>,
    /// What the first round took.
    spent: Option<Usage>,
}

impl Formatted {
    /// Says in the messages of `request` what cannot be said otherwise.
    pub fn describe(&self, request: &mut ChatRequest) {
        if self.ladder.rung().is_described || self.misfit.is_some() {
            // Where the text is asked for within an object, words must not ask for it alone.
            let within =
                in_object(self.check.format()).filter(|_| self.ladder.rung().reading == Reading::InObject);
            match within {
                Some(schema) => describe(&ResponseFormat::JsonSchema(schema), request),
                None => describe(self.check.format(), request),
            }
        }
        if let Some((answer, misfit)) = &self.misfit {
            let answer = AssistantMessage { content: Some(answer.clone()), ..AssistantMessage::default() };
            request.messages.push(Message::Assistant(answer));
            let content = Content::Text(mend(misfit));
            request.messages.push(Message::User { content, name: None });
        }
    }

    /// Whether the answer is to be JSON as it comes.
    pub fn is_json(&self) -> bool {
        let is_of_json =
            matches!(self.check.format(), ResponseFormat::JsonObject | ResponseFormat::JsonSchema(_));
        is_of_json || self.ladder.rung().reading == Reading::InObject
    }

    /// Asks for the format in the fields of `body`. What the caller put there stays.
    pub fn ask(&self, body: &mut Map<String, Value>) {
        for (name, value) in &self.ladder.rung().fields {
            body.entry(name.as_str()).or_insert_with(|| value.clone());
        }
    }
}

impl<S: Sink> Call<'_, S> {
    /// Chooses how `request` gets its format, if it wants one.
    pub(super) async fn choose_format(&mut self, request: &mut ChatRequest) -> Result<()> {
        let Some(format) = request.response_format.take() else { return Ok(()) };
        let check = self.watch.run(self.client.checks.of(format)).await??;
        let mut ladder = Ladder::new(check.format(), &request.tools, &*self.client.server);
        let warnings = [check.unchecked(), self.client.learnt.begin_format(self.model_name(), &mut ladder)];
        for warning in warnings.into_iter().flatten() {
            self.warn(warning);
        }
        let formatted = Formatted { request: request.clone(), check, ladder, misfit: None, spent: None };
        self.formatted = Some(formatted);
        self.hold_back();
        Ok(())
    }

    /// Goes on to another way, if `error` refuses this one.
    pub(super) fn amend_format(&mut self, error: &Error) -> bool {
        let model = self.model.as_deref().unwrap_or(UNKNOWN_MODEL);
        let Some(formatted) = &mut self.formatted else { return false };
        let Some(warning) = self.client.learnt.refused_format(error, model, &mut formatted.ladder) else {
            return false;
        };
        self.warn(warning);
        self.begin_anew();
        true
    }

    /// The body for another round, or another way.
    fn begin_anew(&mut self) {
        let Some(request) = self.formatted.as_ref().map(|formatted| formatted.request.clone()) else {
            return;
        };
        self.body = self.encoded(request);
        self.built = None;
        self.hold_back();
    }

    /// Nothing is handed out that might have to be taken back.
    fn hold_back(&mut self) {
        let Some(formatted) = &self.formatted else { return };
        let is_sure = self.client.learnt.is_sure(self.model_name(), formatted.ladder.rung());
        // No server holds the model to what the caller validates. To hold that back costs little if nobody hears it, or
        // if the answer before it failed.
        let costs_little = !self.sink.is_heard() || formatted.misfit.is_some();
        let may_fail = !is_sure || formatted.check.has_validator() && costs_little;
        self.sink.holds(formatted.check.tells() && may_fail);
    }

    /// `answer`, once it has its format; perhaps another one, after a second round.
    pub(super) async fn formed(&mut self, mut answer: Answer) -> Result<Answer> {
        while let Some(formatted) = &self.formatted {
            let is_cut = matches!(answer.finish_reason, FinishReason::Length | FinishReason::ContentFilter);
            if !answer.tool_calls.is_empty() {
                break;
            }
            self.watch.is_answered();
            if is_cut {
                self.fit_if_whole(&mut answer).await?;
                break;
            }
            let rung = formatted.ladder.rung();
            // By now, the model was told of the format in words.
            let is_told = formatted.misfit.is_some() && rung.reading == Reading::Strict;
            let reading = if is_told { Reading::Lenient } else { rung.reading };
            let outcome = match self.watch.run(read(&formatted.check, &answer.content, reading)).await {
                Ok(Ok(outcome)) => outcome,
                Ok(Err(error)) | Err(error) => return Err(with_partial(error, answer)),
            };
            let has_fitted = outcome.is_ok();
            // What had to be picked out, or was described, was held by nobody but the model.
            let is_held_by_model = outcome.as_ref().is_ok_and(|fit| fit.warning.is_some());
            // An answer without a word says nothing of it.
            let shows_it =
                formatted.misfit.is_none() && !is_held_by_model && !answer.content.trim().is_empty();
            if shows_it {
                self.client.learnt.tried_format(self.model_name(), &formatted.ladder, has_fitted);
            }
            let may_ask_again = self.sink.is_holding() && formatted.misfit.is_none();
            let (misfit, hint) = match outcome {
                Ok(fit) => {
                    self.fit(&mut answer, fit);
                    match self.validated(&answer).await {
                        Ok(None) => break,
                        Ok(Some(misfit)) => (misfit, OF_THE_CALLERS_OWN),
                        Err(error) => return Err(with_partial(error, answer)),
                    }
                }
                Err(misfit) => (misfit, OF_THE_FORMAT),
            };
            if !may_ask_again {
                return Err(invalid(answer, &misfit, hint));
            }
            answer = self.second_round(answer, misfit).await?;
        }
        self.sink.release(Some(&answer.content));
        Ok(answer)
    }

    /// An answer that came to its end just where it was cut has its format all the same: `yes`, of one token.
    async fn fit_if_whole(&mut self, answer: &mut Answer) -> Result<()> {
        let Some(formatted) = &self.formatted else { return Ok(()) };
        let reading = formatted.ladder.rung().reading;
        if let Ok(fit) = self.watch.run(read(&formatted.check, &answer.content, reading)).await?? {
            self.fit(answer, fit);
        }
        Ok(())
    }

    /// What the caller finds wrong with `answer`, which has its format.
    async fn validated(&mut self, answer: &Answer) -> Result<Option<Misfit>> {
        if !self.formatted.as_ref().is_some_and(|formatted| formatted.check.has_validator()) {
            return Ok(None);
        }
        let problem = self.watch.run(self.hooks.validate(answer.content.clone())).await??;
        Ok(problem.map(|problem| Misfit(format!("it does not pass the schema's own validation ({problem})"))))
    }

    fn fit(&mut self, answer: &mut Answer, fit: Fit) {
        answer.parsed = fit.parsed;
        if let Some(text) = fit.text {
            answer.content = text;
        }
        if let Some(warning) = fit.warning {
            self.warn(warning);
        }
    }

    /// Tells the model what is wrong with `answer`, and asks again.
    async fn second_round(&mut self, answer: Answer, misfit: Misfit) -> Result<Answer> {
        let message = format!(
            "The answer did not have the format that was asked for ({}); it was asked for once more.",
            misfit.0
        );
        self.warnings.extend(answer.warnings);
        self.warn(Warning::new("response_format_repair", message));
        if let Some(formatted) = &mut self.formatted {
            formatted.misfit = Some((answer.content, misfit));
            formatted.spent = answer.usage;
        }
        self.offer_no_tools();
        self.begin_anew();
        self.answered().await
    }

    /// The model has called nothing, and is only asked for the format: without tools, the server may hold it to that.
    fn offer_no_tools(&mut self) {
        let (client, model) = (self.client, self.model.as_deref().unwrap_or(UNKNOWN_MODEL));
        let Some(formatted) = &mut self.formatted else { return };
        let tools = &mut formatted.request.tools;
        if tools.tools.is_empty() || tools.tool_choice == Some(ToolChoice::None) {
            return;
        }
        tools.tool_choice = Some(ToolChoice::None);
        if !formatted.ladder.yields_to_tools() {
            return;
        }
        formatted.ladder = Ladder::new(formatted.check.format(), tools, &*client.server);
        if let Some(warning) = client.learnt.begin_format(model, &mut formatted.ladder) {
            self.warn(warning);
        }
    }

    /// Adds what the first round took.
    pub(super) fn add_spent(&self, usage: &mut Option<Usage>) {
        if let Some(spent) = self.formatted.as_ref().and_then(|formatted| formatted.spent) {
            *usage = Some(usage.map_or(spent, |usage| spent + usage));
        }
    }
}

/// What mends an answer without its format.
const OF_THE_FORMAT: &str = "What came is in `partial`. A simpler format, or a larger model, may help; so does a server \
     that holds the model to the format.";

/// What mends one that the caller's own validation does not take.
const OF_THE_CALLERS_OWN: &str = "What came is in `partial`. What JSON Schema cannot say, the model is not told: say it in \
     the prompt, or in the schema's descriptions.";

fn invalid(answer: Answer, Misfit(reason): &Misfit, hint: &'static str) -> Error {
    let message = format!("The answer does not have the format that was asked for: {reason}");
    with_partial(Error::new(Code::InvalidResponse, message).hint(hint), answer)
}

fn with_partial(mut error: Error, answer: Answer) -> Error {
    error.partial =
        Some(Partial { content: answer.content, reasoning: answer.reasoning, tool_calls: answer.tool_calls });
    error
}

/// From so many bytes on, a text is read on another thread: the one of all calls must not wait for it.
const LONG: usize = 64 * 1024;

async fn read(check: &Arc<Check>, text: &str, reading: Reading) -> Result<Result<Fit, Misfit>> {
    if text.len() < LONG {
        return Ok(check.read(text, reading));
    }
    let (check, text) = (check.clone(), text.to_owned());
    let task = tokio::task::spawn_blocking(move || check.read(&text, reading));
    task.await.map_err(|failure| Error::new(Code::Protocol, format!("The answer cannot be read: {failure}")))
}
