//! The schemas within a schema, and what several of them share.

use serde_json::{Map, Value};

/// What holds one schema, or a list of them.
const HOLDERS: [&str; 16] = [
    "items",
    "prefixItems",
    "additionalItems",
    "unevaluatedItems",
    "contains",
    "additionalProperties",
    "unevaluatedProperties",
    "propertyNames",
    "allOf",
    "anyOf",
    "oneOf",
    "not",
    "if",
    "then",
    "else",
    "contentSchema",
];

/// What holds schemas by name.
const NAMERS: [&str; 6] =
    ["properties", "patternProperties", "dependentSchemas", "dependencies", "$defs", "definitions"];

/// Visits the schemas right below `schema`.
pub fn each_below(schema: &mut Value, visit: &mut dyn FnMut(&mut Value)) {
    let Value::Object(fields) = schema else { return };
    for (name, value) in fields {
        match value {
            Value::Object(named) if NAMERS.contains(&name.as_str()) => {
                named.values_mut().for_each(&mut *visit);
            }
            Value::Array(list) if HOLDERS.contains(&name.as_str()) => list.iter_mut().for_each(&mut *visit),
            value if HOLDERS.contains(&name.as_str()) => visit(value),
            _ => {}
        }
    }
}

/// How much larger a schema may become: where each level refers twice to the next, it doubles with each.
const MAX_SCHEMAS: usize = 4096;

/// `schema` for a server that knows fewer references, or no words about schemas: what it refers to stands in their
/// place. Where it refers to itself, that has no end: then, it only refers to its root by a name. Nor does it say of a
/// list that it has nothing more, other than by its length. `None` if there is nothing to change.
#[must_use]
pub fn plainer(schema: &Map<String, Value>) -> Option<Map<String, Value>> {
    let mut root = Value::Object(schema.clone());
    close_by_length(&mut root);
    let plainer = self_contained(&root).or_else(|| with_named_root(&root)).or_else(|| fields_of(root))?;
    (plainer != *schema).then_some(plainer)
}

fn fields_of(schema: Value) -> Option<Map<String, Value>> {
    if let Value::Object(fields) = schema { Some(fields) } else { None }
}

/// llama.cpp refuses `items: false`, by which Zod closes its tuples.
fn close_by_length(schema: &mut Value) {
    if let Value::Object(fields) = schema
        && let Some(length) = fields.get("prefixItems").and_then(Value::as_array).map(Vec::len)
        && fields.get("items").is_some_and(|items| *items == false)
    {
        fields.remove("items");
        fields.entry("maxItems").or_insert(length.into());
    }
    each_below(schema, &mut close_by_length);
}

fn self_contained(root: &Value) -> Option<Map<String, Value>> {
    let mut inlined = root.clone();
    // The root is above all.
    let (mut above, mut left) = (vec![String::new()], MAX_SCHEMAS);
    inline(&mut inlined, root, &mut above, &mut left)?;
    fields_of(inlined)
}

/// llama.cpp follows references below the root only, and Zod refers to the root.
fn with_named_root(schema: &Value) -> Option<Map<String, Value>> {
    const DEFINITIONS: &str = "$defs";
    let mut fields = fields_of(schema.clone())?;
    let mut definitions = match fields.remove(DEFINITIONS) {
        Some(Value::Object(definitions)) => definitions,
        _ => Map::new(),
    };
    fields.retain(|name, _| !LEFT_OUT.contains(&name.as_str()) || name == "definitions");
    let mut name = "root".to_owned();
    while definitions.contains_key(&name) {
        name.push('_');
    }
    let reference = format!("#/{DEFINITIONS}/{name}");
    let mut is_any = false;
    let mut root = Value::Object(fields);
    refer_by(&reference, &mut root, &mut is_any);
    definitions.values_mut().for_each(|schema| refer_by(&reference, schema, &mut is_any));
    let Value::Object(mut fields) = root.clone() else { return None };
    if let Value::Object(named) = &mut root {
        named.remove("definitions");
    }
    definitions.insert(name, root);
    fields.insert(DEFINITIONS.to_owned(), definitions.into());
    is_any.then_some(fields)
}

/// Has what refers to the root do so by `reference`.
fn refer_by(reference: &str, schema: &mut Value, is_any: &mut bool) {
    if let Some(to) = schema.get_mut("$ref").filter(|to| **to == "#") {
        *to = reference.into();
        *is_any = true;
    }
    each_below(schema, &mut |below| refer_by(reference, below, is_any));
}

/// What a schema says of itself, and what nothing refers to any more.
const LEFT_OUT: [&str; 5] = ["$schema", "$id", "$comment", "$defs", "definitions"];

/// `above`: what stands above this schema by reference. `left`: how many schemas may still come.
fn inline(schema: &mut Value, root: &Value, above: &mut Vec<String>, left: &mut usize) -> Option<()> {
    *left = left.checked_sub(1)?;
    let known = above.len();
    while let Value::Object(fields) = schema {
        fields.retain(|name, _| !LEFT_OUT.contains(&name.as_str()));
        let Some(Value::String(reference)) = fields.remove("$ref") else { break };
        let pointer = reference.strip_prefix('#')?;
        if above.iter().any(|known| known == pointer) {
            return None;
        }
        above.push(pointer.to_owned());
        match root.pointer(pointer)?.clone() {
            // What stands beside a reference counts besides.
            Value::Object(target) => {
                for (name, value) in target {
                    fields.entry(name).or_insert(value);
                }
            }
            target => *schema = target,
        }
    }
    let mut is_whole = true;
    each_below(schema, &mut |below| is_whole = is_whole && inline(below, root, above, left).is_some());
    above.truncate(known);
    is_whole.then_some(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn inlined(schema: Value) -> Option<Value> {
        let Value::Object(schema) = schema else { unreachable!("it is one") };
        plainer(&schema).map(Value::Object)
    }

    #[test]
    fn what_is_referred_to_stands_in_the_place_of_the_reference() {
        for definitions in ["$defs", "definitions"] {
            let city = json!({ "type": "string", "minLength": 1 });
            let schema = json!({
                "$schema": "https://json-schema.org/draft/2020-12/schema",
                "type": "object",
                "properties": {
                    "from": { "$ref": format!("#/{definitions}/city"), "description": "where it begins" },
                    "$ref": { "type": "integer" },
                    "others": { "type": "array", "items": { "$ref": format!("#/{definitions}/twice") } },
                },
                definitions: { "city": city, "twice": { "$ref": format!("#/{definitions}/city") } },
            });
            let expected = json!({
                "type": "object",
                "properties": {
                    "from": { "description": "where it begins", "type": "string", "minLength": 1 },
                    "$ref": { "type": "integer" },
                    "others": { "type": "array", "items": city },
                },
            });
            assert_eq!(inlined(schema), Some(expected));
        }
    }

    #[test]
    fn a_tuple_is_closed_by_its_length() {
        let tuple = |rest: Value| {
            let mut tuple =
                json!({ "type": "array", "prefixItems": [{ "type": "string" }, { "type": "number" }] });
            for (name, value) in rest.as_object().unwrap() {
                tuple[name] = value.clone();
            }
            json!({ "properties": { "pair": tuple } })
        };
        for (given, expected) in [
            (json!({ "items": false }), Some(json!({ "maxItems": 2 }))),
            (
                json!({ "items": false, "minItems": 1, "maxItems": 1 }),
                Some(json!({ "minItems": 1, "maxItems": 1 })),
            ),
            (json!({ "items": { "type": "null" } }), None),
        ] {
            assert_eq!(inlined(tuple(given)), expected.map(tuple));
        }
        // So it is where references must stay.
        let recursive = |rest: Value| {
            let mut schema = json!({ "$ref": "#/$defs/a" });
            schema["$defs"] = json!({ "a": { "prefixItems": [{ "anyOf": [{ "$ref": "#/$defs/a" }, { "type": "null" }] }] } });
            for (name, value) in rest.as_object().unwrap() {
                schema["$defs"]["a"][name] = value.clone();
            }
            schema
        };
        assert_eq!(inlined(recursive(json!({ "items": false }))), Some(recursive(json!({ "maxItems": 1 }))));
    }

    #[test]
    fn what_has_no_end_stays_and_so_does_what_needs_no_change() {
        for schema in [
            json!({ "$ref": "#/$defs/a", "$defs": { "a": { "anyOf": [{ "$ref": "#/$defs/b" }] }, "b": { "not": { "$ref": "#/$defs/a" } } } }),
            json!({ "$ref": "#/$defs/a", "$defs": { "a": { "$ref": "#/$defs/a" } } }),
            json!({ "properties": { "a": { "$ref": "https://example.com/a" } } }),
            json!({ "properties": { "a": { "$ref": "#/$defs/none" } } }),
            json!({ "type": "object", "properties": { "a": { "type": "string" } } }),
        ] {
            assert_eq!(inlined(schema.clone()), None, "{schema}");
        }
    }

    #[test]
    fn what_refers_to_the_root_does_so_by_name() {
        let node = |reference: &str| json!({ "properties": { "kids": { "items": { "$ref": reference } }, "name": { "$ref": "#/$defs/root" } } });
        let mut schema = node("#");
        schema["$schema"] = "s".into();
        schema["$defs"] = json!({ "root": { "type": "string" } });
        let mut expected = node("#/$defs/root_");
        expected["$defs"] = json!({ "root": { "type": "string" }, "root_": node("#/$defs/root_") });
        assert_eq!(inlined(schema), Some(expected));
    }

    #[test]
    fn what_would_double_with_each_level_stays() {
        let twice = |level: usize| {
            let reference = json!({ "$ref": format!("#/$defs/{}", level + 1) });
            json!({ "properties": { "a": reference, "b": reference } })
        };
        let mut definitions: Map<_, _> = (0..40).map(|level| (level.to_string(), twice(level))).collect();
        definitions.insert("40".into(), json!({ "type": "null" }));
        assert_eq!(inlined(json!({ "$ref": "#/$defs/0", "$defs": definitions })), None);
    }
}
