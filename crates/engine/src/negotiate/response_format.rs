//! The ways in which an answer gets the format that was asked for, from the surest to a mere description in the prompt.
//! One that is refused, or heeded by nobody, gives way to the next; what was found out is remembered for the model.

use std::{
    collections::VecDeque,
    hash::{DefaultHasher, Hash, Hasher},
};

use serde_json::{Map, Value};

use super::Learnt;
use crate::{
    error::{Code, Error, truncate},
    servers::{Heed, Server},
    text::format::{Reading, any_object, in_object, may_be_object, plainer},
    types::{JsonSchema, ResponseFormat, ToolChoice, ToolOptions, Warning},
};

/// How a server is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// By fields of its own.
    Constraint,
    JsonSchema,
    /// The same, with fewer references, no words about the schema, and lists that are closed by their length alone.
    PlainerSchema,
    JsonObject,
    /// Not at all: the model is, in words.
    Prompt,
}

impl Way {
    /// The way that a server knows where it knows this one.
    fn known_as(self) -> Self {
        if self == Self::PlainerSchema { Self::JsonSchema } else { self }
    }
}

/// One of the ways, for one format.
#[derive(Debug)]
pub struct Rung {
    way: Way,
    /// What goes into the body.
    pub fields: Map<String, Value>,
    /// Whether the server holds the model to all of the format.
    heed: Heed,
    pub reading: Reading,
    /// The model is told in words, too.
    pub is_described: bool,
}

/// The ways for one format, and which of them is tried.
#[derive(Debug)]
pub struct Ladder {
    rungs: Vec<Rung>,
    at: usize,
    /// Stands for the format.
    key: u64,
    /// A grammar: nobody looks at the answer but the server.
    is_unchecked: bool,
    /// Nothing is tried but words, because of the tools that are offered.
    yields_to_tools: bool,
}

impl Ladder {
    #[must_use]
    pub fn new(format: &ResponseFormat, tools: &ToolOptions, server: &dyn Server) -> Self {
        let facts = server.facts().response_formats;
        let has_tools = !tools.tools.is_empty() && tools.tool_choice != Some(ToolChoice::None);
        let yields_to_tools = has_tools && !facts.beside_tools;
        let mut rungs = if yields_to_tools { Vec::new() } else { ways(format, server) };
        rungs.push(Rung {
            way: Way::Prompt,
            fields: Map::new(),
            heed: Heed::Never,
            reading: Reading::Lenient,
            is_described: true,
        });
        let mut hasher = DefaultHasher::new();
        format!("{format:?}").hash(&mut hasher);
        let is_unchecked = matches!(format, ResponseFormat::Grammar { .. });
        Self { rungs, at: 0, key: hasher.finish(), is_unchecked, yields_to_tools }
    }

    #[must_use]
    pub fn rung(&self) -> &Rung {
        // The last one is never left.
        &self.rungs[self.at.min(self.rungs.len() - 1)]
    }

    #[must_use]
    pub fn yields_to_tools(&self) -> bool {
        self.yields_to_tools
    }

    fn go_on_while(&mut self, is_no_good: impl Fn(&Rung) -> bool) {
        while self.at + 1 < self.rungs.len() && is_no_good(self.rung()) {
            self.at += 1;
        }
    }

    /// What is done now.
    fn told(&self) -> &'static str {
        match self.rung().way {
            Way::Constraint | Way::JsonSchema => "it is sent as a schema",
            Way::PlainerSchema => "the schema is sent in other words",
            Way::JsonObject => "JSON is asked for, with the schema in the prompt, and the answer is checked",
            Way::Prompt if self.is_unchecked => "the grammar is only described in the prompt",
            Way::Prompt => "the format is described in the prompt, and the answer is checked",
        }
    }
}

/// All but the description.
fn ways(format: &ResponseFormat, server: &dyn Server) -> Vec<Rung> {
    let (facts, dialect) = (server.facts().response_formats, server.dialect());
    let rung = |way, heed, fields| {
        (heed != Heed::Never).then_some(Rung {
            way,
            fields,
            heed,
            reading: Reading::Strict,
            is_described: false,
        })
    };
    let own = server.constraint(format).and_then(|fields| rung(Way::Constraint, facts.constraint, fields));
    let schemas = |schema: &JsonSchema, reading| {
        let others = plainer(&schema.schema).map(|other| JsonSchema { schema: other, ..schema.clone() });
        let ways = [Some((Way::JsonSchema, schema.clone())), others.map(|it| (Way::PlainerSchema, it))];
        let is_loose = facts.needs_strict && schema.strict != Some(true);
        let heed = if is_loose { Heed::Unknown } else { facts.json_schema };
        let rungs = ways.into_iter().flatten().filter_map(|(way, schema)| {
            Some(Rung { reading, ..rung(way, heed, dialect.json_schema(schema))? })
        });
        rungs.collect::<Vec<_>>()
    };
    let object = || rung(Way::JsonObject, facts.json_object, dialect.json_object());
    let others = match format {
        ResponseFormat::JsonSchema(schema) => {
            let mut rungs = schemas(schema, Reading::Strict);
            // Of the schema, the server knows nothing then.
            let (heed, reading) = (Heed::Never, Reading::Lenient);
            let any = object().filter(|_| may_be_object(&schema.schema));
            rungs.extend(any.map(|rung| Rung { heed, reading, is_described: true, ..rung }));
            rungs
        }
        ResponseFormat::JsonObject => {
            let any = JsonSchema { name: None, schema: any_object(), strict: None, has_validator: false };
            object().into_iter().chain(schemas(&any, Reading::Strict)).collect()
        }
        ResponseFormat::Regex { .. } | ResponseFormat::Choice { .. } => {
            in_object(format).map(|schema| schemas(&schema, Reading::InObject)).unwrap_or_default()
        }
        ResponseFormat::Grammar { .. } => Vec::new(),
    };
    own.into_iter().chain(others).collect()
}

/// What was found out of one model.
#[derive(Debug, Default)]
pub(super) struct Formats {
    /// Ways that it does not know.
    refused: Vec<Way>,
    /// Ways that it refused for one format.
    unfit: VecDeque<(Way, u64)>,
    /// What answers said of the ways that are heeded, or may be.
    tried: Vec<(Way, Heed, Tried)>,
}

/// How many formats are remembered as unfit for a way.
const MAX_UNFIT: usize = 256;

/// What answers said of a way.
#[derive(Debug, Default)]
struct Tried {
    /// The last one had its format.
    has_fitted: bool,
    /// The formats that the answers since the last that fitted did not have.
    misfits: Vec<u64>,
}

/// So many formats that nobody heeded make a way that nobody heeds. One says less: the model may have failed at it.
const UNHEEDED: usize = 2;

impl Formats {
    fn is_no_good(&self, rung: &Rung, key: u64) -> bool {
        let is_unheeded = |tried: &Tried| tried.misfits.contains(&key) || tried.misfits.len() >= UNHEEDED;
        self.refused.contains(&rung.way.known_as())
            || self.unfit.contains(&(rung.way, key))
            || rung.heed == Heed::Unknown && self.tried(rung).is_some_and(is_unheeded)
    }

    /// Of one way, some servers heed the strict, and perhaps the others.
    fn tried(&self, rung: &Rung) -> Option<&Tried> {
        let is_it = |way: Way, heed: Heed| way == rung.way.known_as() && heed == rung.heed;
        self.tried.iter().find(|(way, heed, _)| is_it(*way, *heed)).map(|(_, _, tried)| tried)
    }

    fn refuse(&mut self, way: Way, key: u64, is_unknown: bool) {
        if is_unknown {
            self.refused.push(way.known_as());
        } else {
            if self.unfit.len() == MAX_UNFIT {
                self.unfit.pop_front();
            }
            self.unfit.push_back((way, key));
        }
    }
}

impl Learnt {
    /// Passes over what is known to be of no use, and says so.
    pub fn begin_format(&self, model: &str, ladder: &mut Ladder) -> Option<Warning> {
        if let Some(known) = self.lock().get(model) {
            let key = ladder.key;
            ladder.go_on_while(|rung| known.formats.is_no_good(rung, key));
        }
        let told = ladder.told();
        let why = match ladder.rung().way {
            Way::PlainerSchema => "The server does not take the schema as it is",
            _ if ladder.yields_to_tools => "While tools are offered, the server holds no answer to a format",
            _ if ladder.at > 0 => "The server does not hold this model's answers to the format",
            Way::Prompt => "The server knows no such format",
            _ => return None,
        };
        Some(Warning::new("response_format", format!("{why}: {told}.")))
    }

    /// If `error` refuses the format: goes on to the next way, remembers it, and says so.
    pub fn refused_format(&self, error: &Error, model: &str, ladder: &mut Ladder) -> Option<Warning> {
        let rung = ladder.rung();
        let refusal = Refusal::of(error, rung)?;
        // What is wrong with a grammar, its author must be told: words would only hide it.
        if ladder.is_unchecked && refusal == Refusal::OfTheFormat {
            return None;
        }
        let (way, key) = (rung.way, ladder.key);
        let mut models = self.lock();
        let known = &mut models.entry(model.to_owned()).or_default().formats;
        known.refuse(way, key, refusal == Refusal::OfTheWay);
        if refusal == Refusal::OfTheFormat && lacks_strictness(&error.message) {
            // In other words, it lacks the same.
            known.refuse(Way::PlainerSchema, key, false);
        }
        ladder.go_on_while(|rung| known.is_no_good(rung, key));
        let mut words = error.message.clone();
        truncate(&mut words, MAX_WORDS);
        let message = format!("The server refuses the format ({words}): {}.", ladder.told());
        Some(Warning::new("response_format", message))
    }

    /// Whether what comes can be handed out before all of it has come.
    #[must_use]
    pub fn is_sure(&self, model: &str, rung: &Rung) -> bool {
        let models = self.lock();
        let has_fitted = models.get(model).and_then(|known| Some(known.formats.tried(rung)?.has_fitted));
        match rung.heed {
            // What comes is not yet the text.
            _ if rung.reading == Reading::InObject => false,
            Heed::Always => has_fitted != Some(false),
            Heed::Unknown => has_fitted == Some(true),
            Heed::Never => false,
        }
    }

    /// An answer had the format that is asked for by this rung of `ladder`, or not.
    pub fn tried_format(&self, model: &str, ladder: &Ladder, has_fitted: bool) {
        let (rung, key) = (ladder.rung(), ladder.key);
        if rung.heed == Heed::Never {
            return;
        }
        let mut models = self.lock();
        let tried = &mut models.entry(model.to_owned()).or_default().formats.tried;
        let (way, heed) = (rung.way.known_as(), rung.heed);
        let at = tried.iter().position(|known| (known.0, known.1) == (way, heed)).unwrap_or_else(|| {
            tried.push((way, heed, Tried::default()));
            tried.len() - 1
        });
        let tried = &mut tried[at].2;
        tried.has_fitted = has_fitted;
        if has_fitted {
            tried.misfits.clear();
        } else if tried.misfits.len() < UNHEEDED && !tried.misfits.contains(&key) {
            tried.misfits.push(key);
        }
    }
}

/// How much of a server's words a warning quotes.
const MAX_WORDS: usize = 300;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refusal {
    /// Whatever the format.
    OfTheWay,
    /// Of this format, or nobody can tell.
    OfTheFormat,
}

impl Refusal {
    fn of(error: &Error, rung: &Rung) -> Option<Self> {
        if error.code != Code::InvalidRequest || !matches!(error.status, Some(400 | 422 | 501)) {
            return None;
        }
        let words = error.message.to_ascii_lowercase();
        let says = |signs: &[&str]| signs.iter().any(|sign| words.contains(sign));
        let is_named = error
            .refusal
            .field
            .as_deref()
            .is_some_and(|field| rung.fields.keys().any(|name| field.starts_with(name.as_str())));
        if rung.fields.is_empty() || !(is_named || says(&SIGNS)) {
            return None;
        }
        let is_of_any = error.refusal.of_any_value || says(&UNKNOWN);
        Some(if is_of_any && !says(&OF_ONE_SCHEMA) { Self::OfTheWay } else { Self::OfTheFormat })
    }
}

/// What a refusal speaks of.
const SIGNS: [&str; 14] = [
    "response_format",
    "response format",
    "json_schema",
    "json_object",
    "json schema",
    "json mode",
    "structured output",
    "structured_outputs",
    "guided_",
    "grammar",
    "schema",
    // Groq's, of what its model wrote.
    "failed to generate json",
    "failed to validate json",
    // Ollama's field, in the words of its parser.
    "chatrequest.format",
];

/// How servers say that they do not know the way at all.
const UNKNOWN: [&str; 9] = [
    "not support",
    "unsupported",
    "unavailable",
    "not available",
    "not allowed",
    "must be",
    "input should be",
    "unknown variant",
    "cannot unmarshal",
];

/// How they say that it is this schema which they do not take.
const OF_ONE_SCHEMA: [&str; 8] = [
    "invalid schema",
    "invalid json schema",
    "schema error",
    "schema contains",
    "grammar error",
    "in context=",
    "unimplemented",
    "$ref",
];

/// How OpenAI and Groq name what a schema that is sent as strict must say of each of its objects.
const OF_STRICTNESS: [&str; 2] = ["additionalproperties", "'required' is required"];

fn lacks_strictness(words: &str) -> bool {
    let words = words.to_ascii_lowercase();
    OF_STRICTNESS.iter().any(|sign| words.contains(sign))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::servers::{Kind, Settings};

    fn format(kind: &str) -> ResponseFormat {
        let schema = json!({ "$schema": "s", "type": "object", "properties": { "a": { "type": "string" } } });
        serde_json::from_value(match kind {
            "json_schema" => json!({ "type": kind, "name": "n", "schema": schema, "strict": true }),
            "loose_schema" => json!({ "type": "json_schema", "schema": schema }),
            "list" => json!({ "type": "json_schema", "schema": { "type": "array" }, "strict": true }),
            "regex" => json!({ "type": kind, "pattern": "a+" }),
            "choice" => json!({ "type": kind, "choices": ["a", "b"] }),
            "grammar" => json!({ "type": kind, "grammar": "root ::= \"a\"" }),
            _ => json!({ "type": "json_object" }),
        })
        .unwrap()
    }

    fn server(name: &str) -> Box<dyn Server> {
        (Kind::named(name).open)(&Settings::default()).unwrap()
    }

    fn ladder(name: &str, kind: &str) -> Ladder {
        Ladder::new(&format(kind), &ToolOptions::default(), &*server(name))
    }

    /// Each way, and whether its text is handed out at once.
    fn ways_of(name: &str, kind: &str) -> Vec<(Way, bool)> {
        let learnt = Learnt::default();
        let ladder = ladder(name, kind);
        ladder.rungs.iter().map(|rung| (rung.way, learnt.is_sure("m", rung))).collect()
    }

    fn refusal(words: &str, field: Option<&str>) -> Error {
        let mut error = Error::new(Code::InvalidRequest, words);
        error.status = Some(400);
        error.refusal.field = field.map(str::to_owned);
        error
    }

    use Way::{Constraint, JsonObject, JsonSchema, PlainerSchema, Prompt};

    #[test]
    fn each_server_is_asked_in_the_ways_that_it_has() {
        for (name, kind, expected) in [
            ("openai", "json_schema", vec![(JsonSchema, true), (PlainerSchema, true), (JsonObject, false)]),
            (
                "openai",
                "loose_schema",
                vec![(JsonSchema, false), (PlainerSchema, false), (JsonObject, false)],
            ),
            ("groq", "json_schema", vec![(JsonSchema, true), (PlainerSchema, true), (JsonObject, false)]),
            ("groq", "loose_schema", vec![(JsonSchema, false), (PlainerSchema, false), (JsonObject, false)]),
            (
                "llama-cpp",
                "loose_schema",
                vec![(JsonSchema, true), (PlainerSchema, true), (JsonObject, false)],
            ),
            ("openai", "json_object", vec![(JsonObject, true), (JsonSchema, false)]),
            ("openai", "list", vec![(JsonSchema, true)]),
            ("openai", "choice", vec![(JsonSchema, false)]),
            ("openai", "grammar", vec![]),
            ("openai-compatible", "json_object", vec![(JsonObject, false), (JsonSchema, false)]),
            ("openai-compatible", "regex", vec![(JsonSchema, false)]),
            ("lm-studio", "json_object", vec![(JsonSchema, true)]),
            ("lm-studio", "json_schema", vec![(JsonSchema, true), (PlainerSchema, true)]),
            ("llama-cpp", "choice", vec![(Constraint, true), (JsonSchema, false)]),
            ("llama-cpp", "regex", vec![(JsonSchema, false)]),
            ("llama-cpp", "grammar", vec![(Constraint, true)]),
            ("localai", "grammar", vec![(Constraint, true)]),
            ("vllm", "regex", vec![(Constraint, true), (JsonSchema, false)]),
            ("vllm", "grammar", vec![(Constraint, true)]),
            ("tgi", "json_schema", vec![(Constraint, true)]),
            ("tgi", "grammar", vec![]),
            ("text-generation-webui", "json_schema", vec![]),
            ("text-generation-webui", "choice", vec![(Constraint, false)]),
            ("ollama", "json_object", vec![(JsonObject, true), (JsonSchema, true)]),
        ] {
            let expected: Vec<_> = expected.into_iter().chain([(Prompt, false)]).collect();
            assert_eq!(ways_of(name, kind), expected, "{name}, {kind}");
        }
    }

    #[test]
    fn each_server_is_told_in_its_own_words() {
        let schema = json!({ "$schema": "s", "type": "object", "properties": { "a": { "type": "string" } } });
        for (name, kind, fields) in [
            (
                "openai",
                "json_schema",
                json!({ "response_format": { "type": "json_schema", "json_schema": { "name": "n", "schema": schema, "strict": true } } }),
            ),
            ("openai", "json_object", json!({ "response_format": { "type": "json_object" } })),
            ("ollama", "json_schema", json!({ "format": schema })),
            ("ollama", "json_object", json!({ "format": "json" })),
            ("llama-cpp", "grammar", json!({ "grammar": "root ::= \"a\"" })),
            ("llama-cpp", "choice", json!({ "grammar": "root ::= \"a\" | \"b\"" })),
            ("text-generation-webui", "grammar", json!({ "grammar_string": "root ::= \"a\"" })),
            ("vllm", "regex", json!({ "structured_outputs": { "regex": "a+" } })),
            ("vllm", "choice", json!({ "structured_outputs": { "choice": ["a", "b"] } })),
            ("tgi", "json_schema", json!({ "response_format": { "type": "json", "value": schema } })),
            ("tgi", "regex", json!({ "response_format": { "type": "regex", "value": "a+" } })),
            ("tgi", "choice", json!({ "response_format": { "type": "regex", "value": "(a|b)" } })),
        ] {
            assert_eq!(Value::from(ladder(name, kind).rung().fields.clone()), fields, "{name}, {kind}");
        }
    }

    #[test]
    fn beside_tools_words_must_do_unless_the_server_knows_both() {
        let offered = |choice: &str, name: &str| {
            let given = format!(r#"{{"tools":[{{"name":"f"}}],"toolChoice":"{choice}"}}"#);
            let tools: ToolOptions = serde_json::from_str(&given).unwrap();
            let mut ladder = Ladder::new(&format("json_schema"), &tools, &*server(name));
            (ladder.rung().way, Learnt::default().begin_format("m", &mut ladder).map(|it| it.message))
        };
        let told = "While tools are offered, the server holds no answer to a format: the format is described in the \
                    prompt, and the answer is checked.";
        assert_eq!(offered("auto", "llama-cpp"), (Prompt, Some(told.into())));
        assert_eq!(offered("none", "llama-cpp"), (JsonSchema, None));
        assert_eq!(offered("auto", "openai"), (JsonSchema, None));
    }

    /// Where the words of servers lead from a schema, and where the next format of the kind begins.
    #[test]
    fn a_refusal_leads_to_the_next_way_and_is_remembered() {
        for (words, field, way, next) in [
            ("This response_format type is unavailable now", None, JsonObject, JsonObject),
            (
                "This model does not support response format `json_schema`. See supported models",
                None,
                JsonObject,
                JsonObject,
            ),
            (
                "Invalid parameter: 'response_format' of type 'json_schema' is not supported with this model.",
                Some("response_format"),
                JsonObject,
                JsonObject,
            ),
            ("'response_format.type' must be 'text' or 'json_object'", None, JsonObject, JsonObject),
            ("Input should be 'text' or 'json_object'", Some("response_format.type"), JsonObject, JsonObject),
            (
                "litellm.UnsupportedParamsError: x does not support parameters: ['response_format'], for model=m",
                None,
                JsonObject,
                JsonObject,
            ),
            (
                "json: cannot unmarshal object into Go struct field ChatRequest.format of type string",
                None,
                JsonObject,
                JsonObject,
            ),
            (
                "Invalid schema for response_format 'n': In context=(), 'additionalProperties' is required to be supplied and to be false.",
                Some("response_format"),
                JsonObject,
                JsonSchema,
            ),
            (
                "Invalid schema for response_format 'n': In context=(), 'required' is required to be supplied and to be an array including every key in properties. Missing 'a'.",
                Some("response_format"),
                JsonObject,
                JsonSchema,
            ),
            (
                "invalid JSON schema for response_format: 'n': /: `additionalProperties:false` must be set on every object",
                None,
                JsonObject,
                JsonSchema,
            ),
            (
                "Failed to validate JSON. Please adjust your prompt. See 'failed_generation' for more details.",
                None,
                PlainerSchema,
                JsonSchema,
            ),
            ("Grammar error: Unimplemented keys: [\"uniqueItems\"]", None, PlainerSchema, JsonSchema),
            (
                "Unable to generate parser for this template. Automatic parser generation failed: JSON schema error at #: unrecognized type wobbly",
                None,
                PlainerSchema,
                JsonSchema,
            ),
        ] {
            let (learnt, mut first) = (Learnt::default(), ladder("openai", "json_schema"));
            let warning = learnt.refused_format(&refusal(words, field), "m", &mut first).unwrap();
            assert_eq!((first.rung().way, warning.code), (way, "response_format"), "{words}");
            assert!(warning.message.contains(words), "{warning:?}");
            let begun = |model, format: &ResponseFormat| {
                let mut ladder = Ladder::new(format, &ToolOptions::default(), &*server("openai"));
                let warning = learnt.begin_format(model, &mut ladder);
                assert_eq!(warning.is_some(), ladder.at > 0);
                ladder.rung().way
            };
            assert_eq!(begun("m", &format("json_schema")), way, "{words}");
            assert_eq!(begun("other", &format("json_schema")), JsonSchema);
            let another =
                serde_json::from_value(json!({ "type": "json_schema", "schema": { "type": "object" } }));
            assert_eq!(begun("m", &another.unwrap()), next, "{words}");
        }
    }

    #[test]
    fn what_refuses_something_else_is_no_refusal_of_the_format() {
        for (words, field) in [
            ("temperature must be <= 2", Some("temperature")),
            ("Unsupported parameter: 'max_tokens'", Some("max_tokens")),
            ("context too long", None),
        ] {
            let mut ladder = ladder("openai", "json_schema");
            assert_eq!(
                Learnt::default().refused_format(&refusal(words, field), "m", &mut ladder),
                None,
                "{words}"
            );
        }
        let mut error = refusal("response_format broke me", None);
        error.status = Some(500);
        assert_eq!(Learnt::default().refused_format(&error, "m", &mut ladder("openai", "json_schema")), None);
        let grammar = refusal("Failed to initialize samplers: failed to parse grammar", None);
        assert_eq!(
            Learnt::default().refused_format(&grammar, "m", &mut ladder("llama-cpp", "grammar")),
            None
        );
        let mut last = ladder("text-generation-webui", "json_schema");
        let words = refusal("response_format is not supported", None);
        assert_eq!(Learnt::default().refused_format(&words, "m", &mut last), None);
    }

    #[test]
    fn an_unknown_server_is_trusted_once_an_answer_has_fitted_and_passed_over_once_one_has_not() {
        let learnt = Learnt::default();
        let asked = ladder("openai-compatible", "json_schema");
        learnt.tried_format("m", &asked, true);
        assert!(learnt.is_sure("m", asked.rung()));
        assert!(!learnt.is_sure("other", asked.rung()));
        learnt.tried_format("m", &asked, false);
        let mut next = ladder("openai-compatible", "json_schema");
        assert_eq!(learnt.begin_format("m", &mut next).unwrap().code, "response_format");
        assert_eq!((next.rung().way, learnt.is_sure("m", next.rung())), (JsonObject, false));

        // One misfit says nothing of another format; two do.
        let other = |name: &str| {
            let format = format!(r#"{{"type":"json_schema","schema":{{"title":"{name}"}}}}"#);
            let kind = Kind::named("openai-compatible");
            let server = (kind.open)(&Settings::default()).unwrap();
            Ladder::new(&serde_json::from_str(&format).unwrap(), &ToolOptions::default(), &*server)
        };
        let (mut second, mut third) = (other("second"), other("third"));
        assert_eq!(learnt.begin_format("m", &mut second), None);
        learnt.tried_format("m", &second, false);
        assert!(learnt.begin_format("m", &mut third).is_some());
        assert_eq!(third.rung().way, JsonObject);

        // What is sent as strict is held to, whatever became of the rest.
        let loose = ladder("openai", "loose_schema");
        learnt.tried_format("m", &loose, true);
        assert!(learnt.is_sure("m", loose.rung()));
        learnt.tried_format("m", &loose, false);
        assert!(!learnt.is_sure("m", loose.rung()));
        assert!(learnt.is_sure("m", ladder("openai", "json_schema").rung()));

        let known = ladder("openai", "json_schema");
        learnt.tried_format("m", &known, false);
        let mut next = ladder("openai", "json_schema");
        assert_eq!(learnt.begin_format("m", &mut next), None);
        assert_eq!((next.rung().way, learnt.is_sure("m", next.rung())), (JsonSchema, false));
    }
}
