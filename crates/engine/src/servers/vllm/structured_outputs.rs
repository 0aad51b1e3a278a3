//! Constraints of the answer have other names in other versions, and what a version does not know, it ignores without a
//! word: the answer is then bound by nothing. So they are sent by the names that the server's version knows.

use serde_json::{Map, Value};

use crate::{
    servers::response_formats::field,
    types::{ResponseFormat, Warning},
};

/// The newer names, which stand inside of one field, and the older ones, which stood at the top.
const NAMES: [(&str, &str); 5] = [
    ("json", "guided_json"),
    ("regex", "guided_regex"),
    ("choice", "guided_choice"),
    ("grammar", "guided_grammar"),
    ("whitespace_pattern", "guided_whitespace_pattern"),
];
const STRUCTURED: &str = "structured_outputs";
/// Has no newer name: the server chooses it when it is started.
const BACKEND: &str = "guided_decoding_backend";

/// Which names a version knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Era {
    /// Up to 0.10.2.
    Guided,
    /// 0.11; and what is sent to a version that nobody knows: each ignores the other's.
    Both,
    /// From 0.12 on.
    Structured,
}

impl Era {
    fn of(version: Option<&str>) -> Self {
        // What was built between two releases may be of either era, or may not know its number.
        let numbers = version.filter(|version| !version.contains("dev")).and_then(numbers);
        match numbers {
            Some((0, ..=9, _) | (0, 10, ..=2)) => Self::Guided,
            None | Some((0, 10 | 11, _)) => Self::Both,
            Some(_) => Self::Structured,
        }
    }
}

/// The constraint for what OpenAI's protocol cannot say.
pub fn of(format: &ResponseFormat) -> Option<Map<String, Value>> {
    let constraint = match format {
        ResponseFormat::Regex { pattern } => field("regex", pattern.as_str()),
        ResponseFormat::Choice { choices } => field("choice", choices.as_slice()),
        ResponseFormat::Grammar { grammar } => field("grammar", grammar.as_str()),
        ResponseFormat::JsonObject | ResponseFormat::JsonSchema(_) => return None,
    };
    Some(field(STRUCTURED, constraint))
}

/// Puts the constraints in `body` into the names of `version`, and says which it does not know. Where the caller gave
/// both, nothing is changed.
pub fn adjust(body: &mut Map<String, Value>, version: Option<&str>) -> Vec<Warning> {
    let structured = body.get(STRUCTURED).and_then(Value::as_object).cloned();
    let guided: Map<_, _> = NAMES
        .iter()
        .filter_map(|(new, old)| Some(((*new).to_owned(), body.get(*old)?.clone())))
        .filter(|(_, value)| !value.is_null())
        .collect();
    let era = Era::of(version);
    let mut unknown = Vec::new();
    match structured {
        Some(structured) if guided.is_empty() && era != Era::Structured => {
            if era == Era::Guided {
                body.remove(STRUCTURED);
            }
            for (name, value) in structured {
                match NAMES.iter().find(|(new, _)| *new == name) {
                    Some((_, old)) => _ = body.insert((*old).to_owned(), value),
                    None if era == Era::Guided && !matches!(value, Value::Null | Value::Bool(false)) => {
                        unknown.push(format!("{STRUCTURED}.{name}"));
                    }
                    None => {}
                }
            }
        }
        None if !guided.is_empty() && !body.contains_key(STRUCTURED) && era != Era::Guided => {
            if era == Era::Structured {
                for (_, old) in NAMES {
                    body.remove(old);
                }
                unknown.extend(body.remove(BACKEND).map(|_| BACKEND.to_owned()));
            }
            body.insert(STRUCTURED.to_owned(), guided.into());
        }
        _ => {}
    }
    let version = version.unwrap_or_default();
    unknown.into_iter().map(|name| left_out(&name, version)).collect()
}

fn left_out(name: &str, version: &str) -> Warning {
    Warning::new("unknown_field", format!("vLLM {version} does not know `{name}`; it is left out."))
}

/// The first three numbers of a version: `0.10.1.1`, `0.11.0rc2`.
fn numbers(version: &str) -> Option<(u64, u64, u64)> {
    let mut numbers = version.split('.').map(|part| {
        let end = part.find(|character: char| !character.is_ascii_digit()).unwrap_or(part.len());
        part[..end].parse().ok()
    });
    Some((numbers.next()??, numbers.next()??, numbers.next().flatten().unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn adjusted(version: Option<&str>, body: &Value) -> (Value, Vec<String>) {
        let mut body = body.as_object().unwrap().clone();
        let warnings = adjust(&mut body, version).into_iter().map(|warning| warning.message).collect();
        (body.into(), warnings)
    }

    #[test]
    fn each_version_is_of_the_era_whose_names_it_was_seen_to_take() {
        for (version, era) in [
            ("0.8.5", Era::Guided),
            ("0.10.0", Era::Guided),
            ("0.10.1.1", Era::Guided),
            ("0.10.2", Era::Guided),
            ("0.11.0", Era::Both),
            ("0.11.1", Era::Both),
            ("0.12.0", Era::Structured),
            ("0.14.1", Era::Structured),
            ("0.32.0", Era::Structured),
            ("1.0", Era::Structured),
            ("0.1.dev1+g0123456", Era::Both),
            ("unknown", Era::Both),
        ] {
            assert_eq!(Era::of(Some(version)), era, "{version}");
        }
        assert_eq!(Era::of(None), Era::Both);
    }

    #[test]
    fn a_constraint_goes_out_by_the_names_of_the_version() {
        let structured = json!({ "structured_outputs": { "choice": ["a"], "whitespace_pattern": " " } });
        let guided = json!({ "guided_choice": ["a"], "guided_whitespace_pattern": " " });
        let mut both = structured.clone();
        both.as_object_mut().unwrap().extend(guided.as_object().unwrap().clone());
        for (version, expected) in [
            (Some("0.10.2"), &guided),
            (Some("0.11.0"), &both),
            (None, &both),
            (Some("0.12.0"), &structured),
            (Some("0.32.0"), &structured),
        ] {
            assert_eq!(adjusted(version, &structured), (expected.clone(), vec![]), "{version:?}");
            assert_eq!(adjusted(version, &guided), (expected.clone(), vec![]), "{version:?}");
        }
    }

    #[test]
    fn what_a_version_does_not_know_is_left_out_and_told() {
        let given = json!({
            "structured_outputs": { "structural_tag": "t", "json_object": null, "disable_any_whitespace": false }
        });
        let told = "vLLM 0.10.0 does not know `structured_outputs.structural_tag`; it is left out.";
        assert_eq!(adjusted(Some("0.10.0"), &given), (json!({}), vec![told.into()]));
        let given = json!({ "guided_regex": "a", "guided_decoding_backend": "xgrammar" });
        let told = "vLLM 0.32.0 does not know `guided_decoding_backend`; it is left out.";
        let sent = json!({ "structured_outputs": { "regex": "a" } });
        assert_eq!(adjusted(Some("0.32.0"), &given), (sent, vec![told.into()]));
    }

    #[test]
    fn what_is_given_by_both_names_or_by_none_stays() {
        for version in [None, Some("0.10.0"), Some("0.32.0")] {
            for given in [
                json!({ "structured_outputs": { "regex": "a" }, "guided_regex": "b" }),
                json!({ "structured_outputs": "no object" }),
                json!({ "structured_outputs": "no object", "guided_regex": "b" }),
                json!({ "guided_json": null }),
                json!({ "temperature": 1 }),
            ] {
                assert_eq!(adjusted(version, &given), (given, vec![]), "{version:?}");
            }
        }
    }
}
