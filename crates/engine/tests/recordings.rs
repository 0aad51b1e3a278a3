//! Every recording under `recordings/` means what its `expected.json` says, however its bytes are cut.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a recording that cannot be read is a failed test")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::{self, Debug},
    fs,
    path::{Path, PathBuf},
};

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use local_llm_engine::{
    chat::{CallRules, Keeps, Reading},
    error::{Code, Error, Result},
    protocol::{
        Dialect, DocumentReader,
        embeddings::EmbeddingsReader,
        ollama::{Ollama, PullReader, decode_running, decode_show},
        openai::OpenAi,
        reranking::RankingReader,
    },
    types::{Answer, Arguments, Embeddings, Event, ModelInfo, Ranking, Timings, ToolCall, Usage},
};
use serde::Deserialize;
use serde_json::{Map, Value};

/// Up to this size, a body is cut in two at every byte.
const CUT_EVERYWHERE: usize = 16 * 1024;
/// Up to this size, a body ends at every byte.
const BREAK_EVERYWHERE: usize = 4 * 1024;
const CUTS: usize = 256;

#[test]
fn read_whole() {
    check(|_| vec![Cut::Whole]);
}

#[test]
fn read_byte_by_byte() {
    check(|case| if case.comes_in_pieces() { vec![Cut::Bytes] } else { vec![] });
}

#[test]
fn cut_in_two_anywhere() {
    check(|case| {
        let places = if case.comes_in_pieces() { places(&case.body, CUT_EVERYWHERE) } else { vec![] };
        places.into_iter().map(Cut::At).collect()
    });
}

#[test]
fn broken_off_anywhere() {
    let mut wrong = Vec::new();
    for case in cases().iter().filter(|case| case.comes_in_pieces()) {
        let Some(expected) = &case.expected.answer else { continue };
        let dialect = case.expected.endpoint.dialect();
        for end in [End::Complete, End::Broken] {
            let mut was_complete = false;
            wrong.extend(places(&case.body, BREAK_EVERYWHERE).into_iter().find_map(|place| {
                let outcome = read_pieces(dialect, &[&case.body[..place]], end);
                let difference = difference_of_broken(&outcome, expected, was_complete);
                was_complete |= outcome.result.is_ok();
                let difference = difference?;
                Some(format!("{}, {end:?} after {place} bytes: {difference}", case.name))
            }));
        }
    }
    tell(&wrong);
}

/// What ends before its finish reason is an error that holds what had come, and nothing that had not; after it, what
/// was said stands.
fn difference_of_broken(outcome: &Outcome, whole: &ExpectedAnswer, was_complete: bool) -> Option<String> {
    match &outcome.result {
        Ok(Meaning::Answer(answer))
            if answer.content == whole.text
                && answer.reasoning == whole.reasoning
                && differences_of_calls(&answer.tool_calls, &whole.tool_calls).is_empty() =>
        {
            None
        }
        Ok(_) => Some("a success".into()),
        Err(error) if was_complete => Some(format!("an error after the answer was complete: {error}")),
        Err(error) => {
            let partial = error.partial.clone().unwrap_or_default();
            let is_class = matches!(error.code, Code::Stream | Code::EmptyCompletion);
            let is_part =
                whole.text.starts_with(&partial.content) && whole.reasoning.starts_with(&partial.reasoning);
            let was_told = partial.content == outcome.text
                && partial.reasoning == outcome.reasoning
                && partial.tool_calls.starts_with(&outcome.tool_calls);
            let are_parts = partial.tool_calls.len() <= whole.tool_calls.len()
                && partial
                    .tool_calls
                    .iter()
                    .zip(&whole.tool_calls)
                    .all(|(call, whole)| is_part_of(call, whole));
            let fits = is_class && are_parts && (whole.events_differ.is_some() || is_part && was_told);
            (!fits).then(|| format!("{error}; {partial:?}"))
        }
    }
}

/// A call that is not whole is never one that can be used.
fn is_part_of(call: &ToolCall, whole: &ExpectedCall) -> bool {
    let is_cut = matches!(&call.arguments, Arguments::Invalid { invalid } if invalid.starts_with("cut off"));
    whole.difference(call).is_none() || is_cut && whole.name.starts_with(&call.name)
}

#[test]
fn every_server_has_recordings() {
    let mut servers = BTreeMap::<_, usize>::new();
    for case in cases() {
        *servers.entry(case.server().to_owned()).or_default() += 1;
    }
    println!("{servers:?}");
    let known = [
        "groq",
        "litellm",
        "llama.cpp",
        "lmstudio",
        "localai",
        "ollama",
        "openai",
        "openrouter",
        "tgi",
        "tgw",
        "transformers-serve",
        "vllm",
    ];
    assert_eq!(servers.keys().collect::<Vec<_>>(), known);
}

/// Reads every case with each of its cuts, and tells of all that are read wrong, each once.
fn check(cuts: impl Fn(&Case) -> Vec<Cut>) {
    let wrong: Vec<_> = cases()
        .iter()
        .filter_map(|case| {
            cuts(case).into_iter().find_map(|cut| {
                let differences = case.differences(&case.read(cut));
                (!differences.is_empty())
                    .then(|| format!("{}, {cut}:\n    {}", case.name, differences.join("\n    ")))
            })
        })
        .collect();
    tell(&wrong);
}

fn tell(wrong: &[String]) {
    let first = &wrong[..wrong.len().min(100)];
    assert!(wrong.is_empty(), "{} are read wrong, among them:\n{}", wrong.len(), first.join("\n"));
}

/// In which pieces a body arrives.
#[derive(Clone, Copy)]
enum Cut {
    Whole,
    Bytes,
    At(usize),
}

impl Cut {
    fn pieces(self, body: &[u8]) -> Vec<&[u8]> {
        match self {
            Self::Whole => vec![body],
            Self::Bytes => body.chunks(1).collect(),
            Self::At(place) => vec![&body[..place], &body[place..]],
        }
    }
}

impl fmt::Display for Cut {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole => formatter.write_str("whole"),
            Self::Bytes => formatter.write_str("byte by byte"),
            Self::At(place) => write!(formatter, "cut before byte {place}"),
        }
    }
}

/// Where a body is cut in two: `everywhere` up to that size, else at about [`CUTS`] bytes and around all line ends.
fn places(body: &[u8], everywhere: usize) -> Vec<usize> {
    let inside = 1..body.len();
    if body.len() <= everywhere {
        return inside.collect();
    }
    let line_ends = (0..body.len()).filter(|&byte| body[byte] == b'\n').flat_map(|end| [end, end + 1]);
    let places: BTreeSet<_> = inside.clone().step_by(body.len() / CUTS).chain(line_ends).collect();
    places.into_iter().filter(|place| inside.contains(place)).collect()
}

struct Case {
    name: String,
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
    expected: Expected,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Expected {
    #[serde(rename = "about")]
    _about: String,
    endpoint: Endpoint,
    answer: Option<ExpectedAnswer>,
    error: Option<ExpectedError>,
    models: Option<Vec<ExpectedModel>>,
    embeddings: Option<ExpectedEmbeddings>,
    ranking: Option<Ranking>,
    end: End,
}

/// What was asked, and with it in which dialect.
#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "kebab-case")]
enum Endpoint {
    Chat,
    Models,
    ApiChat,
    ApiGenerate,
    Tags,
    Ps,
    Show,
    /// What a server says of itself or of a command: a failure is read here, a success by the tests of its server.
    Server,
    Pull,
    /// Of all dialects: what came tells its form.
    Embeddings,
    Rerank,
}

impl Endpoint {
    fn dialect(self) -> &'static dyn Dialect {
        match self {
            Self::Chat | Self::Models | Self::Server | Self::Embeddings | Self::Rerank => &OpenAi,
            Self::ApiChat | Self::ApiGenerate | Self::Tags | Self::Ps | Self::Show | Self::Pull => &Ollama,
        }
    }

    fn is_chat(self) -> bool {
        matches!(self, Self::Chat | Self::ApiChat | Self::ApiGenerate)
    }
}

#[derive(Deserialize, Debug, Clone, Copy)]
#[serde(rename_all = "snake_case")]
enum End {
    Complete,
    Broken,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ExpectedAnswer {
    text: String,
    #[serde(default)]
    reasoning: String,
    #[serde(default)]
    tool_calls: Vec<ExpectedCall>,
    finish: String,
    usage: Option<ExpectedUsage>,
    timings: Option<ExpectedTimings>,
    provider_data: Option<Map<String, Value>>,
    /// Each token, its logprob, and how many alternatives are told.
    #[serde(default)]
    logprobs: Vec<(String, f64, usize)>,
    id: Option<String>,
    model: Option<String>,
    events_differ: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExpectedCall {
    name: String,
    id: Option<String>,
    arguments: Option<Map<String, Value>>,
    #[serde(default)]
    repaired: bool,
    invalid: Option<String>,
    raw: Option<String>,
}

impl ExpectedCall {
    fn difference(&self, got: &ToolCall) -> Option<String> {
        let is_as_expected = match &got.arguments {
            Arguments::Read { arguments, repaired } => {
                self.arguments.as_ref() == Some(arguments) && self.repaired == *repaired
            }
            Arguments::Invalid { invalid } => {
                self.invalid.as_ref().is_some_and(|words| invalid.contains(words))
            }
        };
        let is_same = got.name == self.name
            && self.id.as_ref().map_or(!got.id.is_empty(), |id| *id == got.id)
            && self.raw.as_ref().is_none_or(|raw| *raw == got.raw_arguments);
        (!is_same || !is_as_expected).then(|| format!("a tool call is {got:?}, of {}", self.name))
    }
}

fn differences_of_calls(got: &[ToolCall], expected: &[ExpectedCall]) -> Vec<String> {
    if got.len() != expected.len() {
        return vec![format!("tool calls are {got:?}, not {}", expected.len())];
    }
    let ids: BTreeSet<_> = got.iter().map(|call| &call.id).collect();
    let doubled = (ids.len() < got.len()).then(|| "ids of tool calls are doubled".to_owned());
    got.iter().zip(expected).filter_map(|(got, expected)| expected.difference(got)).chain(doubled).collect()
}

#[derive(Deserialize, Debug, PartialEq)]
#[serde(deny_unknown_fields)]
struct ExpectedUsage {
    input: u64,
    output: u64,
    total: u64,
    reasoning: Option<u64>,
    cached: Option<u64>,
    cost: Option<f64>,
}

impl ExpectedUsage {
    fn of(usage: Usage) -> Self {
        Self {
            input: usage.input_tokens,
            output: usage.output_tokens,
            total: usage.total_tokens,
            reasoning: usage.reasoning_tokens,
            cached: usage.cached_input_tokens,
            cost: usage.cost,
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ExpectedTimings {
    prompt: f64,
    generation: f64,
    tokens_per_second: f64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ExpectedError {
    code: String,
    words: Option<Words>,
    status: Option<u16>,
    #[serde(default)]
    partial: String,
    #[serde(default)]
    partial_reasoning: String,
    prompt_tokens: Option<u64>,
    context_length: Option<u64>,
    retry_after: Option<u64>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Words {
    One(String),
    Several(Vec<String>),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ExpectedModel {
    name: String,
    context_length: Option<u64>,
    max_output_tokens: Option<u64>,
    loaded: Option<bool>,
    chat: Option<bool>,
    embedding: Option<bool>,
    tools: Option<bool>,
    vision: Option<bool>,
    reasoning: Option<bool>,
    size_bytes: Option<u64>,
    quantization: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExpectedEmbeddings {
    vectors: Vec<ExpectedVector>,
    usage: Option<ExpectedUsage>,
    #[serde(default)]
    model: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExpectedVector {
    length: usize,
    starts: Vec<f32>,
    ends: Vec<f32>,
}

/// What came out of a body.
struct Outcome {
    /// As the events told it.
    text: String,
    reasoning: String,
    tool_calls: Vec<ToolCall>,
    result: Result<Meaning>,
}

enum Meaning {
    Answer(Box<Answer>),
    Models(Vec<ModelInfo>),
    Embeddings(Embeddings),
    Ranking(Ranking),
    Server,
}

impl Case {
    fn load(server: &Path, folder: &Path) -> Self {
        let name = format!("{}/{}", file_name(server), file_name(folder));
        let read =
            |file: &str| fs::read(folder.join(file)).unwrap_or_else(|error| panic!("{name}/{file}: {error}"));
        let (status, headers) = head(&String::from_utf8(read("response.headers")).unwrap());
        let expected = serde_json::from_slice(&read("expected.json"))
            .unwrap_or_else(|error| panic!("{name}/expected.json: {error}"));
        Self { status, headers, body: read("response.body"), expected, name }
    }

    fn server(&self) -> &str {
        self.name.split('/').next().unwrap_or_default()
    }

    /// Else the engine has the whole body before it reads.
    fn comes_in_pieces(&self) -> bool {
        let Expected { endpoint, .. } = &self.expected;
        (endpoint.is_chat() || matches!(endpoint, Endpoint::Embeddings)) && self.status.is_success()
    }

    fn read(&self, cut: Cut) -> Outcome {
        let Expected { endpoint, models, end, .. } = &self.expected;
        let dialect = endpoint.dialect();
        let models = match endpoint {
            _ if !self.status.is_success() => {
                Err(dialect.decode_failure(self.status, &self.headers, &self.body))
            }
            Endpoint::Chat | Endpoint::ApiChat | Endpoint::ApiGenerate => {
                return read_pieces(dialect, &cut.pieces(&self.body), *end);
            }
            Endpoint::Models | Endpoint::Tags => dialect.decode_models(&self.body),
            Endpoint::Server => return Outcome::of(Ok(Meaning::Server)),
            Endpoint::Embeddings => {
                let count = self.expected.embeddings.as_ref().map_or(0, |it| it.vectors.len());
                let read = read_document(EmbeddingsReader::new(count), &cut.pieces(&self.body));
                return Outcome::of(read.map(Meaning::Embeddings));
            }
            Endpoint::Rerank => {
                let read = read_document(RankingReader::new(MANY, usize::MAX), &cut.pieces(&self.body));
                return Outcome::of(read.map(Meaning::Ranking));
            }
            Endpoint::Ps => decode_running(&self.body),
            Endpoint::Pull => {
                let mut reader = PullReader::default();
                let read = reader.push(&self.body, &mut |_| {});
                read.and_then(|()| reader.finish(&mut |_| {})).map(|()| Vec::new())
            }
            Endpoint::Show => {
                let asked = models.as_ref().and_then(|models| models.first()).map(|model| &*model.name);
                decode_show(asked.unwrap_or_default(), &self.body).map(|model| vec![model])
            }
        };
        Outcome::of(models.map(Meaning::Models))
    }

    /// What is not as expected.
    fn differences(&self, outcome: &Outcome) -> Vec<String> {
        let mut differences = Differences::default();
        let Expected { answer, error, models, embeddings, ranking, .. } = &self.expected;
        match (&outcome.result, answer, error, models) {
            (Ok(Meaning::Answer(answer)), Some(expected), None, None) => {
                differences.answer(answer, expected);
                differences.see("tool calls of the events", &outcome.tool_calls, &answer.tool_calls);
                if expected.events_differ.is_none() {
                    differences.see("text of the events", &outcome.text, &expected.text);
                    differences.see("reasoning of the events", &outcome.reasoning, &expected.reasoning);
                }
            }
            (Err(error), None, Some(expected), None) => {
                differences.error(error, expected);
                differences.see("text of the events", &outcome.text, &expected.partial);
                differences.see("reasoning of the events", &outcome.reasoning, &expected.partial_reasoning);
            }
            (Ok(Meaning::Models(models)), None, None, Some(expected)) => differences.models(models, expected),
            (Ok(Meaning::Server), None, None, None) => {}
            (Ok(Meaning::Embeddings(got)), None, None, None) => match embeddings {
                Some(expected) => differences.embeddings(got, expected),
                None => differences.0.push("embeddings that nobody expects".into()),
            },
            (Ok(Meaning::Ranking(got)), None, None, None) => {
                differences.see("ranking", &Some(got), &ranking.as_ref());
            }
            (Ok(_), ..) => differences.0.push("an answer of another kind".into()),
            (Err(error), ..) => differences.0.push(format!("an error that is none: {error}")),
        }
        differences.0
    }
}

impl Outcome {
    fn of(result: Result<Meaning>) -> Self {
        Self { text: String::new(), reasoning: String::new(), tool_calls: Vec::new(), result }
    }
}

/// More documents than any recording ranks.
const MANY: usize = 100;

fn read_document<R: DocumentReader>(mut reader: R, pieces: &[&[u8]]) -> Result<R::Document> {
    pieces.iter().try_for_each(|piece| reader.push(piece))?;
    reader.finish()
}

/// Reads a chat as its bytes arrive.
fn read_pieces(dialect: &dyn Dialect, pieces: &[&[u8]], end: End) -> Outcome {
    let (mut text, mut reasoning, mut tool_calls) = (String::new(), String::new(), Vec::new());
    let mut events = |event: Event<'_>| match event {
        Event::Message(piece) => text.push_str(piece),
        Event::Reasoning(piece) => reasoning.push_str(piece),
        Event::ToolCall(call) => tool_calls.push(call.clone()),
        _ => {}
    };
    let broken = match end {
        End::Complete => None,
        End::Broken => Some(Error::new(Code::Stream, "The connection broke")),
    };
    let mut reading = Reading::new(dialect.decoder(usize::MAX), CallRules::default());
    reading.keep(Keeps { logprobs: Some(usize::MAX), last_frame: false });
    let result = pieces
        .iter()
        .try_for_each(|piece| reading.push(piece, &mut events))
        .and_then(|()| reading.finish(broken, &mut events))
        .map(|answer| Meaning::Answer(Box::new(answer)));
    Outcome { text, reasoning, tool_calls, result }
}

#[derive(Default)]
struct Differences(Vec<String>);

impl Differences {
    fn see<T: Debug + PartialEq + ?Sized>(&mut self, what: &str, got: &T, expected: &T) {
        if got != expected {
            self.0.push(format!("{what} is {got:?}, not {expected:?}"));
        }
    }

    /// Only where something is expected.
    fn see_told<T: Debug + PartialEq>(&mut self, what: &str, got: Option<&T>, expected: Option<&T>) {
        if expected.is_some() {
            self.see(what, &got, &expected);
        }
    }

    fn answer(&mut self, got: &Answer, expected: &ExpectedAnswer) {
        self.see("content", &got.content, &expected.text);
        self.see("reasoning", &got.reasoning, &expected.reasoning);
        self.0.extend(differences_of_calls(&got.tool_calls, &expected.tool_calls));
        self.see("finish reason", &word(&got.finish_reason), &expected.finish);
        self.see("usage", &got.usage.map(ExpectedUsage::of), &expected.usage);
        if let Some(expected) = &expected.timings {
            self.timings(&got.timings, expected);
        }
        let data = got.message.as_ref().map(|message| &message.provider_data);
        self.see("provider data", &data, &expected.provider_data.as_ref());
        let logprobs = got.logprobs.iter().flatten();
        let logprobs = logprobs.map(|it| (it.token.clone(), it.logprob, it.top.len()));
        self.see("logprobs", &logprobs.collect(), &expected.logprobs);
        self.see_told("id", Some(&got.id), expected.id.as_ref());
        self.see_told("model", Some(&got.model), expected.model.as_ref());
    }

    fn embeddings(&mut self, got: &Embeddings, expected: &ExpectedEmbeddings) {
        self.see("count", &got.count, &expected.vectors.len());
        self.see("usage", &got.usage.map(ExpectedUsage::of), &expected.usage);
        self.see("model", &got.model, &expected.model);
        for (vector, expected) in got.numbers.chunks(got.width()).zip(&expected.vectors) {
            self.see("length", &vector.len(), &expected.length);
            let ends = &vector[vector.len() - expected.ends.len()..];
            for (got, expected) in vector.iter().zip(&expected.starts).chain(ends.iter().zip(&expected.ends))
            {
                // What reads the expectation may be wrong in the last digit.
                if (got - expected).abs() > f32::EPSILON * expected.abs() {
                    self.0.push(format!("a number is {got}, not {expected}"));
                }
            }
        }
    }

    fn timings(&mut self, got: &Timings, expected: &ExpectedTimings) {
        for (what, got, expected) in [
            ("server's prompt time", got.server_prompt, expected.prompt),
            ("server's generation time", got.server_generation, expected.generation),
            ("tokens per second", got.tokens_per_second, expected.tokens_per_second),
        ] {
            if got.is_none_or(|got| (got - expected).abs() > 0.001) {
                self.0.push(format!("{what} is {got:?}, not {expected}"));
            }
        }
    }

    fn error(&mut self, got: &Error, expected: &ExpectedError) {
        self.see("code", got.code.as_str(), expected.code.as_str());
        let words = match &expected.words {
            None => &[][..],
            Some(Words::One(words)) => std::slice::from_ref(words),
            Some(Words::Several(words)) => words,
        };
        for words in words.iter().filter(|words| !got.message.contains(*words)) {
            self.0.push(format!("message {:?} lacks {words:?}", got.message));
        }
        self.see_told("status", got.status.as_ref(), expected.status.as_ref());
        let partial = got.partial.clone().unwrap_or_default();
        self.see("partial", &partial.content, &expected.partial);
        self.see("reasoning of the partial", &partial.reasoning, &expected.partial_reasoning);
        self.see_told("prompt tokens", got.prompt_tokens.as_ref(), expected.prompt_tokens.as_ref());
        self.see_told("context length", got.context_length.as_ref(), expected.context_length.as_ref());
        self.see_told("retry after", got.retry_after.as_ref(), expected.retry_after.as_ref());
    }

    fn models(&mut self, got: &[ModelInfo], expected: &[ExpectedModel]) {
        let names = |models: &[ModelInfo]| models.iter().map(|model| model.name.clone()).collect::<Vec<_>>();
        self.see("names", &names(got), &expected.iter().map(|model| model.name.clone()).collect());
        for (got, expected) in got.iter().zip(expected) {
            let of = |what: &str| format!("{what} of {}", expected.name);
            self.see_told(
                &of("context length"),
                got.context_length.as_ref(),
                expected.context_length.as_ref(),
            );
            let (max_output, capabilities) = (got.max_output_tokens.as_ref(), &got.capabilities);
            self.see_told(&of("longest answer"), max_output, expected.max_output_tokens.as_ref());
            self.see_told(&of("tools"), capabilities.tools.as_ref(), expected.tools.as_ref());
            self.see_told(&of("vision"), capabilities.vision.as_ref(), expected.vision.as_ref());
            self.see_told(&of("reasoning"), capabilities.reasoning.as_ref(), expected.reasoning.as_ref());
            self.see_told(&of("loaded"), got.loaded.as_ref(), expected.loaded.as_ref());
            let capabilities = &got.capabilities;
            self.see_told(&of("chat"), Some(&capabilities.chat), expected.chat.as_ref());
            self.see_told(&of("embedding"), Some(&capabilities.embedding), expected.embedding.as_ref());
            self.see_told(&of("tools"), capabilities.tools.as_ref(), expected.tools.as_ref());
            self.see_told(&of("vision"), capabilities.vision.as_ref(), expected.vision.as_ref());
            self.see_told(&of("reasoning"), capabilities.reasoning.as_ref(), expected.reasoning.as_ref());
            self.see_told(&of("size"), got.size_bytes.as_ref(), expected.size_bytes.as_ref());
            self.see_told(&of("quantization"), got.quantization.as_ref(), expected.quantization.as_ref());
        }
    }
}

/// All of them, in a stable order.
fn cases() -> Vec<Case> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recordings");
    let cases: Vec<_> = folders(&root)
        .iter()
        .flat_map(|server| folders(server).into_iter().map(|folder| Case::load(server, &folder)))
        .collect();
    assert!(!cases.is_empty(), "no recording in {}", root.display());
    cases
}

fn folders(within: &Path) -> Vec<PathBuf> {
    let mut folders: Vec<_> = fs::read_dir(within)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    folders.sort();
    folders
}

fn file_name(path: &Path) -> &str {
    path.file_name().and_then(|name| name.to_str()).unwrap()
}

/// Status and headers, from a head as it stood on the wire.
fn head(head: &str) -> (StatusCode, HeaderMap) {
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).unwrap().parse().unwrap();
    let headers = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| {
            (name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value.trim()).unwrap())
        })
        .collect();
    (status, headers)
}

/// A unit variant as it is written for callers.
fn word(variant: &impl serde::Serialize) -> String {
    serde_json::to_value(variant).unwrap().as_str().unwrap().to_owned()
}
