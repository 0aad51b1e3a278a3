use bytes::Bytes;
use http::{HeaderMap, Method};
use serde_json::{Map, Value};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{
    Client, Hooks, UNKNOWN_MODEL,
    built::Built,
    cut_prompt::Prompt,
    discreet::Discreet,
    formatted::Formatted,
    held_back::HeldBack,
    knowledge::Purpose,
    shown_results::show_behind_results,
    tool_ways::{NativeTools, ids_of_history, in_prompt, speaks_of_tools, tell_in_text},
};
use crate::{
    chat::{CallRules, Keeps, Reading},
    error::{Code, Error, Result, ToolFailure},
    policy::{Repeatable, Wait, repeat},
    protocol::request_id,
    servers::{CompletionWay, Place, give_back, put_reasoning, says_low},
    transport::{Connected, Replaced, Request, Response, Watch},
    types::{
        Answer, ChatRequest, CompletionRequest, Effort, Event, Events as _, GenerationOptions, Partial,
        Phase, Reasoning, Sink, Timeouts, ToolMode, Warning,
    },
};

/// One call, of a chat or of a text completion: what its attempts share.
pub(super) struct Call<'a, S> {
    pub client: &'a Client,
    pub hooks: &'a dyn Hooks,
    pub sink: HeldBack<'a, S>,
    pub watch: Watch,
    pub timeout: Option<Timeouts>,
    /// `None` where neither the caller nor the server names one.
    pub model: Option<String>,
    /// What the calls of the answer are held to.
    rules: CallRules,
    /// `None` for a chat.
    completion: Option<CompletionWay>,
    /// The answer tells what went over the wire.
    includes_raw: bool,
    /// `None` where the request tells of no tools, or in its text.
    native_tools: Option<Box<NativeTools>>,
    /// Where the answer must have a format.
    pub formatted: Option<Formatted>,
    pub body: Map<String, Value>,
    /// `body`, as the hooks left it; `None` until it is built, and after a change.
    pub built: Option<Built>,
    /// What of `built` tells whether the server reads all of it; `None` where none cuts.
    prompt: Option<Prompt>,
    /// The server has answered, be it with a failure.
    has_answered: bool,
    attempts: u32,
    replaced: Replaced,
    /// Told before there was an answer that could hold them.
    pub warnings: Vec<Warning>,
    started: Instant,
    first_token: Option<Instant>,
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
        let hooks = &self.attentive(hooks);
        let mut call = Call::new(self, hooks, request.timeout, cancel, sink);
        call.includes_raw = request.include_raw;
        let outcome = call.run(request).await;
        call.ended(outcome, None).await
    }

    /// The body of a chat, in the names that this server has for what the caller set; what it has none for is warned of.
    pub(super) fn chat_body(
        &self,
        mut request: ChatRequest,
        model: &str,
        warnings: &mut Vec<Warning>,
    ) -> Map<String, Value> {
        let facts = self.server.facts();
        facts.tool_choices.narrow(&mut request.tools);
        if !facts.developer_role {
            request.developers_as_system();
        }
        if !self.dialect().shows_results() {
            warnings.extend(show_behind_results(&mut request.messages));
        }
        give_back(&mut request.messages, facts.name, self.server.reasoning_field());
        let reasoning = request.options.reasoning.or(self.defaults.reasoning);
        self.server.translate(&mut request.options);
        let mut body = self.dialect().encode_chat(request, model, &self.chat_defaults);
        if let Some(reasoning) = reasoning {
            let fields = self.server.reasoning(reasoning);
            if fields.is_empty() {
                let message = "This server cannot be told whether to reason: `reasoning` is left out.";
                warnings.push(Warning::new("left_out", message));
            }
            if reasoning == Reasoning::Effort(Effort::Minimal) && says_low(&fields) {
                let message = "This server knows no reasoning effort `minimal`; `low` is sent.";
                warnings.push(Warning::new("refused_field", message));
            }
            put_reasoning(fields, &mut body);
        }
        body
    }
}

impl<'a, S: Sink> Call<'a, S> {
    pub fn new(
        client: &'a Client,
        hooks: &'a dyn Hooks,
        timeout: Option<Timeouts>,
        cancel: &CancellationToken,
        sink: &'a mut S,
    ) -> Self {
        Self {
            client,
            hooks,
            sink: HeldBack::new(Discreet::new(client, sink)),
            watch: client.watch(timeout, cancel),
            timeout,
            model: None,
            rules: CallRules::default(),
            completion: None,
            includes_raw: false,
            native_tools: None,
            formatted: None,
            body: Map::new(),
            built: None,
            prompt: None,
            has_answered: false,
            attempts: 0,
            replaced: Replaced::default(),
            warnings: Vec::new(),
            started: Instant::now(),
            first_token: None,
        }
    }

    /// How the call ends for its caller. `what` it asked for, if not a chat.
    pub async fn ended(mut self, outcome: Result<Answer>, what: Option<&str>) -> Result<Answer> {
        self.sink.flush();
        match outcome {
            Ok(answer) => {
                let mut answer = self.timed(answer);
                if let Some(message) = &mut answer.message {
                    let given = std::mem::take(&mut message.provider_data);
                    message.provider_data.insert(self.client.server.facts().name.into(), given.into());
                }
                if let Some(raw) = &mut answer.raw {
                    self.client.complete_raw(raw);
                }
                answer.warnings.iter_mut().for_each(|warning| self.client.hide(warning));
                Ok(answer)
            }
            Err(error) => {
                let mut error = self.client.explained(error, what, &mut self.watch, self.hooks).await;
                error.attempts = self.attempts;
                if error.code == Code::ContextLengthExceeded && error.context_length.is_none() {
                    error.context_length = self.client.knowledge.context_of(self.model_name());
                }
                error.partial.get_or_insert_with(Partial::default);
                Err(self.client.finished(error, self.path()))
            }
        }
    }
}

impl<S: Sink> Call<'_, S> {
    async fn run(&mut self, mut request: ChatRequest) -> Result<Answer> {
        self.prepare(&request.options, request.model.take()).await?;
        self.read_media(&mut request.messages).await?;
        self.choose_format(&mut request).await?;
        self.body = self.encoded(request);
        let answer = self.answered().await?;
        self.formed(answer).await
    }

    /// Sends a completion of a text in place of a chat.
    pub async fn run_completion(&mut self, mut request: CompletionRequest) -> Result<Answer> {
        self.prepare(&request.options, request.model.take()).await?;
        let client = self.client;
        let model = self.model.as_deref().unwrap_or(UNKNOWN_MODEL);
        let has_suffix = request.suffix.is_some();
        let mut body = client.dialect().encode_completion(request, model, &client.defaults);
        let infill = if has_suffix { client.server.infill(&mut body) } else { None };
        self.completion = Some(infill.unwrap_or(CompletionWay::of(client.dialect())));
        self.body = self.adjusted(body);
        self.answered().await
    }

    /// Finds out what must be known before anything is sent.
    async fn prepare(&mut self, options: &GenerationOptions, model: Option<String>) -> Result<()> {
        self.client.settle_within(&mut self.watch, self.timeout, self.hooks).await?;
        // What is merged into the body wins over all else.
        let named = [options, &self.client.defaults]
            .into_iter()
            .find_map(|options| options.extra_body.as_ref()?.get("model")?.as_str().map(str::to_owned))
            .or(model)
            .filter(|model| !model.is_empty())
            .or_else(|| self.client.model.clone());
        self.model = match named {
            Some(model) => Some(model),
            None => self.find_model().await?,
        };
        Ok(())
    }

    /// What comes, after as many attempts as it takes.
    pub async fn answered(&mut self) -> Result<Answer> {
        let answer = repeat(self, self.client.retry).await?;
        let cut = self.prompt.as_ref().zip(answer.usage);
        let cut = cut.and_then(|(prompt, usage)| prompt.cut(usage.input_tokens, self.attempts));
        if let Some(warning) = cut {
            self.warn(warning);
        }
        Ok(answer)
    }

    async fn find_model(&mut self) -> Result<Option<String>> {
        let limit = self.client.metadata_limit(self.timeout);
        self.client.find_model(Purpose::Chat, &mut self.watch, limit, self.hooks).await
    }

    pub fn encoded(&mut self, mut request: ChatRequest) -> Map<String, Value> {
        let client = self.client;
        if let Some(formatted) = &self.formatted {
            formatted.describe(&mut request);
        }
        self.rules = CallRules::new(&request.tools, client.limits.max_tool_calls);
        if speaks_of_tools(&request) {
            self.rules.taken = ids_of_history(&request);
            self.rules.names.rename(&mut request);
            self.choose_way(&mut request);
        }
        self.body_of(request)
    }

    /// Tells of tools in the text of `request` if that is wanted, or known to be the only way.
    fn choose_way(&mut self, request: &mut ChatRequest) {
        let client = self.client;
        let model = self.model.as_deref().unwrap_or(UNKNOWN_MODEL);
        let is_told = client.server.facts().tells_who_takes_tools;
        let mode = request.tools.tool_mode;
        match mode {
            ToolMode::Prompted => tell_in_text(request, model),
            ToolMode::Auto if client.knowledge.lacks_tools(model, is_told) => {
                let offers_any = !request.tools.tools.is_empty();
                tell_in_text(request, model);
                if offers_any {
                    self.warn(in_prompt());
                }
            }
            _ => self.native_tools = Some(Box::new(NativeTools::new(request.clone()))),
        }
    }

    fn body_of(&mut self, request: ChatRequest) -> Map<String, Value> {
        let model = self.model.as_deref().unwrap_or(UNKNOWN_MODEL);
        let mut warnings = Vec::new();
        let mut body = self.client.chat_body(request, model, &mut warnings);
        for warning in warnings {
            self.warn(warning);
        }
        if let Some(formatted) = &self.formatted {
            formatted.ask(&mut body);
        }
        self.adjusted(body)
    }

    /// `body` as this server takes it, as far as that is known.
    fn adjusted(&mut self, mut body: Map<String, Value>) -> Map<String, Value> {
        let client = self.client;
        let model = self.model.as_deref().unwrap_or(UNKNOWN_MODEL);
        let mut changes = client.server.adjust(&mut body);
        changes.extend(client.learnt.apply(model, &mut body));
        for warning in changes {
            self.warn(warning);
        }
        body
    }

    /// Where it goes, for an error.
    fn path(&self) -> &'static str {
        match self.completion.as_ref().map(|way| way.place) {
            None => self.client.dialect().chat_path(),
            Some(Place::Api(path) | Place::Root(path)) => path,
        }
    }

    pub fn warn(&mut self, warning: Warning) {
        // A body is built anew for another way to the format, and the same is changed in it.
        if self.warnings.contains(&warning) {
            return;
        }
        self.sink.event(Event::Warning(&warning));
        self.sink.flush();
        self.warnings.push(warning);
    }

    pub fn model_name(&self) -> &str {
        self.model.as_deref().unwrap_or(UNKNOWN_MODEL)
    }

    /// Whether what `error` says of tools may be mended by another request: the same once more, or one that tells of them
    /// otherwise. It is then what is sent next.
    fn mends_tools(&mut self, error: &Error) -> bool {
        let Some(failure) = error.of_tools.filter(|_| !self.sink.has_handed_out()) else { return false };
        let model = self.model.as_deref().unwrap_or(UNKNOWN_MODEL);
        if let Some(warning) = self.native_tools.as_mut().and_then(|native| native.asks_again(failure)) {
            self.warn(warning);
            return true;
        }
        let Some((request, warning)) =
            self.native_tools.take().and_then(|native| native.other_way(failure, model))
        else {
            return false;
        };
        if failure == ToolFailure::Refused {
            self.client.knowledge.refuses_tools(model);
        }
        self.warn(warning);
        self.body = self.body_of(request);
        self.built = None;
        true
    }

    async fn send(&mut self, headers: HeaderMap, body: Bytes) -> Result<Answer> {
        self.attempts += 1;
        self.first_token = None;
        let client = self.client;
        let address = &client.endpoint.address;
        let url = match &self.completion {
            None => client.chat_url()?,
            Some(way) => client.url_of(way.place)?,
        };
        let request = Request { method: Method::POST, url, headers, body: Some(body) };
        let sent = self.includes_raw.then(|| request.body.clone()).flatten();
        let connected = Connected::default();
        self.watch.connects(connected.clone());
        let mut response =
            self.watch.run(client.http.send(address, request, connected, &mut self.replaced)).await??;
        self.has_answered = true;
        self.watch.waits_for_first_token();
        if !response.status().is_success() {
            // The status is known: its words have a limit of their own, and no clock takes it back.
            self.watch.pause();
        }
        if let Some(error) = self
            .watch
            .run(client.failure_of(&mut response, self.client.endpoint.says_who_is_asking()))
            .await?
        {
            return Err(error);
        }
        let mut answer = self.read(response.limited(client.limits.max_response_bytes)).await?;
        if let (Some(raw), Some(sent)) = (&mut answer.raw, sent) {
            raw.request_body = String::from_utf8_lossy(&sent).into_owned();
        }
        Ok(answer)
    }

    async fn attempt_once(&mut self) -> Result<Answer> {
        // A server that failed, but answers, may know its model by now.
        if self.has_answered
            && self.model.is_none()
            && let Some(model) = self.find_model().await?
        {
            self.body.insert("model".into(), model.as_str().into());
            let changes = self.client.learnt.apply(&model, &mut self.body);
            for warning in changes {
                self.warn(warning);
            }
            self.model = Some(model);
            self.built = None;
        }
        let built = match self.built.take() {
            None => {
                let built = self.watch.run(Built::new(self.client, self.hooks, &self.body)).await??;
                let changed: Option<Map<_, _>> = self
                    .hooks
                    .changes_body()
                    .then(|| serde_json::from_slice(&built.body).unwrap_or_default());
                let body = changed.as_ref().unwrap_or(&self.body);
                let limit = self.client.metadata_limit(self.timeout);
                self.client.check_context(body, &mut self.watch, limit, self.hooks).await?;
                self.prompt = Prompt::new(self.client, body, built.body.clone());
                built
            }
            Some(built) => self.watch.run(built.with_renewed_key(self.client, self.hooks)).await??,
        };
        let (headers, body) = (built.headers.clone(), built.body.clone());
        self.built = Some(built);
        let outcome = self.send(headers, body).await;
        match outcome {
            Err(error) if self.is_hidden(&error) => self.ask_without_stream().await,
            outcome => outcome,
        }
    }

    /// The server has words for `error` that it only tells where nothing is streamed.
    fn is_hidden(&self, error: &Error) -> bool {
        let says_nothing = matches!(error.code, Code::Stream | Code::EmptyCompletion);
        self.client.server.facts().hides_failures && says_nothing && !error.begun
    }

    /// Sends the body once more, for an answer that is not streamed. It is not repeated: it was sent twice.
    async fn ask_without_stream(&mut self) -> Result<Answer> {
        self.warn(Warning::new(
            "not_streamed",
            "The stream ended before it began; the server was asked again, without streaming.",
        ));
        let mut body = self.body.clone();
        self.client.dialect().unstream(&mut body);
        let built = self.watch.run(Built::new(self.client, self.hooks, &body)).await??;
        self.send(built.headers, built.body).await.map_err(|mut error| {
            error.retryable = false;
            error
        })
    }

    async fn read(&mut self, mut response: Response) -> Result<Answer> {
        let status = response.status().as_u16();
        let request_id = request_id(response.headers());
        let limit = self.client.limits.max_event_bytes;
        let mut reading = match &self.completion {
            None => {
                let mut reading = Reading::new(self.client.dialect().decoder(limit), self.rules.clone());
                if self.formatted.as_ref().is_some_and(Formatted::is_json) {
                    reading.expect_json();
                }
                reading
            }
            Some(way) => Reading::of_text((way.decoder)(limit)),
        };
        reading.keep(Keeps::of(&self.body, self.includes_raw));
        let outcome = self.read_to_end(&mut response, &mut reading).await;
        let outcome = match outcome {
            Ok(broken) => reading.finish(broken, &mut self.sink),
            Err(error) => Err(error),
        };
        if outcome.is_ok() {
            response.let_go().await;
        }
        outcome.map_err(|mut error| {
            error.status = error.status.or(Some(status));
            error.request_id = error.request_id.take().or(request_id);
            self.client.server.explain(&mut error, self.client.endpoint.says_who_is_asking());
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
                    return Err(reading.fail(error, &mut self.sink));
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
                Err(error) => return Err(reading.fail(error, &mut self.sink)),
            };
            // A short answer arrives as one: then it is handed on as one, and wakes its consumer once.
            let mut together = if self.first_token.is_none() { READ_TOGETHER } else { 1 };
            loop {
                let Some(bytes) = next else { return Ok(None) };
                reading.push(&bytes, &mut self.sink)?;
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
                next = match response.ready().await {
                    Some(Ok(next)) => next,
                    Some(Err(error)) => return Ok(Some(error)),
                    None => break,
                };
            }
            self.sink.flush();
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "counts of tokens")]
    fn timed(&mut self, mut answer: Answer) -> Answer {
        let milliseconds = |since: Instant| since.duration_since(self.started).as_secs_f64() * 1000.0;
        let total = milliseconds(Instant::now());
        let first_token = self.first_token.map(milliseconds);
        answer.warnings.splice(0..0, std::mem::take(&mut self.warnings));
        let timings = &mut answer.timings;
        timings.total = total;
        timings.first_token = first_token;
        timings.attempts = self.attempts;
        timings.tokens_per_second = timings.tokens_per_second.or_else(|| {
            let generating = (total - first_token?) / 1000.0;
            let tokens = answer.usage?.output_tokens;
            (tokens > 1 && generating > 0.0).then(|| tokens as f64 / generating)
        });
        self.add_spent(&mut answer.usage);
        answer
    }
}

impl<S: Sink> Repeatable for Call<'_, S> {
    type Answer = Answer;

    const NEEDS_MODEL: bool = true;

    async fn attempt(&mut self) -> Result<Answer> {
        loop {
            match self.attempt_once().await {
                Err(error) if self.mends_tools(&error) => {}
                outcome => return outcome,
            }
        }
    }

    fn amend(&mut self, error: &Error) -> bool {
        if self.amend_format(error) {
            return true;
        }
        let model = self.model.as_deref().unwrap_or(UNKNOWN_MODEL);
        let Some(warning) = self.client.learnt.refusal(error, model, &mut self.body) else { return false };
        self.warn(warning);
        self.built = None;
        true
    }

    fn waits(&mut self, wait: Wait<'_>) {
        match wait {
            Wait::Loading => {
                self.sink.event(Event::Progress { phase: Phase::Loading, done: None, total: None });
            }
            Wait::Retry { delay, error } => {
                let error = self.client.finished(error.clone(), self.path());
                self.sink.event(Event::Retry {
                    attempt: self.attempts,
                    delay,
                    error: &error.message,
                    error_type: error.code.as_str(),
                });
            }
        }
        self.sink.flush();
    }

    fn watch(&mut self) -> &mut Watch {
        &mut self.watch
    }
}

/// How many pieces of a body are read at most before its first events are handed on.
const READ_TOGETHER: usize = 64;
