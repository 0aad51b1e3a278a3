//! Whether the text of an answer is what was asked for: JSON, by a schema or not, one of some choices, or what matches a
//! pattern.

mod classes;
mod found;
mod prompt;
mod root;
mod schema;
mod shared;

use regex_lite::Regex;
use serde_json::{Map, Value, json};

pub use classes::write_out_classes;
pub use prompt::{describe, mend};
pub use root::may_be_object;
pub use shared::plainer;

use crate::{
    error::{Error, Result},
    types::{JsonSchema, Parsed, ResponseFormat, Warning},
};
use classes::written_out;
use schema::Schema;

/// Answers are held to a format by it.
#[derive(Debug)]
pub struct Check {
    format: ResponseFormat,
    test: Test,
}

#[derive(Debug)]
enum Test {
    Object,
    Schema(Box<Schema>),
    Pattern(Regex),
    Choice,
    /// A grammar is the server's to heed.
    Nothing,
}

/// How strictly an answer is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// The server holds the model to the format.
    Strict,
    /// The model was only told of it: it may have written more, or not quite JSON.
    Lenient,
    /// The text stands in an object, because the server knows JSON only: that of [`in_object`].
    InObject,
}

/// What an answer that fits was read as.
#[derive(Debug, PartialEq, Eq)]
pub struct Fit {
    pub parsed: Option<Parsed>,
    /// What the text is, where it came otherwise.
    pub text: Option<String>,
    pub warning: Option<Warning>,
}

/// Why an answer does not fit, in words that quote none of it.
#[derive(Debug, PartialEq, Eq)]
pub struct Misfit(pub String);

impl Check {
    /// # Errors
    /// `configuration` where no answer could be held to `format`.
    pub fn new(format: ResponseFormat) -> Result<Self> {
        let test = match &format {
            ResponseFormat::JsonObject => Test::Object,
            ResponseFormat::JsonSchema(JsonSchema { schema, .. }) => {
                Test::Schema(Box::new(Schema::new(schema)?))
            }
            ResponseFormat::Regex { pattern } => Test::Pattern(whole(pattern)?),
            ResponseFormat::Choice { .. } => Test::Choice,
            ResponseFormat::Grammar { .. } => Test::Nothing,
        };
        Ok(Self { format, test })
    }

    #[must_use]
    pub fn format(&self) -> &ResponseFormat {
        &self.format
    }

    /// Whether answers can be told to fit or not.
    #[must_use]
    pub fn tells(&self) -> bool {
        !matches!(self.test, Test::Nothing)
    }

    /// Whether the caller looks at answers as well.
    #[must_use]
    pub fn has_validator(&self) -> bool {
        matches!(&self.format, ResponseFormat::JsonSchema(JsonSchema { has_validator: true, .. }))
    }

    /// What of the schema is not looked at, unless the caller does so.
    #[must_use]
    pub fn unchecked(&self) -> Option<Warning> {
        match &self.test {
            Test::Schema(schema) if !self.has_validator() => schema.unchecked(),
            _ => None,
        }
    }

    /// Reads `text`.
    ///
    /// # Errors
    /// Why it does not fit.
    pub fn read(&self, text: &str, reading: Reading) -> Result<Fit, Misfit> {
        match &self.test {
            Test::Object => json_in(text, reading, &|value| match value {
                Value::Object(_) => Ok(()),
                _ => Err(Misfit("it is JSON, but no object".into())),
            }),
            Test::Schema(schema) => json_in(text, reading, &|value| schema.validate(value)),
            Test::Pattern(pattern) => self.plain(text, reading, |text| pattern.is_match(text)),
            Test::Choice => {
                let ResponseFormat::Choice { choices } = &self.format else { return Ok(Fit::as_it_is(None)) };
                self.plain(text, reading, |text| choices.iter().any(|choice| choice == text))
            }
            Test::Nothing => Ok(Fit::as_it_is(None)),
        }
    }

    /// A text that is no JSON. Models put a line end after it, and quotes around it.
    fn plain(&self, text: &str, reading: Reading, fits: impl Fn(&str) -> bool) -> Result<Fit, Misfit> {
        let inner = match reading {
            Reading::InObject => serde_json::from_str::<Value>(text.trim()).ok(),
            Reading::Strict | Reading::Lenient => None,
        };
        let inner = inner.as_ref().and_then(|object| object.get(ANSWER)?.as_str());
        let trimmed = text.trim();
        let bare = QUOTES.iter().find_map(|(open, close)| trimmed.strip_prefix(*open)?.strip_suffix(*close));
        let candidates = [inner, Some(text), Some(trimmed), bare];
        let found = candidates.into_iter().flatten().find(|candidate| fits(candidate));
        match found {
            Some(found) => Ok(Fit {
                parsed: Some(Parsed::Text),
                text: (found != text).then(|| found.to_owned()),
                warning: None,
            }),
            None => Err(Misfit(self.wish())),
        }
    }

    /// What a plain text is not.
    fn wish(&self) -> String {
        match &self.format {
            ResponseFormat::Regex { pattern } => format!("it does not match the pattern {pattern}"),
            _ => "it is none of the choices".into(),
        }
    }
}

impl Fit {
    fn as_it_is(parsed: Option<Parsed>) -> Self {
        Self { parsed, text: None, warning: None }
    }
}

const QUOTES: [(char, char); 4] = [('"', '"'), ('\'', '\''), ('`', '`'), ('“', '”')];

/// The field of [`in_object`].
const ANSWER: &str = "answer";

/// A schema for a server that knows nothing but JSON: an object with a text that `format` allows, if it is a format of
/// plain text that a schema can express.
#[must_use]
pub fn in_object(format: &ResponseFormat) -> Option<JsonSchema> {
    let answer = match format {
        ResponseFormat::Regex { pattern } => {
            let inner = pattern.strip_prefix('^').unwrap_or(pattern);
            let inner = inner.strip_suffix('$').filter(|inner| !inner.ends_with('\\')).unwrap_or(inner);
            // Without the ends, a schema's pattern may match anywhere.
            json!({ "type": "string", "pattern": format!("^({})$", written_out(inner)) })
        }
        ResponseFormat::Choice { choices } => json!({ "type": "string", "enum": choices }),
        ResponseFormat::JsonObject | ResponseFormat::JsonSchema(_) | ResponseFormat::Grammar { .. } => {
            return None;
        }
    };
    let schema = json!({
        "type": "object",
        "properties": { ANSWER: answer },
        "required": [ANSWER],
        "additionalProperties": false,
    });
    let Value::Object(schema) = schema else { return None };
    Some(JsonSchema { name: None, schema, strict: Some(true), has_validator: false })
}

/// A schema that any object fits.
#[must_use]
pub fn any_object() -> Map<String, Value> {
    Map::from_iter([("type".to_owned(), "object".into())])
}

/// `pattern`, for a whole text.
fn whole(pattern: &str) -> Result<Regex> {
    Regex::new(&format!(r"\A(?:{pattern})\z"))
        .map_err(|error| Error::configuration(format!("`responseFormat.pattern` cannot be used: {error}")))
}

/// The first JSON in `text` that fits; otherwise, what is wrong with the first that there is.
fn json_in(text: &str, reading: Reading, fits: &dyn Fn(&Value) -> Result<(), Misfit>) -> Result<Fit, Misfit> {
    let mut misfit = None;
    for found in found::candidates(text, reading == Reading::Lenient) {
        match fits(&found.value) {
            Ok(()) => return Ok(found.into_fit()),
            Err(reason) => _ = misfit.get_or_insert(reason),
        }
    }
    Err(misfit.unwrap_or_else(|| found::nothing(text)))
}

#[cfg(test)]
mod tests;
