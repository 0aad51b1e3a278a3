//! What is done about each field that a server may refuse.

use serde_json::{Map, Value, json};

use crate::{error::Error, types::Warning};

/// One line a field. What is not here is never touched, and its refusal is the caller's error: without its messages, its
/// tools or its documents, it would be another request.
pub static REMEDIES: &[Remedy] = &[
    Remedy::LeaveOutOurs("stream_options", || json!({ "include_usage": true })),
    Remedy::Unstream,
    Remedy::LeaveOutOurs("return_progress", || json!(true)),
    Remedy::LeaveOutOurs("encoding_format", || json!("base64")),
    // What the package sees to itself.
    Remedy::Enforce("tool_choice"),
    Remedy::Enforce("parallel_tool_calls"),
    // What reasoning models refuse, and what not every server knows.
    // <https://platform.openai.com/docs/guides/reasoning>
    Remedy::LeaveOut("temperature"),
    Remedy::LeaveOut("top_p"),
    Remedy::LeaveOut("top_k"),
    Remedy::LeaveOut("min_p"),
    Remedy::LeaveOut("seed"),
    Remedy::LeaveOut("stop"),
    Remedy::LeaveOut("frequency_penalty"),
    Remedy::LeaveOut("presence_penalty"),
    Remedy::LeaveOut("repetition_penalty"),
    Remedy::LeaveOut("logit_bias"),
    // What `extraBody` says of how a token is drawn, and of what costs time only.
    Remedy::LeaveOut("typical_p"),
    Remedy::LeaveOut("top_a"),
    Remedy::LeaveOut("tfs"),
    Remedy::LeaveOut("top_n_sigma"),
    Remedy::LeaveOut("repeat_penalty"),
    Remedy::LeaveOut("repeat_last_n"),
    Remedy::LeaveOut("length_penalty"),
    Remedy::LeaveOut("mirostat"),
    Remedy::LeaveOut("mirostat_tau"),
    Remedy::LeaveOut("mirostat_eta"),
    Remedy::LeaveOut("dry_multiplier"),
    Remedy::LeaveOut("dry_base"),
    Remedy::LeaveOut("dry_allowed_length"),
    Remedy::LeaveOut("dry_penalty_last_n"),
    Remedy::LeaveOut("dry_sequence_breakers"),
    Remedy::LeaveOut("xtc_probability"),
    Remedy::LeaveOut("xtc_threshold"),
    Remedy::LeaveOut("samplers"),
    Remedy::LeaveOut("cache_prompt"),
    Remedy::LeaveOut("prompt_cache_key"),
    Remedy::LeaveOut("id_slot"),
    Remedy::LeaveOut("timings_per_token"),
    Remedy::LeaveOut("service_tier"),
    Remedy::LeaveOutWith { field: "logprobs", also: "top_logprobs" },
    Remedy::LeaveOut("top_logprobs"),
    Remedy::LeaveOut("user"),
    // How to reason, where the field itself is unknown.
    Remedy::LeaveOut("reasoning"),
    Remedy::LeaveOut("think"),
    Remedy::LeaveOut("enable_thinking"),
    Remedy::LeaveOut("chat_template_kwargs"),
    Remedy::Rename { from: "max_tokens", to: "max_completion_tokens" },
    Remedy::Rename { from: "max_completion_tokens", to: "max_tokens" },
    Remedy::RenameRole { from: "system", to: "developer" },
    Remedy::RenameRole { from: "developer", to: "system" },
];

#[derive(Debug)]
pub enum Remedy {
    LeaveOut(&'static str),
    /// What would be refused without it goes along.
    LeaveOutWith {
        field: &'static str,
        also: &'static str,
    },
    /// What the package adds by itself, and how: what the user set in its place is never left out.
    LeaveOutOurs(&'static str, fn() -> Value),
    /// Some accounts may not stream some models.
    Unstream,
    /// What the user set is left out, and seen to by the package. A choice of tools is made by what is offered.
    Enforce(&'static str),
    Rename {
        from: &'static str,
        to: &'static str,
    },
    /// Of the messages that have it.
    RenameRole {
        from: &'static str,
        to: &'static str,
    },
}

impl Remedy {
    /// Changes `body`, if there is anything to change.
    pub fn apply(&self, body: &mut Map<String, Value>) -> bool {
        match *self {
            Self::LeaveOut(field) => body.remove(field).is_some(),
            Self::LeaveOutWith { field, also } => {
                body.remove(also);
                body.remove(field).is_some()
            }
            Self::LeaveOutOurs(field, ours) => {
                body.get(field) == Some(&ours()) && body.remove(field).is_some()
            }
            Self::Unstream => {
                body.remove("stream_options");
                body.insert("stream".into(), false.into()) == Some(true.into())
            }
            Self::Enforce(field) => {
                let value = body.remove(field);
                if let Some(choice) = value.as_ref().filter(|_| field == "tool_choice") {
                    choose(choice, body);
                }
                value.is_some()
            }
            Self::Rename { from, to } => {
                let Some(value) = body.remove(from) else { return false };
                body.entry(to).or_insert(value);
                true
            }
            Self::RenameRole { from, to } => {
                let messages = body.get_mut("messages").and_then(Value::as_array_mut);
                let roles = messages.into_iter().flatten().filter_map(|message| message.get_mut("role"));
                let refused: Vec<_> = roles.filter(|role| **role == from).collect();
                let is_any = !refused.is_empty();
                for role in refused {
                    *role = to.into();
                }
                is_any
            }
        }
    }

    /// Where `error` names what this remedy is for, if it refuses that and `body` has it.
    pub fn refused_at(&self, error: &Error, body: &Map<String, Value>) -> Option<usize> {
        let words = error.message.as_str();
        // Some servers write "None" for no field.
        let path = error.refusal.field.as_deref().filter(|path| body.contains_key(top(path)));
        match *self {
            // It costs the user nothing, so however it is refused.
            Self::LeaveOutOurs(field, ours) => {
                let is_named = path.map(top) == Some(field) || words.contains(field);
                (is_named && body.get(field) == Some(&ours())).then_some(0)
            }
            Self::Unstream => {
                let is_refused = error.refusal.of_any_value && path == Some("stream");
                (is_refused && body.get("stream") == Some(&true.into())).then_some(0)
            }
            Self::Enforce(field) => {
                let is_named = path.map(top) == Some(field) || words.contains(field);
                (is_named && body.contains_key(field)).then_some(0)
            }
            Self::LeaveOut(field) | Self::LeaveOutWith { field, .. } | Self::Rename { from: field, .. } => {
                if !error.refusal.of_any_value || !body.contains_key(field) {
                    return None;
                }
                match path {
                    Some(path) => (top(path) == field).then_some(0),
                    None => word_in(words, field)
                        .filter(|at| !ENGLISH.contains(&field) || is_name_at(words, field, *at))
                        .or_else(|| word_in(words, &in_camel_case(field)?)),
                }
            }
            Self::RenameRole { from, .. } => {
                if !error.refusal.of_any_value && !UNKNOWN_ROLE.iter().any(|start| words.contains(start)) {
                    return None;
                }
                match path.or(Some(words)).and_then(message_in) {
                    Some(at) => (body.get("messages")?.get(at)?.get("role")? == from).then_some(0),
                    // What is quoted first is what is refused; without quotes, it is said of the model, and another
                    // name would not help.
                    None if path.is_none() => {
                        let quote = words.find(QUOTES)?;
                        words[quote + 1..].strip_prefix(from)?.starts_with(QUOTES).then_some(quote)
                    }
                    None => None,
                }
            }
        }
    }

    /// The field that is left out or renamed, if it is one.
    pub fn field(&self) -> Option<&'static str> {
        match *self {
            Self::LeaveOut(field)
            | Self::LeaveOutWith { field, .. }
            | Self::LeaveOutOurs(field, _)
            | Self::Enforce(field)
            | Self::Rename { from: field, .. } => Some(field),
            Self::Unstream | Self::RenameRole { .. } => None,
        }
    }

    /// Whether `other` would bring back what this remedy took away.
    pub fn undoes(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Rename { from, .. }, Self::Rename { to, .. })
            | (Self::RenameRole { from, .. }, Self::RenameRole { to, .. }) => from == to,
            _ => false,
        }
    }

    pub fn warning(&self) -> Warning {
        let message = match self {
            Self::Unstream => {
                let message = "The server refuses to stream this model's answers; they come as a whole.";
                return Warning::new("not_streamed", message);
            }
            Self::LeaveOut(field)
            | Self::LeaveOutWith { field, .. }
            | Self::LeaveOutOurs(field, _)
            | Self::Enforce(field) => {
                format!("The server refuses `{field}`; it is left out.")
            }
            Self::Rename { from, to } => format!("The server refuses `{from}`; it is sent as `{to}`."),
            Self::RenameRole { from, to } => {
                format!("The server refuses the role `{from}`; it is sent as `{to}`.")
            }
        };
        Warning::new("refused_field", message)
    }

    /// What the user did not set, or the package sees to itself, nobody misses.
    pub fn told_each_time(&self) -> Option<Warning> {
        (!matches!(self, Self::LeaveOutOurs(..) | Self::Enforce(_))).then(|| self.warning())
    }
}

/// Makes a choice of tools by what is offered.
fn choose(choice: &Value, body: &mut Map<String, Value>) {
    if choice == "none" {
        body.remove("tools");
    } else if let Some(name) = choice.pointer("/function/name")
        && let Some(Value::Array(tools)) = body.get_mut("tools")
    {
        tools.retain(|tool| tool.pointer("/function/name") == Some(name));
    }
}

/// How servers say that they know no such role, beside what they say of any field.
const UNKNOWN_ROLE: [&str; 4] =
    ["Invalid value", "Input should be", "Invalid discriminator value", "unknown variant"];

const QUOTES: [char; 3] = ['\'', '"', '`'];

/// The field of the request itself: `messages` of `messages[0].role`.
pub fn top(path: &str) -> &str {
    path.split(['.', '[']).next().unwrap_or_default()
}

/// Which message `messages[0].role`, or `messages.0.role`, speaks of.
fn message_in(words: &str) -> Option<usize> {
    let start = words.find("messages")? + "messages".len();
    let path = words[start..].split([' ', '\'', '"', '`']).next()?;
    let path = path.trim_end_matches(|end: char| !end.is_alphanumeric()).strip_suffix("role")?;
    let digits = path.trim_start_matches(|start: char| !start.is_ascii_digit());
    digits.split(|end: char| !end.is_ascii_digit()).next()?.parse().ok()
}

/// Fields whose names are words that a sentence may hold.
const ENGLISH: [&str; 5] = ["stop", "seed", "user", "think", "reasoning"];

/// Whether the word at this place is the name of a field: it begins the words, is marked as a name, or follows what is told.
fn is_name_at(words: &str, word: &str, at: usize) -> bool {
    const BEFORE: [&str; 5] = [": ", "parameter ", "argument ", "field ", "option "];
    let (before, after) = (&words[..at], &words[at + word.len()..]);
    at == 0
        || before.ends_with(QUOTES)
        || before.ends_with(['[', '.'])
        || BEFORE.iter().any(|known| before.ends_with(known))
        || after.starts_with('=')
}

/// Whether `error` refuses `field` only beside another that `body` has: `logprobs is not supported with tools`. (Every body
/// says whether it is to be streamed.)
pub fn is_combination(error: &Error, field: &str, body: &Map<String, Value>) -> bool {
    let words = error.message.as_str();
    let is_other = |word: &str| {
        let name = word.trim_matches(|mark: char| !(mark.is_alphanumeric() || mark == '_'));
        !["stream", "model", "messages", field].contains(&name) && body.contains_key(name)
    };
    words.match_indices(" with ").any(|(at, with)| words[at + with.len()..].split_whitespace().any(is_other))
}

/// `frequencyPenalty` of `frequency_penalty`, as some write it.
fn in_camel_case(field: &str) -> Option<String> {
    if !field.contains('_') {
        return None;
    }
    let mut words = field.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    Some(words.fold(first, |name, word| {
        let (initial, rest) = word.split_at(word.len().min(1));
        name + &initial.to_ascii_uppercase() + rest
    }))
}

/// Where `word` stands in `words`, and not as a part of another.
pub fn word_in(words: &str, word: &str) -> Option<usize> {
    let is_part = |other: char| other.is_alphanumeric() || other == '_';
    words.match_indices(word).map(|(at, _)| at).find(|at| {
        let (before, after) = (&words[..*at], &words[at + word.len()..]);
        !before.ends_with(is_part) && !after.starts_with(is_part)
    })
}
