//! A request in the wire's names. Only what the user set is sent.

use std::collections::HashMap;

use serde_json::{Map, Number, Value, json};

use super::super::{given_calls, logprobs, openai::tool};
use crate::types::{
    AssistantMessage, ChatRequest, CompletionRequest, Content, GenerationOptions, GivenToolCall, Message,
    OneOrMany, Part,
};

pub fn chat(request: ChatRequest, model: &str, defaults: &GenerationOptions) -> Map<String, Value> {
    let mut body = Map::new();
    body.insert("model".into(), model.into());
    body.insert("messages".into(), messages(request.messages));
    body.insert("stream".into(), true.into());
    // The protocol knows no choice between them.
    if !request.tools.tools.is_empty() {
        body.insert("tools".into(), request.tools.tools.into_iter().map(tool).collect());
    }
    logprobs::ask(request.options.logprobs.or(defaults.logprobs), &mut body);
    // The request's own fields overwrite the defaults', one by one.
    options(defaults.clone(), &mut body);
    options(request.options, &mut body);
    body
}

/// A text goes on only where no template is put around it, and a suffix only by one.
pub fn completion(
    request: CompletionRequest,
    model: &str,
    defaults: &GenerationOptions,
) -> Map<String, Value> {
    let mut body = Map::new();
    body.insert("model".into(), model.into());
    body.insert("prompt".into(), request.prompt.into());
    match request.suffix {
        Some(suffix) => _ = body.insert("suffix".into(), suffix.into()),
        None => _ = body.insert("raw".into(), true.into()),
    }
    body.insert("stream".into(), true.into());
    options(defaults.clone(), &mut body);
    options(request.options, &mut body);
    body
}

pub fn embeddings(input: &[String], model: &str, dimensions: Option<&Number>) -> Map<String, Value> {
    let mut body = Map::new();
    body.insert("model".into(), model.into());
    body.insert("input".into(), input.into());
    if let Some(dimensions) = dimensions {
        body.insert("dimensions".into(), Value::Number(dimensions.clone()));
    }
    body
}

/// The protocol has no role `developer`, no message without content, and no name of a user. A tool's result names the
/// tool.
fn messages(messages: Vec<Message>) -> Value {
    let mut called = HashMap::new();
    let message = |message| match message {
        Message::System { content } | Message::Developer { content } => turn("system", content),
        Message::User { content, name: _ } => said("user", content),
        Message::Assistant(message) => {
            called.extend(message.tool_calls.iter().map(|call| (call.id.clone(), call.name.clone())));
            assistant(message)
        }
        Message::Tool { tool_call_id, content, name } => {
            let mut result = said("tool", content);
            if let Some(name) = name.or_else(|| called.get(&tool_call_id).cloned()) {
                result["tool_name"] = name.into();
            }
            result["tool_call_id"] = tool_call_id.into();
            result
        }
    };
    messages.into_iter().map(message).collect()
}

fn turn(role: &str, content: String) -> Value {
    json!({ "role": role, "content": Value::String(content) })
}

/// Arguments are an object here: a text is refused.
fn assistant(AssistantMessage { content, tool_calls, wire, .. }: AssistantMessage) -> Value {
    let mut message = turn("assistant", content.unwrap_or_default());
    if !tool_calls.is_empty() {
        let call = |call: &GivenToolCall| json!({ "id": call.id, "function": { "name": call.name, "arguments": given_calls::fields(call) } });
        message["tool_calls"] = tool_calls.iter().map(call).collect();
    }
    if let Some(message) = message.as_object_mut() {
        message.extend(wire);
    }
    message
}

/// Images stand beside the text, and their detail cannot be told. So do sounds: Ollama tells them by their content
/// (`openai/openai.go`).
fn said(role: &str, content: Content) -> Value {
    let parts = match content {
        Content::Text(text) => return turn(role, text),
        Content::Parts(parts) => parts,
    };
    let (mut text, mut images) = (String::new(), Vec::new());
    for part in parts {
        match part {
            Part::Text { text: more } => text.push_str(&more),
            Part::Image { image: media, .. } | Part::Audio { audio: media, .. } => {
                images.push(media.base64().into());
            }
        }
    }
    let mut message = turn(role, text);
    if !images.is_empty() {
        message["images"] = Value::Array(images);
    }
    message
}

/// `user` has no counterpart.
fn options(options: GenerationOptions, body: &mut Map<String, Value>) {
    let numbers = [
        ("temperature", options.temperature),
        ("top_p", options.top_p),
        ("top_k", options.top_k),
        ("min_p", options.min_p),
        ("num_predict", options.max_tokens),
        ("seed", options.seed),
        ("frequency_penalty", options.frequency_penalty),
        ("presence_penalty", options.presence_penalty),
        ("repeat_penalty", options.repetition_penalty),
    ];
    let numbers = numbers.into_iter().filter_map(|(name, number)| Some((name, Value::Number(number?))));
    // A single string is refused.
    let stop = options.stop.map(|stop| match stop {
        OneOrMany::One(stop) => vec![stop],
        OneOrMany::Many(stops) => stops,
    });
    let own: Map<String, Value> = numbers
        .chain(stop.map(|stops| ("stop", stops.into())))
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    if !own.is_empty() {
        set(body, OPTIONS.into(), own.into());
    }
    for (name, value) in options.extra_body.into_iter().flatten() {
        set(body, name, value);
    }
}

/// The one field of the top level in which the options of several givers meet.
const OPTIONS: &str = "options";

fn set(body: &mut Map<String, Value>, name: String, mut value: Value) {
    if name == OPTIONS
        && let Some(more) = value.as_object_mut()
        && let Some(Value::Object(known)) = body.get_mut(OPTIONS)
    {
        known.append(more);
    } else {
        body.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(request: &str, defaults: &str) -> Value {
        let body =
            chat(serde_json::from_str(request).unwrap(), "m", &serde_json::from_str(defaults).unwrap());
        Value::Object(body)
    }

    #[test]
    fn nothing_is_sent_that_nobody_set() {
        let body = encoded(r#"{"messages":[{"role":"user","content":"hi"}]}"#, "{}");
        assert_eq!(
            body.to_string(),
            r#"{"model":"m","messages":[{"role":"user","content":"hi"}],"stream":true}"#
        );
    }

    #[test]
    fn messages_say_what_the_protocol_can_say() {
        let body = encoded(
            r#"{"messages":[
                {"role":"developer","content":"a"},
                {"role":"system","content":"b"},
                {"role":"user","content":"c","name":"Ada"},
                {"role":"assistant","content":null}
            ]}"#,
            "{}",
        );
        assert_eq!(
            body["messages"].to_string(),
            r#"[{"role":"system","content":"a"},{"role":"system","content":"b"},{"role":"user","content":"c"},{"role":"assistant","content":""}]"#
        );
    }

    #[test]
    fn a_text_goes_on_as_it_is_unless_there_is_a_suffix() {
        let completed = |request: &str| {
            completion(serde_json::from_str(request).unwrap(), "m", &GenerationOptions::default())
        };
        assert_eq!(
            Value::Object(completed(r#"{"prompt":"1 2","options":{"maxTokens":5}}"#)),
            json!({"model": "m", "prompt": "1 2", "raw": true, "stream": true, "options": {"num_predict": 5}})
        );
        let body = completed(r#"{"prompt":"a","suffix":"b"}"#);
        assert_eq!((body.get("raw"), &body["suffix"]), (None, &json!("b")));
    }

    #[test]
    fn tools_and_their_calls_are_sent_as_objects() {
        let body = encoded(
            r#"{"tools":{"tools":[{"name":"f"}],"toolChoice":"auto","parallelToolCalls":true},"messages":[
                {"role":"assistant","content":null,"toolCalls":[{"id":"1","name":"f","rawArguments":"{\"a\":1}"}]},
                {"role":"tool","toolCallId":"1","content":[{"type":"text","text":"sunny"}]}
            ]}"#,
            "{}",
        );
        let function = json!({"name": "f", "parameters": {"type": "object", "properties": {}}});
        assert_eq!(body["tools"], json!([{"type": "function", "function": function}]));
        assert_eq!((body.get("tool_choice"), body.get("parallel_tool_calls")), (None, None));
        assert_eq!(
            body["messages"],
            json!([
                {"role": "assistant", "content": "",
                    "tool_calls": [{"id": "1", "function": {"name": "f", "arguments": {"a": 1}}}]},
                {"role": "tool", "content": "sunny", "tool_name": "f", "tool_call_id": "1"},
            ])
        );
    }

    #[test]
    fn every_option_has_its_own_name_here() {
        let body = encoded(
            r#"{"options":{"temperature":0.5,"topP":0.9,"topK":40,"minP":0.1,"maxTokens":256,"stop":"x","seed":7,
                "frequencyPenalty":0.2,"presencePenalty":0.3,"repetitionPenalty":1.1,"user":"u"}}"#,
            "{}",
        );
        assert_eq!(
            body["options"],
            json!({
                "temperature": 0.5, "top_p": 0.9, "top_k": 40, "min_p": 0.1, "num_predict": 256, "stop": ["x"],
                "seed": 7, "frequency_penalty": 0.2, "presence_penalty": 0.3, "repeat_penalty": 1.1,
            })
        );
        assert_eq!(body.get("user"), None);
        assert_eq!(body["options"]["num_predict"].to_string(), "256");
    }

    #[test]
    fn a_call_overrides_the_defaults_field_by_field() {
        let body = encoded(
            r#"{"options":{"temperature":0.5,"stop":"x"}}"#,
            r#"{"temperature":1,"maxTokens":256,"stop":["a","b"]}"#,
        );
        assert_eq!(body["options"], json!({"temperature": 0.5, "num_predict": 256, "stop": ["x"]}));
    }

    #[test]
    fn extra_body_is_merged_into_the_top_level_and_into_the_options_and_wins() {
        let body = encoded(
            r#"{"options":{"topK":3,"extraBody":{"think":false,"options":{"top_k":4,"num_ctx":8192}}}}"#,
            r#"{"temperature":1,"extraBody":{"keep_alive":"5m","options":{"num_ctx":1024,"num_gpu":1}}}"#,
        );
        assert_eq!(body["options"], json!({"temperature": 1, "num_ctx": 8192, "num_gpu": 1, "top_k": 4}));
        assert_eq!((&body["think"], &body["keep_alive"]), (&json!(false), &json!("5m")));
        assert_eq!(body.get("extraBody"), None);
    }

    #[test]
    fn options_that_are_no_object_are_sent_as_they_are() {
        let body = encoded(r#"{"options":{"topK":3,"extraBody":{"options":null}}}"#, "{}");
        assert_eq!(body["options"], Value::Null);
        let body = encoded(r#"{"options":{"topK":3}}"#, r#"{"extraBody":{"options":null}}"#);
        assert_eq!(body["options"], json!({"top_k": 3}));
    }
}
