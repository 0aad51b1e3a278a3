//! A request in the wire's names. Only what the user set is sent, and what streaming itself needs.

use serde_json::{Map, Number, Value, json};

use super::super::{given_calls, logprobs};
use crate::types::{
    AssistantMessage, ChatRequest, CompletionRequest, Content, GenerationOptions, GivenToolCall, JsonSchema,
    Message, OneOrMany, Part, Tool, ToolChoice, ToolOptions,
};

pub fn chat(request: ChatRequest, model: &str, defaults: &GenerationOptions) -> Map<String, Value> {
    let mut body = Map::new();
    body.insert("model".into(), model.into());
    body.insert("messages".into(), request.messages.into_iter().map(message).collect());
    streamed(&mut body);
    tools(request.tools, &mut body);
    logprobs::ask(request.options.logprobs.or(defaults.logprobs), &mut body);
    // The request's own fields overwrite the defaults', one by one.
    options(defaults.clone(), &mut body);
    options(request.options, &mut body);
    body
}

fn streamed(body: &mut Map<String, Value>) {
    // Only a closed stream makes llama.cpp and LM Studio stop generating.
    body.insert("stream".into(), true.into());
    // Without it most servers count no tokens in a stream.
    body.insert("stream_options".into(), json!({ "include_usage": true }));
}

pub fn completion(
    request: CompletionRequest,
    model: &str,
    defaults: &GenerationOptions,
) -> Map<String, Value> {
    let mut body = Map::new();
    body.insert("model".into(), model.into());
    body.insert("prompt".into(), request.prompt.into());
    if let Some(suffix) = request.suffix {
        body.insert("suffix".into(), suffix.into());
    }
    streamed(&mut body);
    options(defaults.clone(), &mut body);
    options(request.options, &mut body);
    body
}

/// As base64, they are a third as long and need no reading number by number. Many servers give them only as floats, asked
/// for or not.
pub fn embeddings(input: &[String], model: &str, dimensions: Option<&Number>) -> Map<String, Value> {
    let mut body = Map::new();
    body.insert("model".into(), model.into());
    body.insert("input".into(), input.into());
    body.insert("encoding_format".into(), "base64".into());
    if let Some(dimensions) = dimensions {
        body.insert("dimensions".into(), Value::Number(dimensions.clone()));
    }
    body
}

/// A choice without tools is refused by vLLM, and so is an empty list of them.
fn tools(
    ToolOptions { tools, tool_choice, parallel_tool_calls, .. }: ToolOptions,
    body: &mut Map<String, Value>,
) {
    if tools.is_empty() {
        return;
    }
    body.insert("tools".into(), tools.into_iter().map(tool).collect());
    if let Some(choice) = tool_choice {
        let choice = match choice {
            ToolChoice::Auto => "auto".into(),
            ToolChoice::None => "none".into(),
            ToolChoice::Required => "required".into(),
            ToolChoice::Named { name } => json!({ "type": "function", "function": { "name": name } }),
        };
        body.insert("tool_choice".into(), choice);
    }
    if let Some(parallel) = parallel_tool_calls {
        body.insert("parallel_tool_calls".into(), parallel.into());
    }
}

/// A tool of which no parameters are told takes none: several servers need a schema.
pub fn tool(Tool { name, description, parameters, strict }: Tool) -> Value {
    let mut function = json!({ "name": name });
    if let Some(description) = description {
        function["description"] = description.into();
    }
    function["parameters"] =
        parameters.map_or_else(|| json!({ "type": "object", "properties": {} }), Value::Object);
    if let Some(strict) = strict {
        function["strict"] = strict.into();
    }
    json!({ "type": "function", "function": function })
}

/// The name is not optional.
pub fn json_schema(JsonSchema { name, schema, strict, .. }: JsonSchema) -> Map<String, Value> {
    let mut named = json!({ "name": name.as_deref().unwrap_or("response"), "schema": schema });
    if let Some(strict) = strict {
        named["strict"] = strict.into();
    }
    response_format(json!({ "type": "json_schema", "json_schema": named }))
}

pub fn response_format(format: Value) -> Map<String, Value> {
    Map::from_iter([("response_format".to_owned(), format)])
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

/// Beside calls, an empty text is `null`: some servers refuse it.
fn assistant(AssistantMessage { content, tool_calls, mut wire, .. }: AssistantMessage) -> Value {
    // By the ids of the calls.
    let mut extras = wire.remove("tool_calls");
    let mut message = Map::new();
    message.insert("role".into(), "assistant".into());
    if tool_calls.is_empty() {
        message.insert("content".into(), content.into());
    } else {
        message.insert("content".into(), content.filter(|content| !content.is_empty()).into());
        let calls = tool_calls.iter().map(|call| {
            let mut wire = tool_call(call);
            let extra = extras.as_mut().and_then(|extras| extras.get_mut(&call.id)).map(Value::take);
            if let (Some(wire), Some(Value::Object(extra))) = (wire.as_object_mut(), extra) {
                wire.extend(extra);
            }
            wire
        });
        message.insert("tool_calls".into(), calls.collect());
    }
    for (name, value) in wire {
        message.entry(name).or_insert(value);
    }
    Value::Object(message)
}

fn tool_call(call: &GivenToolCall) -> Value {
    let function = json!({ "name": call.name, "arguments": given_calls::text(call) });
    json!({ "id": call.id, "type": "function", "function": function })
}

fn content_of(content: Content) -> Value {
    match content {
        Content::Text(text) => Value::String(text),
        Content::Parts(parts) => parts.into_iter().map(part).collect(),
    }
}

/// An image that the server is to fetch is told by its address.
fn part(part: Part) -> Value {
    match part {
        Part::Text { text } => json!({ "type": "text", "text": text }),
        Part::Image { image, detail, .. } => {
            let mut image = json!({ "url": image.url() });
            if let Some(detail) = detail {
                image["detail"] = json!(detail);
            }
            json!({ "type": "image_url", "image_url": image })
        }
        Part::Audio { audio, format, .. } => {
            json!({ "type": "input_audio", "input_audio": { "data": audio.base64(), "format": format } })
        }
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
    fn a_text_completion_has_the_options_of_a_chat() {
        let request = r#"{"prompt":"def f(","suffix":"return x","options":{"maxTokens":7,"stop":"x"}}"#;
        let request = serde_json::from_str(request).unwrap();
        let defaults = serde_json::from_str(r#"{"temperature":0.5,"extraBody":{"echo":false}}"#).unwrap();
        assert_eq!(
            Value::Object(completion(request, "m", &defaults)),
            json!({
                "model": "m", "prompt": "def f(", "suffix": "return x", "stream": true,
                "stream_options": { "include_usage": true }, "temperature": 0.5, "echo": false, "max_tokens": 7,
                "stop": "x",
            })
        );
        let body =
            completion(CompletionRequest { prompt: String::new(), ..Default::default() }, "m", &defaults);
        assert_eq!((body.get("suffix"), &body["prompt"]), (None, &json!("")));
    }

    #[test]
    fn tools_are_sent_as_functions() {
        let body = encoded(
            r#"{"tools":{"tools":[
                {"name":"f","description":"does it","parameters":{"type":"object","required":["a"]},"strict":true},
                {"name":"g"}
            ],"toolChoice":{"name":"g"},"parallelToolCalls":false}}"#,
            "{}",
        );
        assert_eq!(
            body["tools"],
            json!([
                {"type": "function", "function": {"name": "f", "description": "does it",
                    "parameters": {"type": "object", "required": ["a"]}, "strict": true}},
                {"type": "function", "function": {"name": "g", "parameters": {"type": "object", "properties": {}}}},
            ])
        );
        assert_eq!(body["tool_choice"], json!({"type": "function", "function": {"name": "g"}}));
        assert_eq!(body["parallel_tool_calls"], json!(false));
        for choice in ["auto", "none", "required"] {
            let tools = format!(r#"{{"tools":{{"tools":[{{"name":"g"}}],"toolChoice":"{choice}"}}}}"#);
            assert_eq!(encoded(&tools, "{}")["tool_choice"], json!(choice));
        }
    }

    #[test]
    fn without_tools_nothing_is_said_of_them() {
        let body = encoded(r#"{"tools":{"tools":[],"toolChoice":"none","parallelToolCalls":false}}"#, "{}");
        for field in ["tools", "tool_choice", "parallel_tool_calls"] {
            assert_eq!(body.get(field), None);
        }
    }

    #[test]
    fn calls_and_results_of_the_history_are_sent_as_servers_take_them() {
        let body = encoded(
            r#"{"messages":[
                {"role":"assistant","content":"","toolCalls":[{"id":"1","name":"f","rawArguments":"{'a':1}","arguments":{"a":1}}]},
                {"role":"tool","toolCallId":"1","content":"sunny"},
                {"role":"assistant","content":"Let me see","toolCalls":[{"id":"2","name":"f","rawArguments":"{\"a","invalid":"cut off"}]},
                {"role":"assistant","content":null}
            ]}"#,
            "{}",
        );
        let call = |id: &str, arguments: &str| json!([{"id": id, "type": "function", "function": {"name": "f", "arguments": arguments}}]);
        assert_eq!(
            body["messages"],
            json!([
                {"role": "assistant", "content": null, "tool_calls": call("1", r#"{"a":1}"#)},
                {"role": "tool", "tool_call_id": "1", "content": "sunny"},
                {"role": "assistant", "content": "Let me see", "tool_calls": call("2", "{}")},
                {"role": "assistant", "content": null},
            ])
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

    #[test]
    fn what_a_server_wants_to_see_again_stands_where_it_gave_it() {
        let wire = json!({
            "reasoning_details": [1],
            "role": "system",
            "tool_calls": { "1": { "extra_content": { "s": 1 } }, "2": { "extra_content": { "s": 2 } } },
        });
        let call = |id: &str| GivenToolCall {
            id: id.into(),
            name: "f".into(),
            raw_arguments: "{}".into(),
            arguments: None,
        };
        let answer = |calls: Vec<GivenToolCall>| {
            assistant(AssistantMessage {
                tool_calls: calls,
                wire: wire.as_object().unwrap().clone(),
                ..AssistantMessage::default()
            })
        };
        let message = answer(vec![call("0"), call("1")]);
        assert_eq!(message["reasoning_details"], json!([1]));
        assert_eq!(message["role"], "assistant", "nothing of ours is overwritten");
        assert_eq!(message["tool_calls"][0].get("extra_content"), None);
        assert_eq!(message["tool_calls"][1]["extra_content"], json!({ "s": 1 }));
        assert_eq!(answer(Vec::new()).get("tool_calls"), None, "calls that are told in the text");
    }
}
