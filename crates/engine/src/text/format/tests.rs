use super::*;

fn check(format: Value) -> Check {
    Check::new(serde_json::from_value(format).unwrap()).unwrap_or_else(|error| panic!("{error}"))
}

fn schema(schema: &Value) -> Check {
    check(json!({ "type": "json_schema", "schema": schema }))
}

fn person() -> Check {
    schema(&json!({
        "type": "object",
        "properties": { "name": { "type": "string" }, "age": { "type": "integer", "minimum": 0 } },
        "required": ["name"],
        "additionalProperties": false,
    }))
}

/// The text that was found, and the code of what is told of it.
fn read(check: &Check, text: &str, reading: Reading) -> Result<(String, Option<&'static str>), String> {
    match check.read(text, reading) {
        Ok(fit) => Ok((fit.text.unwrap_or_else(|| text.to_owned()), fit.warning.map(|warning| warning.code))),
        Err(Misfit(reason)) => Err(reason),
    }
}

const ADA: &str = r#"{"name":"Ada","age":36}"#;

#[test]
fn json_that_fits_stays_as_it_is() {
    for text in [ADA.to_owned(), format!("\n {ADA}\n")] {
        for reading in [Reading::Strict, Reading::Lenient] {
            assert_eq!(read(&person(), &text, reading), Ok((text.clone(), None)));
        }
    }
}

#[test]
fn a_fence_is_no_part_of_the_json() {
    for reading in [Reading::Strict, Reading::Lenient] {
        for text in [format!("```json\n{ADA}\n```"), format!("```\n{ADA}```\n")] {
            assert_eq!(
                read(&person(), &text, reading),
                Ok((ADA.into(), Some("response_format_text"))),
                "{text}"
            );
        }
    }
}

#[test]
fn text_around_json_and_json_that_is_none_quite_are_read_leniently_only() {
    for (text, expected) in [
        (format!("Sure, [here] it is: {ADA} I hope {{it}} helps."), ADA),
        (format!("An example is {{\"name\":1}}, and yours:\n```json\n{ADA}\n```"), ADA),
        (format!("An example is {{\"name\":1}}, yours is {ADA}"), ADA),
        ("{'name': 'Ada', 'age': 36,}".into(), ADA),
        ("Here: {name: \"Ada\", age: 36}".into(), ADA),
    ] {
        assert_eq!(
            read(&person(), &text, Reading::Lenient),
            Ok((expected.into(), Some("response_format_text"))),
            "{text}"
        );
        assert!(text.contains("```") || read(&person(), &text, Reading::Strict).is_err(), "{text}");
    }
}

#[test]
fn what_does_not_fit_is_told_with_its_place_and_without_its_text() {
    for (text, reason) in [
        (r#"{"name":"Ada","age":"secret"}"#, "/age: want integer, but got string"),
        (r#"{"name":"Ada","age":-1}"#, "/age: must be >=0, but got -1"),
        (r#"{"age":1}"#, "the whole: missing properties 'name'"),
        (r#"{"name":"Ada","town":"secret"}"#, "the whole: additionalProperties 'town' not allowed"),
        (r#"{"name":1,"age":1.5}"#, "/name: want string, but got number; /age: want integer, but got number"),
        ("[1]", "the whole: want object, but got array"),
        (" ", "it is empty"),
        ("I cannot.", "it is no JSON: expected value at line 1 column 1"),
        (r#"{"name":"Ada""#, "it is no JSON: EOF while parsing an object at line 1 column 13"),
    ] {
        assert_eq!(read(&person(), text, Reading::Strict), Err(reason.into()), "{text}");
        assert_eq!(read(&person(), text, Reading::Lenient), Err(reason.into()), "{text}");
    }
    let code = schema(
        &json!({ "properties": { "code": { "pattern": "^[0-9]+$" }, "kind": { "anyOf": [{ "const": 1 }, { "type": "null" }] } } }),
    );
    let text = r#"{"code":"secret","kind":"secret"}"#;
    let reason = read(&code, text, Reading::Strict).unwrap_err();
    assert!(reason.contains("/code: does not match the pattern ^[0-9]+$"), "{reason}");
    assert!(reason.contains("/kind: fits none of the alternatives"), "{reason}");
}

#[test]
fn an_object_is_an_object() {
    let object = check(json!({ "type": "json_object" }));
    assert_eq!(read(&object, "{}", Reading::Strict), Ok(("{}".into(), None)));
    assert_eq!(read(&object, "[]", Reading::Strict), Err("it is JSON, but no object".into()));
    assert_eq!(read(&object, "[{\"a\":1}]", Reading::Lenient), Err("it is JSON, but no object".into()));
}

#[test]
fn patterns_are_those_of_schemas() {
    let words = schema(&json!({ "pattern": "^\\d{2}-[\\w.]+\\s?\\/$" }));
    for (text, fits) in
        [("\"12-a_b. /\"", true), ("\"12-c/\"", true), ("\"1-c/\"", false), ("\"١٢-c/\"", false)]
    {
        assert_eq!(words.read(text, Reading::Strict).is_ok(), fits, "{text}");
    }
}

#[test]
fn both_drafts_are_known_and_nothing_is_fetched() {
    let tuple = json!([{ "type": "string" }, { "type": "integer" }]);
    for (schema_, keyword) in [
        (json!({ "$schema": "https://json-schema.org/draft/2020-12/schema" }), "prefixItems"),
        (json!({ "$schema": "http://json-schema.org/draft-07/schema#" }), "items"),
        (json!({}), "prefixItems"),
        (json!({}), "items"),
    ] {
        let mut tuples = schema_;
        tuples[keyword] = tuple.clone();
        let check = schema(&tuples);
        assert!(check.read(r#"["a",1]"#, Reading::Strict).is_ok(), "{tuples}");
        assert!(check.read(r#"["a","b"]"#, Reading::Strict).is_err(), "{tuples}");
    }
    let tree = schema(&json!({
        "$ref": "#/$defs/node",
        "$defs": { "node": { "type": "object", "properties": { "kids": { "type": "array", "items": { "$ref": "#/$defs/node" } } } } },
    }));
    assert!(tree.read(r#"{"kids":[{"kids":[]}]}"#, Reading::Strict).is_ok());
    assert!(tree.read(r#"{"kids":[{"kids":1}]}"#, Reading::Strict).is_err());
    for (wrong, words) in [
        (json!({ "$ref": "file:///etc/passwd" }), "$defs"),
        (json!({ "type": "wobbly" }), "no JSON Schema"),
        (json!({ "properties": 5 }), "/properties: want object, but got number"),
        (json!({ "pattern": "(" }), "no JSON Schema"),
    ] {
        let format = json!({ "type": "json_schema", "schema": wrong });
        let error = Check::new(serde_json::from_value(format).unwrap()).unwrap_err();
        assert!(error.message.contains(words), "{error}");
        assert_eq!(error.code, crate::error::Code::Configuration);
    }
}

#[test]
fn a_pattern_that_looks_around_is_left_to_others_and_that_is_told() {
    let words = json!({ "properties": {
        "mail": { "type": "string", "pattern": "^(?!\\.)a" },
        "pattern": { "type": "string", "pattern": "^\\p{Ll}" },
    }, "patternProperties": { "^(?=x)": false, "^y": false } });
    let check = schema(&words);
    assert!(check.read(r#"{"mail":"b","pattern":"C","x":1}"#, Reading::Strict).is_ok());
    assert!(check.read(r#"{"mail":"b","y":1}"#, Reading::Strict).is_err());
    assert!(check.unchecked().unwrap().message.contains(r"^(?=x), ^(?!\.)a, ^\p{Ll}"));
    let validated = json!({ "type": "json_schema", "schema": words, "hasValidator": true });
    assert_eq!(Check::new(serde_json::from_value(validated).unwrap()).unwrap().unchecked(), None);
    assert_eq!(person().unchecked(), None);
}

#[test]
fn a_pattern_that_only_javascript_knows_is_left_to_others() {
    for pattern in [r"^(x)\1$", "^[^]*$", r"^[\w-./]+$"] {
        let check = schema(&json!({ "properties": { "a": { "type": "string", "pattern": pattern } } }));
        assert!(check.unchecked().unwrap().message.contains(pattern), "{pattern}");
    }
    let known = schema(&json!({ "properties": { "a": { "type": "string", "pattern": r"^\d-\d$" } } }));
    assert_eq!(known.unchecked(), None);
    assert!(known.read(r#"{"a":"1-x"}"#, Reading::Strict).is_err());
}

#[test]
fn a_decimal_fraction_is_a_multiple_as_people_count() {
    let price = schema(&json!({
        "properties": { "a": { "type": "number", "multipleOf": 0.01 }, "b": { "anyOf": [{ "multipleOf": 0.1 }, { "type": "null" }] } },
    }));
    for text in [r#"{"a":0.07}"#, r#"{"a":19.99,"b":0.3}"#, r#"{"a":4.35}"#] {
        assert!(price.read(text, Reading::Strict).is_ok(), "{text}");
    }
    let tens = schema(&json!({ "properties": { "a": { "multipleOf": 10 } } }));
    assert!(tens.read(r#"{"a":12345678905}"#, Reading::Strict).is_err());
    for text in [r#"{"a":0.075}"#, r#"{"a":19.99,"b":0.35}"#, r#"{"a":"x"}"#, r#"{"a":1234567890.123}"#] {
        assert!(price.read(text, Reading::Strict).is_err(), "{text}");
    }
}

#[test]
fn a_pattern_is_for_the_whole_text() {
    let code = check(json!({ "type": "regex", "pattern": "[A-Z]{3}|[0-9]+" }));
    for (text, found) in
        [("ABC", "ABC"), ("ABC\n", "ABC"), (" 12 ", "12"), ("\"12\"", "12"), ("`ABC`", "ABC")]
    {
        assert_eq!(read(&code, text, Reading::Lenient), Ok((found.into(), None)), "{text}");
    }
    for text in ["ABCD", "12 or so", "", "abc"] {
        assert_eq!(
            read(&code, text, Reading::Lenient),
            Err("it does not match the pattern [A-Z]{3}|[0-9]+".into())
        );
    }
    for pattern in ["(", "(?=a)b"] {
        let format = json!({ "type": "regex", "pattern": pattern });
        let error = Check::new(serde_json::from_value(format).unwrap()).unwrap_err();
        assert!(error.message.starts_with("`responseFormat.pattern` cannot be used: "), "{error}");
        assert!(!error.message.contains('\n'), "{error}");
    }
}

#[test]
fn a_choice_is_one_of_the_texts_as_they_are() {
    let choice = check(json!({ "type": "choice", "choices": ["yes", "no", "\"quoted\""] }));
    for (text, found) in [("yes", "yes"), ("no\n", "no"), ("'yes'", "yes"), ("\"quoted\"", "\"quoted\"")] {
        assert_eq!(read(&choice, text, Reading::Strict), Ok((found.into(), None)), "{text}");
    }
    for text in ["Yes", "yes, I think", "maybe", ""] {
        assert_eq!(read(&choice, text, Reading::Lenient), Err("it is none of the choices".into()));
    }
}

#[test]
fn a_plain_text_is_taken_out_of_the_object_that_a_server_of_json_alone_puts_it_in() {
    let code = check(json!({ "type": "regex", "pattern": "^a|b$" }));
    let wrapped = in_object(code.format()).unwrap();
    assert_eq!(Value::from(wrapped.schema)["properties"]["answer"]["pattern"], "^(a|b)$");
    assert_eq!(read(&code, r#" {"answer": "b"}"#, Reading::InObject), Ok(("b".into(), None)));
    // A server that ignores the schema.
    assert_eq!(read(&code, "b\n", Reading::InObject), Ok(("b".into(), None)));
    assert!(read(&code, r#"{"answer": "c"}"#, Reading::InObject).is_err());
    let choice = check(json!({ "type": "choice", "choices": ["yes", "no"] }));
    assert_eq!(
        in_object(choice.format()).unwrap().schema["properties"]["answer"]["enum"],
        json!(["yes", "no"])
    );
    assert_eq!(read(&choice, r#"{"answer":"no"}"#, Reading::InObject), Ok(("no".into(), None)));
    assert_eq!(in_object(person().format()), None);
}

#[test]
fn a_grammar_is_not_looked_at() {
    let grammar = check(json!({ "type": "grammar", "grammar": "root ::= \"a\"" }));
    assert!(!grammar.tells());
    assert_eq!(grammar.read("b", Reading::Strict), Ok(Fit::as_it_is(None)));
}

#[test]
fn a_text_of_brackets_is_not_read_once_for_each() {
    let text = "[{".repeat(200_000);
    assert!(person().read(&text, Reading::Lenient).is_err());
}
