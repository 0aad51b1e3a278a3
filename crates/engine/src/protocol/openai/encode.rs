//! A request in the wire's names. Only what the user set is sent, and what streaming itself needs.

use serde_json::{Map, Value, json};

use crate::types::{
    AssistantMessage, ChatRequest, Content, GenerationOptions, GivenToolCall, Message, OneOrMany, Part,
};

pub fn chat(request: ChatRequest, model: &str, defaults: &GenerationOptions) -> Map<String, Value> {
    let mut body = Map::new();
    body.insert("model".into(), model.into());
    body.insert("messages".into(), request.messages.into_iter().map(message).collect());
    // Only a closed stream makes llama.cpp and LM Studio stop generating.
    body.insert("stream".into(), true.into());
    // Without it most servers count no tokens in a stream.
    body.insert("stream_options".into(), json!({ "include_usage": true }));
    // The request's own fields overwrite the defaults', one by one.
    options(defaults.clone(), &mut body);
    options(request.options, &mut body);
    body
}

fn message(message: Message) -> Value {
    let (role, content, name) = match message {
        Message::System { content } => ("system", Value::String(content), None),
        Message::Developer { content } => ("developer", Value::String(content), None),
        Message::User { content, name } => ("user", content_of(content), name),
        Message::Assistant(message) => return assistant(message),
        Message::Tool { tool_call_id, content, name } => {
            let mut message =
                json!({ "role": "tool", "tool_call_id": tool_call_id, "content": content_of(content) });
            if let Some(name) = name {
                message["name"] = name.into();
            }
            return message;
        }
    };
    let mut message = json!({ "role": role, "content": content });
    if let Some(name) = name {
        message["name"] = name.into();
    }
    message
}

fn assistant(AssistantMessage { content, tool_calls, .. }: AssistantMessage) -> Value {
    let mut message = json!({ "role": "assistant", "content": content.map(Value::String) });
    if !tool_calls.is_empty() {
        message["tool_calls"] = tool_calls.into_iter().map(tool_call).collect();
    }
    message
}

fn tool_call(GivenToolCall { id, name, raw_arguments }: GivenToolCall) -> Value {
    json!({ "id": id, "type": "function", "function": { "name": name, "arguments": raw_arguments } })
}

fn content_of(content: Content) -> Value {
    match content {
        Content::Text(text) => Value::String(text),
        Content::Parts(parts) => parts.into_iter().filter_map(part).collect(),
    }
}

fn part(part: Part) -> Option<Value> {
    match part {
        Part::Text { text } => Some(json!({ "type": "text", "text": text })),
        Part::Image { .. } | Part::Audio { .. } => None,
    }
}

fn options(options: GenerationOptions, body: &mut Map<String, Value>) {
    let numbers = [
        ("temperature", options.temperature),
        ("top_p", options.top_p),
        ("top_k", options.top_k),
        ("min_p", options.min_p),
        ("max_tokens", options.max_tokens),
        ("seed", options.seed),
        ("frequency_penalty", options.frequency_penalty),
        ("presence_penalty", options.presence_penalty),
        ("repetition_penalty", options.repetition_penalty),
    ];
    for (name, number) in numbers {
        if let Some(number) = number {
            body.insert(name.into(), Value::Number(number));
        }
    }
    match options.stop {
        Some(OneOrMany::One(stop)) => _ = body.insert("stop".into(), stop.into()),
        Some(OneOrMany::Many(stops)) => _ = body.insert("stop".into(), stops.into()),
        None => {}
    }
    if let Some(user) = options.user {
        body.insert("user".into(), user.into());
    }
    body.extend(options.extra_body.into_iter().flatten());
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
            r#"{"model":"m","messages":[{"role":"user","content":"hi"}],"stream":true,"stream_options":{"include_usage":true}}"#
        );
    }

    #[test]
    fn a_call_overrides_the_defaults_field_by_field() {
        let body = encoded(
            r#"{"options":{"temperature":0.5,"stop":"x"}}"#,
            r#"{"temperature":1,"maxTokens":256,"stop":["a","b"]}"#,
        );
        assert_eq!(body["temperature"], json!(0.5));
        assert_eq!(body["max_tokens"].to_string(), "256");
        assert_eq!(body["stop"], json!("x"));
    }

    #[test]
    fn extra_body_is_merged_into_the_top_level_and_wins() {
        let body = encoded(
            r#"{"options":{"topK":3,"extraBody":{"top_k":4,"grammar":"root ::= x"}}}"#,
            r#"{"extraBody":{"min_p":0.1}}"#,
        );
        assert_eq!(body["top_k"], json!(4));
        assert_eq!(body["grammar"], json!("root ::= x"));
        assert_eq!(body["min_p"], json!(0.1));
        assert_eq!(body.get("extraBody"), None);
    }
}
