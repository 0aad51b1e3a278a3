//! Arguments in the types of their schemas.

use serde_json::{Map, Number, Value};

use crate::{text::json_repair, types::Tool};

/// How far references and combinations of a schema are followed.
const DEEPEST: usize = 8;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Null,
    Boolean,
    Integer,
    Number,
    Array,
    Object,
    String,
}

/// The value that `text` stands for as the argument `key` of `tool`: of the first type of its schema that fits.
/// Without a schema it is the JSON that it reads as, or the text.
pub fn of_text(tool: &Tool, key: &str, text: &str) -> Value {
    let kinds = kinds_of(tool, key);
    if kinds.is_empty() {
        return match serde_json::from_str(text.trim()) {
            Ok(Value::String(_)) | Err(_) => Value::String(text.to_owned()),
            Ok(value) => value,
        };
    }
    fitting(text, &kinds).unwrap_or_else(|| Value::String(text.to_owned()))
}

/// Brings arguments that came in the wrong types into those of the schema; whether any did.
pub fn fit(tool: &Tool, arguments: &mut Map<String, Value>) -> bool {
    let mut changed = false;
    for (key, value) in arguments {
        let kinds = kinds_of(tool, key);
        let fitted = match value {
            Value::String(text) if !kinds.is_empty() && !kinds.contains(&Kind::String) => {
                fitting(text, &kinds)
            }
            Value::Bool(_) | Value::Number(_) if kinds == [Kind::String] => {
                Some(Value::String(value.to_string()))
            }
            _ => None,
        };
        if let Some(fitted) = fitted {
            *value = fitted;
            changed = true;
        }
    }
    changed
}

fn fitting(text: &str, kinds: &[Kind]) -> Option<Value> {
    let word = text.trim();
    // `null` where it may be so is hardly ever the word.
    if kinds.contains(&Kind::Null) && ["null", "None"].contains(&word) {
        return Some(Value::Null);
    }
    kinds.iter().find_map(|kind| match kind {
        Kind::Boolean if word.eq_ignore_ascii_case("true") => Some(Value::Bool(true)),
        Kind::Boolean if word.eq_ignore_ascii_case("false") => Some(Value::Bool(false)),
        Kind::Integer => integer(word),
        Kind::Number => number(word).map(Value::Number),
        Kind::Array => list(word),
        Kind::Object if word.starts_with('{') => {
            json_repair::object(word).ok().map(|read| Value::Object(read.fields))
        }
        Kind::Null | Kind::Boolean | Kind::Object => None,
        Kind::String => Some(Value::String(text.to_owned())),
    })
}

/// A number as JSON has it, or as people write it: `+1`, `.5`, `1.`.
pub fn number(text: &str) -> Option<Number> {
    if let Ok(number) = serde_json::from_str(text) {
        return Some(number);
    }
    // Rust reads "inf" and "nan", too.
    let is_number = text.bytes().any(|byte| byte.is_ascii_digit()) && !text.contains(char::is_alphabetic);
    text.parse().ok().filter(|_| is_number).and_then(Number::from_f64)
}

fn integer(word: &str) -> Option<Value> {
    let known = number(word)?;
    if known.is_i64() || known.is_u64() {
        return Some(Value::Number(known));
    }
    // `3.0`, as models that only know floats write it.
    let whole = word.trim_end_matches('0').strip_suffix('.')?;
    whole.parse::<i64>().ok().map(Value::from)
}

fn list(word: &str) -> Option<Value> {
    if !word.starts_with('[') {
        return None;
    }
    json_repair::object(&format!("{{\"list\":{word}}}")).ok()?.fields.remove("list")
}

/// The schemas of the arguments, if the tool says which it has.
pub fn declared(tool: &Tool) -> Option<&Map<String, Value>> {
    tool.parameters.as_ref()?.get("properties")?.as_object()
}

pub fn declares(tool: &Tool, key: &str) -> bool {
    declared(tool).is_some_and(|declared| declared.contains_key(key))
}

/// The arguments that a call must have.
pub fn required(tool: &Tool) -> impl Iterator<Item = &str> {
    let required = tool.parameters.as_ref().and_then(|schema| schema.get("required")?.as_array());
    required.into_iter().flatten().filter_map(Value::as_str)
}

/// The types that an argument may have, in the schema's order; none if it does not say.
fn kinds_of(tool: &Tool, key: &str) -> Vec<Kind> {
    let mut kinds = Vec::new();
    if let Some(root) = &tool.parameters
        && let Some(schema) = declared(tool).and_then(|declared| declared.get(key))
    {
        collect(schema, root, 0, &mut kinds);
    }
    kinds
}

fn collect(schema: &Value, root: &Map<String, Value>, depth: usize, kinds: &mut Vec<Kind>) {
    if depth > DEEPEST {
        return;
    }
    let list = |key: &str| schema.get(key).and_then(Value::as_array).into_iter().flatten();
    let types =
        schema.get("type").into_iter().chain(list("type")).filter_map(Value::as_str).filter_map(kind_named);
    let values = list("enum").chain(schema.get("const")).map(kind_of);
    let before = kinds.len();
    add(kinds, types);
    if kinds.len() == before {
        add(kinds, values);
    }
    for part in ["anyOf", "oneOf", "allOf"].into_iter().flat_map(list) {
        collect(part, root, depth + 1, kinds);
    }
    if let Some(pointer) = schema.get("$ref").and_then(Value::as_str).and_then(|at| at.strip_prefix("#/")) {
        let mut steps = pointer.split('/');
        let start = steps.next().and_then(|first| root.get(first));
        if let Some(target) = steps.try_fold(start, |at, step| Some(at?.get(step))).flatten() {
            collect(target, root, depth + 1, kinds);
        }
    }
}

fn add(kinds: &mut Vec<Kind>, more: impl Iterator<Item = Kind>) {
    for kind in more {
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
}

fn kind_named(name: &str) -> Option<Kind> {
    Some(match name {
        "null" => Kind::Null,
        "boolean" => Kind::Boolean,
        "integer" => Kind::Integer,
        "number" => Kind::Number,
        "array" => Kind::Array,
        "object" => Kind::Object,
        "string" => Kind::String,
        _ => return None,
    })
}

fn kind_of(value: &Value) -> Kind {
    match value {
        Value::Null => Kind::Null,
        Value::Bool(_) => Kind::Boolean,
        Value::Number(number) if number.is_f64() => Kind::Number,
        Value::Number(_) => Kind::Integer,
        Value::Array(_) => Kind::Array,
        Value::Object(_) => Kind::Object,
        Value::String(_) => Kind::String,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn tool(schema: &Value) -> Tool {
        serde_json::from_value(json!({
            "name": "t",
            "parameters": {"type": "object", "properties": {"x": schema}, "$defs": {"Days": {"type": "integer"}}}
        }))
        .unwrap()
    }

    #[track_caller]
    fn assert_value(schema: &Value, text: &str, expected: &Value) {
        assert_eq!(&of_text(&tool(schema), "x", text), expected, "{text} as {schema}");
    }

    #[test]
    fn a_text_becomes_the_type_of_its_schema() {
        for (kind, text, expected) in [
            ("boolean", "true", json!(true)),
            ("boolean", "False", json!(false)),
            ("boolean", "perhaps", json!("perhaps")),
            ("integer", " 3\n", json!(3)),
            ("integer", "3.0", json!(3)),
            ("integer", "3.5", json!("3.5")),
            ("number", "3.5", json!(3.5)),
            ("number", "-2", json!(-2)),
            ("array", "[1, \"a\"]", json!([1, "a"])),
            ("array", "['a', True]", json!(["a", true])),
            ("object", "{\"a\": 1}", json!({"a": 1})),
            ("object", "{'a': 1}", json!({"a": 1})),
            ("null", "null", json!(null)),
            ("string", "3", json!("3")),
            ("string", "true", json!("true")),
            ("string", " as it is\n", json!(" as it is\n")),
        ] {
            assert_value(&json!({"type": kind}), text, &expected);
        }
    }

    #[test]
    fn of_several_types_the_first_that_fits_counts() {
        assert_value(&json!({"type": ["integer", "string"]}), "3", &json!(3));
        assert_value(&json!({"type": ["integer", "string"]}), "x", &json!("x"));
        assert_value(&json!({"type": ["string", "integer"]}), "3", &json!("3"));
        assert_value(&json!({"anyOf": [{"type": "string"}, {"type": "null"}]}), "null", &json!(null));
        assert_value(&json!({"oneOf": [{"type": "boolean"}, {"type": "array"}]}), "[1]", &json!([1]));
    }

    #[test]
    fn types_are_found_behind_references_and_in_enumerations() {
        assert_value(&json!({"$ref": "#/$defs/Days"}), "3", &json!(3));
        assert_value(&json!({"enum": [1, 2]}), "2", &json!(2));
        assert_value(&json!({"const": true}), "true", &json!(true));
        assert_value(&json!({"enum": ["1", "2"]}), "2", &json!("2"));
    }

    #[test]
    fn an_unknown_argument_is_json_or_text() {
        for (text, expected) in
            [("3", json!(3)), ("{\"a\": 1}", json!({"a": 1})), ("\"3\"", json!("\"3\"")), ("hi", json!("hi"))]
        {
            assert_eq!(of_text(&tool(&json!({"type": "string"})), "other", text), expected);
        }
    }

    #[test]
    fn arguments_of_the_wrong_type_are_brought_into_the_right_one() {
        let fitted = |schema: Value, value: Value| {
            let mut arguments = Map::from_iter([("x".to_owned(), value)]);
            let changed = fit(&tool(&schema), &mut arguments);
            (arguments["x"].clone(), changed)
        };
        assert_eq!(fitted(json!({"type": "integer"}), json!("3")), (json!(3), true));
        assert_eq!(fitted(json!({"type": "string"}), json!(12345)), (json!("12345"), true));
        assert_eq!(fitted(json!({"type": "boolean"}), json!("perhaps")), (json!("perhaps"), false));
        assert_eq!(fitted(json!({"type": ["string", "integer"]}), json!(3)), (json!(3), false));
        assert_eq!(fitted(json!({}), json!("3")), (json!("3"), false));
    }
}
