//! JSON Schema, by a library that knows its drafts.

use std::fmt;

use boon::{CompileError, Compiler, Draft, ErrorKind, SchemaIndex, Schemas, UrlLoader, ValidationError};
use serde_json::{Map, Value, json};

use super::{Misfit, shared::each_below};
use crate::{
    error::{Error, Result},
    types::Warning,
};

pub struct Schema {
    schemas: Schemas,
    root: SchemaIndex,
    /// Patterns that no answer is held to.
    unchecked: Vec<String>,
}

impl fmt::Debug for Schema {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Schema")
    }
}

/// What the schema is called where it is compiled.
const PLACE: &str = "schema:///response";

/// How many things that are wrong are told.
const MAX_TOLD: usize = 4;

impl Schema {
    pub fn new(schema: &Map<String, Value>) -> Result<Self> {
        let mut schema = Value::Object(schema.clone());
        let mut unchecked = Vec::new();
        leave_out_patterns(&mut schema, &mut unchecked);
        // What names no draft may be of an older one: there, `items` could be a list.
        compiled(&schema, Draft::V2020_12)
            .or_else(|error| compiled(&schema, Draft::V7).map_err(|_| error))
            .map(|(schemas, root)| Self { schemas, root, unchecked })
    }

    pub fn unchecked(&self) -> Option<Warning> {
        let patterns = self.unchecked.join(", ");
        (!patterns.is_empty()).then(|| {
            let message =
                format!("Some patterns are too much for this package, and not checked: {patterns}.");
            Warning::new("response_format_unchecked", message)
        })
    }

    pub fn validate(&self, value: &Value) -> Result<(), Misfit> {
        match self.schemas.validate(value, self.root) {
            Err(error) if !is_rounding(&error) => Err(Misfit(all_told(&error))),
            _ => Ok(()),
        }
    }
}

fn compiled(schema: &Value, draft: Draft) -> Result<(Schemas, SchemaIndex)> {
    let refused = |error: &CompileError| {
        let words = words_of(error);
        Error::configuration(format!("`responseFormat.schema` is no JSON Schema that can be used: {words}"))
    };
    let mut schemas = Schemas::new();
    let mut compiler = Compiler::new();
    compiler.set_default_draft(draft);
    compiler.use_loader(Box::new(Nowhere));
    compiler.add_resource(PLACE, schema.clone()).map_err(|error| refused(&error))?;
    let root = compiler.compile(PLACE, &mut schemas).map_err(|error| refused(&error))?;
    Ok((schemas, root))
}

fn words_of(error: &CompileError) -> String {
    match error {
        CompileError::ValidationError { src, .. } => all_told(src),
        CompileError::LoadUrlError { url, .. } => {
            format!("{url} is not fetched; put what it stands for into `$defs`")
        }
        error => error.to_string().replace(PLACE, ""),
    }
}

/// A schema must bring all that it refers to: nothing is read from elsewhere.
struct Nowhere;

impl UrlLoader for Nowhere {
    fn load(&self, _: &str) -> Result<Value, Box<dyn std::error::Error>> {
        Err("not fetched".into())
    }
}

/// Nothing is wrong but that a decimal fraction is no multiple of another as computers count: 0.3 of 0.1.
fn is_rounding(error: &ValidationError<'_, '_>) -> bool {
    match &error.kind {
        ErrorKind::MultipleOf { got, want } => got.as_f64().zip(want.as_f64()).is_some_and(|(got, want)| {
            let quotient = got / want;
            let is_fraction = got.fract() != 0.0 || want.fract() != 0.0;
            is_fraction && (quotient - quotient.round()).abs() <= 4.0 * f64::EPSILON * quotient.abs()
        }),
        ErrorKind::AnyOf => error.causes.iter().any(is_rounding),
        ErrorKind::OneOf(_) | ErrorKind::Not => false,
        _ => !error.causes.is_empty() && error.causes.iter().all(is_rounding),
    }
}

/// The engine for patterns cannot look around or back, and does not know the classes of Unicode, nor all that JavaScript
/// takes. What is left out here, the server may heed all the same.
fn leave_out_patterns(schema: &mut Value, left_out: &mut Vec<String>) {
    const BEYOND: [&str; 7] = ["(?=", "(?!", "(?<=", "(?<!", "\\p{", "\\P{", "\\k<"];
    // What JavaScript takes, and others only where it means something else: without the flag `u`, or a reference back.
    const JAVASCRIPTS: [&str; 17] = [
        "[^]", "[]", "\\w-", "\\W-", "\\d-", "\\D-", "\\s-", "\\S-", "\\1", "\\2", "\\3", "\\4", "\\5",
        "\\6", "\\7", "\\8", "\\9",
    ];
    let has = |pattern: &str, marks: &[&str]| marks.iter().any(|mark| pattern.contains(mark));
    let is_unknown = |pattern: &str| compiled(&json!({ "pattern": pattern }), Draft::V2020_12).is_err();
    let is_beyond =
        |pattern: &str| has(pattern, &BEYOND) || has(pattern, &JAVASCRIPTS) && is_unknown(pattern);
    if let Value::Object(fields) = schema {
        if let Some(pattern) = fields.get("pattern").and_then(Value::as_str).filter(|it| is_beyond(it)) {
            left_out.push(pattern.to_owned());
            fields.remove("pattern");
        }
        if let Some(Value::Object(patterns)) = fields.get_mut("patternProperties") {
            left_out.extend(patterns.keys().filter(|it| is_beyond(it)).cloned());
            patterns.retain(|pattern, _| !is_beyond(pattern));
        }
    }
    each_below(schema, &mut |schema| leave_out_patterns(schema, left_out));
}

/// The things that are wrong, each with its place.
fn all_told(error: &ValidationError<'_, '_>) -> String {
    let mut told = Vec::new();
    tell(error, &mut told);
    told.join("; ")
}

/// Of alternatives that all fail, only that: which was meant, nobody
/// knows.
fn tell(error: &ValidationError<'_, '_>, told: &mut Vec<String>) {
    let is_choice = matches!(error.kind, ErrorKind::AnyOf | ErrorKind::OneOf(_) | ErrorKind::Not);
    if !is_choice && !error.causes.is_empty() {
        error.causes.iter().for_each(|cause| tell(cause, told));
        return;
    }
    let words = match &error.kind {
        ErrorKind::AnyOf | ErrorKind::OneOf(None) => "fits none of the alternatives".to_owned(),
        ErrorKind::OneOf(Some(_)) => "fits more than one of the alternatives".to_owned(),
        ErrorKind::FalseSchema => "is not allowed".to_owned(),
        // The others quote what they are about only where that is the schema's.
        ErrorKind::Pattern { want, .. } => format!("does not match the pattern {want}"),
        ErrorKind::Format { want, .. } => format!("is no valid {want}"),
        kind => kind.to_string(),
    };
    let place = error.instance_location.to_string();
    let place = if place.is_empty() { "the whole" } else { &place };
    let words = format!("{place}: {words}");
    if told.len() < MAX_TOLD && !told.contains(&words) {
        told.push(words);
    }
}
