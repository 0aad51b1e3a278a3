//! What the value as a whole may be.

use std::cell::Cell;

use serde_json::{Map, Value};

/// Whether an object may fit `schema`. What nobody can tell, may.
#[must_use]
pub fn may_be_object(schema: &Map<String, Value>) -> bool {
    let root = Value::Object(schema.clone());
    may_be(&root, &root, &Cell::new(MOST_LOOKED_AT))
}

/// How many schemas are looked at: where one refers to itself, there is no end.
const MOST_LOOKED_AT: usize = 1000;

/// Without a type, a schema of these alone is meant for lists.
const OF_LISTS: [&str; 2] = ["prefixItems", "items"];
const OF_OBJECTS: [&str; 4] = ["properties", "patternProperties", "additionalProperties", "required"];

fn may_be(schema: &Value, root: &Value, left: &Cell<usize>) -> bool {
    let Value::Object(fields) = schema else { return *schema != false };
    let Some(less) = left.get().checked_sub(1) else { return true };
    left.set(less);
    let below = |schema: &Value| may_be(schema, root, left);
    let has = |names: &[&str]| names.iter().any(|name| fields.contains_key(*name));
    let type_fits = match fields.get("type") {
        Some(Value::String(name)) => name == "object",
        Some(Value::Array(names)) => names.iter().any(|name| name == "object"),
        _ => !has(&OF_LISTS) || has(&OF_OBJECTS),
    };
    let target =
        fields.get("$ref").and_then(Value::as_str).and_then(|it| root.pointer(it.strip_prefix('#')?));
    let list = |name: &str| fields.get(name).and_then(Value::as_array);
    type_fits
        && fields.get("const").is_none_or(Value::is_object)
        && list("enum").is_none_or(|values| values.iter().any(Value::is_object))
        && target.is_none_or(below)
        && list("allOf").is_none_or(|all| all.iter().all(below))
        && ["anyOf", "oneOf"].into_iter().all(|name| list(name).is_none_or(|any| any.iter().any(below)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn is_told(schema: Value) -> bool {
        let Value::Object(schema) = schema else { unreachable!("it is one") };
        may_be_object(&schema)
    }

    #[test]
    fn a_schema_that_no_object_fits_is_known() {
        for schema in [
            json!({ "type": "array" }),
            json!({ "type": "string" }),
            json!({ "type": ["number", "null"] }),
            json!({ "enum": ["a", 1, null] }),
            json!({ "type": "object", "enum": ["a"] }),
            json!({ "const": [] }),
            json!({ "prefixItems": [{ "type": "string" }] }),
            json!({ "items": { "type": "object" } }),
            json!({ "anyOf": [{ "type": "string" }, { "oneOf": [{ "const": 1 }, false] }] }),
            json!({ "allOf": [{ "type": "object" }, { "type": "null" }] }),
            json!({ "$ref": "#/$defs/a", "$defs": { "a": { "$ref": "#/$defs/b" }, "b": { "type": "boolean" } } }),
        ] {
            assert!(!is_told(schema.clone()), "{schema}");
        }
    }

    #[test]
    fn a_schema_that_an_object_may_fit_is_one_of_objects() {
        for schema in [
            json!({}),
            json!({ "type": "object", "prefixItems": [] }),
            json!({ "type": ["array", "object"] }),
            json!({ "properties": { "a": { "type": "string" } }, "items": false }),
            json!({ "enum": ["a", { "a": 1 }] }),
            json!({ "const": {} }),
            json!({ "anyOf": [{ "type": "string" }, { "type": "object" }] }),
            json!({ "$ref": "#" }),
            json!({ "allOf": vec![json!({ "$ref": "#" }); 50] }),
            json!({ "$ref": "#/$defs/none" }),
            json!({ "$ref": "https://example.com/a" }),
        ] {
            assert!(is_told(schema.clone()), "{schema}");
        }
    }
}
