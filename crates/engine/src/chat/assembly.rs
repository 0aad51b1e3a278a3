use super::{
    CallRules,
    kept::KeptLogprobs,
    provider_data::ProviderData,
    tool_calls::{Ending, Told, ToolCalls},
};
use crate::{
    error::{Code, Error, Result},
    text::{Piece, ReasoningSplitter, TAG_STARTS, ToolPiece, ToolTextSplitter},
    types::{
        Answer, Delta, Event, Events, FinishReason, Partial, Phase, ServerTimings, Timings, Usage, Warning,
    },
};

/// How much text an answer may have, in bytes: V8 makes no string of much more.
pub const MAX_TEXT: usize = 128 << 20;

/// What has arrived of an answer.
#[derive(Debug, Default)]
pub struct Assembly {
    id: String,
    model: String,
    splitter: ReasoningSplitter,
    parts: Parts,
    finish: Option<Finish>,
    /// No text has come since the finish reason.
    finish_is_last: bool,
    usage: Option<Usage>,
    timings: ServerTimings,
    logprobs: KeptLogprobs,
    tools: Tools,
    /// Some text or reasoning has come, though perhaps none that could be told yet.
    has_begun: bool,
    progress: u32,
    ended: bool,
}

/// The calls of an answer, and what finds those in its text.
#[derive(Debug, Default)]
struct Tools {
    in_text: ToolTextSplitter,
    calls: ToolCalls,
}

/// What the text was told apart into.
#[derive(Debug, Default)]
struct Parts {
    content: String,
    reasoning: String,
    warnings: Vec<Warning>,
    provider_data: ProviderData,
}

#[derive(Debug)]
struct Finish {
    reason: FinishReason,
    /// The server's own word.
    word: String,
}

impl Assembly {
    pub fn new(rules: CallRules) -> Self {
        let in_text = ToolTextSplitter::new(&rules.in_text, rules.keep_markup);
        Self { tools: Tools { in_text, calls: ToolCalls::new(rules) }, ..Self::default() }
    }

    pub fn of_text() -> Self {
        Self { splitter: ReasoningSplitter::PassThrough, ..Self::new(CallRules::default()) }
    }

    pub fn keep_logprobs(&mut self, alternatives: Option<usize>) {
        self.logprobs = KeptLogprobs::new(alternatives);
    }

    pub fn apply(&mut self, delta: Delta<'_>, events: &mut dyn Events) {
        match delta {
            Delta::Id(id) => set_once(&mut self.id, id),
            Delta::Model(model) => set_once(&mut self.model, model),
            Delta::Text(text) => {
                self.begins();
                self.take_text(text, events);
            }
            Delta::Reasoning(text) => {
                self.begins();
                let (parts, tools) = (&mut self.parts, &mut self.tools);
                // The server tells reasoning apart itself: a tag in its text is only spoken of.
                self.splitter.pass_through(&mut |piece| parts.take(piece, tools, events));
                parts.take(Piece::Reasoning(text), tools, events);
            }
            Delta::ToolCall(fragment) => {
                self.begins();
                let parts = &mut self.parts;
                self.tools.calls.take(fragment, &mut |told| parts.tell(told, events));
            }
            Delta::Kept { field, json } => self.parts.provider_data.take(field, json),
            Delta::Logprob(token) => self.logprobs.take(token),
            Delta::PromptProgress { done, total } => {
                self.progress = self.progress.saturating_add(1);
                events.event(Event::Progress { phase: Phase::Prompt, done: Some(done), total: Some(total) });
            }
            Delta::Finish(word) => {
                self.finish = Some(Finish { reason: reason_of(word), word: word.to_owned() });
                self.finish_is_last = true;
            }
            Delta::Usage(usage) => {
                // A server that counts nothing says 0 in every chunk; what it counted once stays.
                let counts_nothing = usage.input_tokens == 0 && usage.output_tokens == 0;
                if self.usage.is_none() || !counts_nothing {
                    self.usage = Some(usage);
                }
            }
            Delta::Timings(timings) => {
                self.timings = ServerTimings {
                    prompt: timings.prompt.or(self.timings.prompt),
                    generation: timings.generation.or(self.timings.generation),
                    tokens_per_second: timings.tokens_per_second.or(self.timings.tokens_per_second),
                };
            }
            Delta::Repaired(warning) => self.parts.warn(warning, events),
            Delta::End => self.ended = true,
        }
    }

    /// What stands in a call is the call's, be it a tag of reasoning.
    fn take_text(&mut self, text: &str, events: &mut dyn Events) {
        let (parts, tools) = (&mut self.parts, &mut self.tools);
        let mut rest = text;
        while !rest.is_empty() {
            let first = rest.chars().next().map_or(0, char::len_utf8);
            let next = if tools.in_text.looks_for_calls() { rest[first..].find(TAG_STARTS) } else { None };
            let (piece, after) = rest.split_at(next.map_or(rest.len(), |at| first + at));
            if tools.in_text.is_in_call() && self.splitter.pass_over(piece) {
                parts.take(Piece::Text(piece), tools, events);
            } else {
                self.splitter.push(piece, &mut |piece| parts.take(piece, tools, events));
            }
            rest = after;
        }
    }

    /// The answer is to be JSON.
    pub fn expect_json(&mut self) {
        self.splitter = ReasoningSplitter::before_json();
    }

    /// Gives the text that was held back in case it would become a tag or a call.
    pub fn release(&mut self, events: &mut dyn Events) {
        let ending = self.ending();
        let (parts, tools) = (&mut self.parts, &mut self.tools);
        self.splitter.finish(&mut |piece| parts.take(piece, tools, events));
        let Tools { in_text, calls } = tools;
        in_text.finish(ending.cut(), &mut |piece| parts.show(piece, calls, events));
    }

    /// How the answer ended, as far as the server said it.
    fn ending(&self) -> Ending {
        match self.finish.as_ref().map(|finish| finish.reason) {
            Some(FinishReason::Length) => Ending::Limit,
            None if !self.ended => Ending::Broken,
            Some(FinishReason::ContentFilter) => Ending::Broken,
            _ => Ending::Proper,
        }
    }

    /// The server said that nothing more comes.
    pub fn is_ended(&self) -> bool {
        self.ended
    }

    /// The server said why the answer ends; only counts may still come.
    pub fn is_finished(&self) -> bool {
        self.finish.is_some() && self.finish_is_last
    }

    /// Some text, reasoning or tool call has come.
    pub fn has_begun(&self) -> bool {
        self.has_begun
    }

    /// More text than a caller can be given.
    pub fn is_too_long(&self) -> bool {
        self.parts.content.len()
            + self.parts.reasoning.len()
            + self.parts.provider_data.length()
            + self.tools.in_text.held()
            + self.tools.calls.length()
            > MAX_TEXT
    }

    /// More tool calls than a caller wants: the limit.
    pub fn too_many_calls(&self) -> Option<usize> {
        self.tools.calls.too_many()
    }

    fn begins(&mut self) {
        self.has_begun = true;
        self.finish_is_last = false;
    }

    pub fn progress(&self) -> u32 {
        self.progress
    }

    fn is_empty(&self) -> bool {
        self.parts.content.is_empty() && self.parts.reasoning.is_empty() && self.tools.calls.is_empty()
    }

    fn into_partial(self) -> Partial {
        let tool_calls = self.tools.calls.finish(Ending::Broken, &mut |_| {});
        Partial { content: self.parts.content, reasoning: self.parts.reasoning, tool_calls }
    }

    /// The verdict, once the body is at its end. `broken`: why it ended, if not properly.
    pub fn verdict(mut self, broken: Option<Error>, events: &mut dyn Events) -> Result<Answer> {
        let finish_reason = match (&self.finish, broken) {
            // What was said stands, however the connection ended after it.
            (Some(finish), _) if self.finish_is_last || self.ended => {
                let reason = finish.reason;
                if reason == FinishReason::Unknown {
                    let message =
                        format!("The server ended with an unknown finish reason{}.", shown(&finish.word));
                    self.parts.warn(Warning::new("finish_reason", message), events);
                }
                reason
            }
            (_, _) if self.ended && self.has_begun() => {
                let message = "The server ended the answer without a finish reason.";
                self.parts.warn(Warning::new("finish_reason", message), events);
                FinishReason::Unknown
            }
            (_, Some(error)) => return Err(self.fail(error)),
            (_, None) if self.has_begun() => {
                let error = Error::new(
                    Code::Stream,
                    "The answer broke off: the server closed the stream before its end",
                )
                .hint("What had arrived is in `partial`; the server's log may tell what happened.");
                return Err(self.fail(error));
            }
            (_, None) => {
                let empty = Error::new(Code::EmptyCompletion, "The server answered with nothing")
                    .hint("Look at the server's log: it may tell why the model ended at once.");
                return Err(self.fail(empty));
            }
        };
        if self.usage.is_some_and(|usage| usage.input_tokens == 0 && usage.output_tokens == 0)
            && !self.is_empty()
        {
            self.usage = None;
            let message = "The server counted no tokens although it sent some; its count was dropped.";
            self.parts.warn(Warning::new("usage", message), events);
        }
        if self.parts.provider_data.is_too_much() {
            let message = "The server gave more parts to be sent back to it than are kept: none is in the answer's `message`.";
            self.parts.warn(Warning::new("provider_data", message), events);
        }
        let ending = self.ending();
        let parts = &mut self.parts;
        let tool_calls = self.tools.calls.finish(ending, &mut |told| parts.tell(told, events));
        Ok(Answer {
            id: self.id,
            model: self.model,
            content: self.parts.content,
            reasoning: self.parts.reasoning,
            // Several servers say "stop" although tools were called.
            finish_reason: match finish_reason {
                FinishReason::Stop | FinishReason::Unknown if !tool_calls.is_empty() => {
                    FinishReason::ToolCalls
                }
                reason => reason,
            },
            tool_calls,
            usage: self.usage,
            timings: Timings {
                server_prompt: self.timings.prompt,
                server_generation: self.timings.generation,
                tokens_per_second: self.timings.tokens_per_second,
                ..Timings::default()
            },
            warnings: self.parts.warnings,
            parsed: None,
            logprobs: self.logprobs.finish(),
            raw: None,
            message: self.parts.provider_data.finish(),
        })
    }

    /// `error`, with what had arrived.
    pub fn fail(self, mut error: Error) -> Error {
        error.begun = self.has_begun;
        error.retryable &= !self.has_begun;
        error.partial = Some(self.into_partial());
        error
    }
}

impl Parts {
    fn take(&mut self, piece: Piece<'_>, tools: &mut Tools, events: &mut dyn Events) {
        let Tools { in_text, calls } = tools;
        match piece {
            Piece::Text(text) => in_text.push(text, &mut |piece| self.show(piece, calls, events)),
            Piece::Reasoning(text) => {
                self.reasoning.push_str(text);
                events.event(Event::Reasoning(text));
            }
            Piece::TextWasReasoning => {
                in_text.abandon(&mut |piece| self.show(piece, calls, events));
                calls.withdraw();
                self.reasoning.push_str(std::mem::take(&mut self.content).trim());
                let message = "A closing reasoning tag came that nothing had opened: the text before it, already \
                               given as text, is reasoning.";
                self.warn(Warning::new("reasoning_tag", message), events);
            }
            Piece::ReasoningWasText(text) => {
                // Unless a field of its own has brought more reasoning meanwhile.
                if let Some(kept) = self.reasoning.strip_suffix(text) {
                    self.reasoning.truncate(kept.len());
                }
                in_text.push(text, &mut |piece| self.show(piece, calls, events));
                let message = "A reasoning tag was opened twice and closed once: what came after the closing one, \
                               already given as reasoning, is text.";
                self.warn(Warning::new("reasoning_tag", message), events);
            }
        }
    }

    fn show(&mut self, piece: ToolPiece<'_>, calls: &mut ToolCalls, events: &mut dyn Events) {
        match piece {
            ToolPiece::Text(text) => {
                self.content.push_str(text);
                events.event(Event::Message(text));
            }
            ToolPiece::Call(call) => calls.add(call, &mut |told| self.tell(told, events)),
        }
    }

    fn tell(&mut self, told: Told<'_>, events: &mut dyn Events) {
        match told {
            Told::Call(call) => events.event(Event::ToolCall(call)),
            Told::Extra { id, json } => self.provider_data.take_of_call(id, json),
            Told::Warning(warning) => self.warn(warning, events),
        }
    }

    /// Each kind of deviation once.
    fn warn(&mut self, warning: Warning, events: &mut dyn Events) {
        if self.warnings.iter().all(|known| known.code != warning.code) {
            events.event(Event::Warning(&warning));
            self.warnings.push(warning);
        }
    }
}

/// A server's word, if it is one: anything longer might hold what nobody should read.
fn shown(word: &str) -> String {
    let is_word =
        word.len() <= 40 && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
    if is_word { format!(", {word}") } else { String::new() }
}

fn set_once(field: &mut String, value: &str) {
    if field.is_empty() {
        value.clone_into(field);
    }
}

/// The words of many servers for the same few reasons.
fn reason_of(word: &str) -> FinishReason {
    match word {
        "stop" | "eos" | "eos_token" | "stop_sequence" | "end_turn" | "complete" | "done" => {
            FinishReason::Stop
        }
        "length" | "max_tokens" | "model_length" | "max_output_tokens" => FinishReason::Length,
        "tool_calls" | "tool_call" | "tool_use" | "function_call" => FinishReason::ToolCalls,
        "content_filter" | "safety" | "refusal" => FinishReason::ContentFilter,
        _ => FinishReason::Unknown,
    }
}
