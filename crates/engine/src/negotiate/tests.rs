use serde_json::json;

use super::*;
use crate::protocol::Failure;

fn refusal(status: u16, body: &str) -> Error {
    Failure::of_body(body.as_bytes()).status(status).into_error()
}

fn body(fields: &Value) -> Map<String, Value> {
    let mut body = json!({
        "model": "m",
        "messages": [{ "role": "system", "content": "s" }, { "role": "user", "content": "u" }],
        "stream_options": { "include_usage": true },
    });
    body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    body.as_object().unwrap().clone()
}

/// What a server's words make of a request with `fields`: those that go, and what is told.
fn changed(status: u16, words: &str, fields: &Value) -> Option<(Vec<String>, Map<String, Value>, String)> {
    let (mut sent, before) = (body(fields), body(fields));
    let warning = Learnt::default().refusal(&refusal(status, words), "m", &mut sent)?;
    let gone = before.keys().filter(|field| !sent.contains_key(*field)).cloned().collect();
    Some((gone, sent, warning.message))
}

const MAX_TOKENS: &str = r#"{"error":{"message":"Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.","type":"invalid_request_error","param":"max_tokens","code":"unsupported_parameter"}}"#;
const MAX_COMPLETION_TOKENS: &str = r#"{"error":{"message":"Unrecognized request argument supplied: max_completion_tokens","type":"invalid_request_error","param":null,"code":null}}"#;
const TEMPERATURE: &str = r#"{"error":{"message":"Unsupported parameter: 'temperature' is not supported with this model.","type":"invalid_request_error","param":"temperature","code":null}}"#;

#[test]
fn a_refused_choice_of_tools_is_made_by_what_is_offered() {
    let tools = json!([{ "function": { "name": "f" } }, { "function": { "name": "g" } }]);
    let offered = |choice: Value| {
        let learnt = Learnt::default();
        let body = json!({ "tools": tools, "tool_choice": choice, "parallel_tool_calls": false });
        let Value::Object(body) = body else { unreachable!("it is one") };
        let mut sent = body.clone();
        let error = refusal(400, "Invalid tool_choice type: 'object'");
        assert_eq!(learnt.refusal(&error, "m", &mut sent).unwrap().code, "refused_field");
        assert_eq!((sent.get("tool_choice"), &sent["parallel_tool_calls"]), (None, &json!(false)));
        let mut next = body;
        learnt.apply("m", &mut next);
        assert_eq!(next, sent);
        sent.get("tools").map(|tools| tools.as_array().unwrap().len())
    };
    assert_eq!(offered(json!({ "type": "function", "function": { "name": "g" } })), Some(1));
    assert_eq!(offered(json!("required")), Some(2));
    assert_eq!(offered(json!("none")), None);
}

#[test]
fn a_field_that_is_refused_is_left_out() {
    let fields = json!({ "temperature": 1, "top_p": 1, "top_k": 5, "seed": 1, "stop": "x", "user": "u" });
    for (words, field) in [
        (TEMPERATURE, "temperature"),
        (
            r#"{"error":{"message":"Unsupported value: 'temperature' does not support 0.2 with this model. Only the default (1) value is supported.","param":"temperature","code":"unsupported_value"}}"#,
            "temperature",
        ),
        (
            r#"{"error":{"message":"Unknown parameter: 'top_k'.","param":"top_k","code":"unknown_parameter"}}"#,
            "top_k",
        ),
        (
            r#"{"detail":[{"type":"extra_forbidden","loc":["body","seed"],"msg":"Extra inputs are not permitted"}]}"#,
            "seed",
        ),
        (r#"{"detail":"Unexpected keys in the request: {'top_k'}"}"#, "top_k"),
        (r#"{"error":{"message":"property 'top_k' is unsupported, did you mean 'top_p'?"}}"#, "top_k"),
        (
            r#"{"error":{"message":"litellm.UnsupportedParamsError: openai does not support parameters: ['stop'], for model=m","param":"None","code":"400"}}"#,
            "stop",
        ),
        (r#"{"error":{"message":"Unrecognized request argument supplied: user"}}"#, "user"),
        (
            r#"{"error":{"message":"litellm.UnsupportedParamsError: gpt-5 models (including gpt-5-codex) don't support temperature=0.2. Only temperature=1 is supported.","type":"None","param":null,"code":"400"}}"#,
            "temperature",
        ),
        (r#"{"error":{"message":"Argument not supported on this model: topP"}}"#, "top_p"),
    ] {
        for status in [400, 422] {
            let (gone, _, told) = changed(status, words, &fields).unwrap();
            assert_eq!(gone, [field], "{words}");
            assert_eq!(told, format!("The server refuses `{field}`; it is left out."));
        }
    }
}

#[test]
fn a_field_that_is_refused_beside_another_is_sent_again_without_that() {
    let words = r#"{"error":{"code":400,"message":"logprobs is not supported with tools + stream","type":"invalid_request_error"}}"#;
    let learnt = Learnt::default();
    let mut sent = body(&json!({ "logprobs": true, "tools": [], "stream": true }));
    learnt.refusal(&refusal(400, words), "m", &mut sent).unwrap();
    assert!(!sent.contains_key("logprobs"));
    let mut next = body(&json!({ "logprobs": true }));
    assert_eq!(learnt.apply("m", &mut next), []);
    assert!(next.contains_key("logprobs"));

    let words = r#"{"error":{"message":"Unsupported parameter: 'temperature' is not supported with reasoning_effort.","param":"temperature","code":"unsupported_parameter"}}"#;
    let mut sent = body(&json!({ "temperature": 1, "reasoning_effort": "high" }));
    learnt.refusal(&refusal(400, words), "m", &mut sent).unwrap();
    assert_eq!((sent.contains_key("temperature"), &sent["reasoning_effort"]), (false, &json!("high")));
}

#[test]
fn what_is_no_refusal_of_a_field_that_can_be_spared_stays_an_error() {
    let fields =
        json!({ "temperature": 5, "top_p": 1, "tools": [], "response_format": {}, "user": "u", "stop": "x" });
    for (status, words) in [
        (400, r#"{"error":{"message":"temperature must be <= 2","param":"temperature"}}"#),
        (
            400,
            r#"{"error":{"message":"Invalid 'temperature': decimal above maximum value. Expected a value <= 2, but got 5 instead.","param":"temperature","code":"decimal_above_max_value"}}"#,
        ),
        (
            422,
            r#"{"detail":[{"loc":["body","temperature"],"msg":"Input should be less than or equal to 2"}]}"#,
        ),
        (500, TEMPERATURE),
        (404, TEMPERATURE),
        (400, r#"{"error":{"message":"'tools' is not supported with this model","param":"tools"}}"#),
        (400, r#"{"error":{"message":"'messages' is not supported","param":"messages"}}"#),
        (400, r#"{"error":{"message":"'model' is not supported","param":"model"}}"#),
        // Not sent, or only part of another word.
        (400, r#"{"error":{"message":"'seed' is not supported with this model","param":"seed"}}"#),
        (400, r#"{"error":{"message":"top_p_decay is not supported"}}"#),
        (
            400,
            r#"{"error":{"message":"response_format is not supported when temperature is set","param":"response_format"}}"#,
        ),
        (500, "stream_options broke me"),
        (400, "This model doesn't support system messages: put it into the first message of the user."),
        (400, "We don't support more than 512 tokens here, please stop at that."),
        (400, "Invalid value: 'tool'. Supported values are: 'system', 'assistant' and 'user'."),
    ] {
        assert_eq!(changed(status, words, &fields), None, "{words}");
    }
}

#[test]
fn who_may_not_have_a_stream_gets_the_answer_whole() {
    let words = r#"{"error":{"message":"Your organization must be verified to stream this model.","type":"invalid_request_error","param":"stream","code":"unsupported_value"}}"#;
    let learnt = Learnt::default();
    let mut sent = body(&json!({ "stream": true }));
    let warning = learnt.refusal(&refusal(400, words), "m", &mut sent).unwrap();
    assert_eq!((warning.code, &sent["stream"]), ("not_streamed", &json!(false)));
    assert!(!sent.contains_key("stream_options"));
    assert_eq!(learnt.refusal(&refusal(400, words), "m", &mut sent), None, "once");
    let mut next = body(&json!({ "stream": true }));
    assert_eq!(learnt.apply("m", &mut next), [warning]);
    assert_eq!(next, sent);
}

#[test]
fn a_choice_that_no_endpoint_of_a_gateway_takes_is_seen_to_here() {
    let words = r#"{"error":{"message":"No endpoints found that support the provided 'tool_choice' value.","code":404}}"#;
    let fields = json!({ "tools": [{ "function": { "name": "f" } }], "tool_choice": "required" });
    let (gone, ..) = changed(404, words, &fields).unwrap();
    assert_eq!(gone, ["tool_choice"]);
}

#[test]
fn what_the_package_adds_is_left_out_however_it_is_refused_unless_the_user_set_it() {
    let words = r#"{"error":{"message":"bad stream_options","param":"stream_options.include_usage"}}"#;
    let (gone, ..) = changed(400, words, &json!({})).unwrap();
    assert_eq!(gone, ["stream_options"]);
    assert_eq!(changed(400, words, &json!({ "stream_options": { "include_usage": false } })), None);
}

#[test]
fn a_limit_is_sent_by_the_name_that_the_server_knows_but_not_to_and_fro() {
    let (_, sent, told) = changed(400, MAX_TOKENS, &json!({ "max_tokens": 7 })).unwrap();
    assert_eq!((sent.get("max_tokens"), sent.get("max_completion_tokens")), (None, Some(&json!(7))));
    assert_eq!(told, "The server refuses `max_tokens`; it is sent as `max_completion_tokens`.");

    let (learnt, mut sent) = (Learnt::default(), body(&json!({ "max_completion_tokens": 7 })));
    learnt.refusal(&refusal(400, MAX_COMPLETION_TOKENS), "m", &mut sent).unwrap();
    assert_eq!((sent.get("max_tokens"), sent.get("max_completion_tokens")), (Some(&json!(7)), None));
    assert_eq!(learnt.refusal(&refusal(400, MAX_TOKENS), "m", &mut sent), None);
    assert_eq!(sent.get("max_tokens"), Some(&json!(7)));
}

#[test]
fn a_role_is_sent_by_the_name_that_the_server_knows() {
    let role = |sent: &Map<String, Value>, at: usize| sent["messages"][at]["role"].clone();
    let developer = json!({ "messages": [{ "role": "user" }, { "role": "developer" }] });
    for words in [
        r#"{"error":{"message":"Invalid value: 'developer'. Supported values are: 'system', 'assistant' and 'user'.","param":"messages[1].role","code":"invalid_value"}}"#,
        r#"{"detail":[{"loc":["body","messages",1,"role"],"msg":"Input should be 'system', 'user' or 'assistant'"}]}"#,
        r#"{"error":"unknown variant `developer`, expected one of `system`, `user`"}"#,
        r#"{"error":{"message":"OpenAIException - Unsupported value: 'messages[1].role' does not support 'developer' with this model."}}"#,
    ] {
        let (_, sent, told) = changed(400, words, &developer).unwrap();
        assert_eq!((role(&sent, 0), role(&sent, 1)), (json!("user"), json!("system")), "{words}");
        assert_eq!(told, "The server refuses the role `developer`; it is sent as `system`.");
    }
    let words = r#"{"error":{"message":"Unsupported value: 'messages[0].role' does not support 'system' with this model.","param":"messages[0].role","code":"unsupported_value"}}"#;
    let (_, sent, _) = changed(400, words, &json!({})).unwrap();
    assert_eq!((role(&sent, 0), role(&sent, 1)), (json!("developer"), json!("user")));
    let other = words.replace("[0]", "[1]");
    assert_eq!(changed(400, &other, &json!({})), None, "it is the user's that is refused");
}

#[test]
fn what_was_refused_is_remembered_for_its_model_and_told_again() {
    let learnt = Learnt::default();
    let fields = json!({ "temperature": 1, "max_tokens": 7 });
    let mut sent = body(&fields);
    for words in [TEMPERATURE, MAX_TOKENS, "stream_options?"] {
        assert_eq!(learnt.refusal(&refusal(400, words), "m", &mut sent).unwrap().code, "refused_field");
        assert_eq!(learnt.refusal(&refusal(400, words), "m", &mut sent), None, "a second time is the user's");
    }
    let mut next = body(&fields);
    let told: Vec<_> = learnt.apply("m", &mut next).into_iter().map(|warning| warning.message).collect();
    assert_eq!(
        told,
        [
            "The server refuses `temperature`; it is left out.",
            "The server refuses `max_tokens`; it is sent as `max_completion_tokens`.",
        ]
    );
    assert_eq!(next.keys().collect::<Vec<_>>(), sent.keys().collect::<Vec<_>>());
    assert!(learnt.apply("m", &mut body(&json!({ "max_completion_tokens": 7 }))).is_empty());
    let mut other = body(&fields);
    assert!(learnt.apply("other", &mut other).is_empty());
    assert_eq!(other, body(&fields));
}
