//! Messages as strict chat templates want them. Nothing of it is done unless a server refused them as they were.

use serde_json::{Map, Value, json};

use crate::{
    error::{Code, Error},
    types::Warning,
};

/// One thing that is done about messages which a template refuses. Their text, their calls and the results of those
/// all stay, and results stay behind their calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Content is one text: of parts that are all text, and of none at all.
    Flatten,
    /// What says nothing is left out.
    LeaveOutEmpty,
    /// All system messages are one, the first.
    SystemFirst,
    /// The system's text is part of the first message of the user.
    SystemAsUser,
    /// Neighbours of one role are one message.
    Merge,
    /// Answers of the history come without their reasoning.
    LeaveOutReasoning,
}

/// In the order in which they are done when several are known to be needed: each leaves to the next what that mends.
const ALL: [Step; 6] = [
    Step::LeaveOutReasoning,
    Step::Flatten,
    Step::LeaveOutEmpty,
    Step::SystemFirst,
    Step::SystemAsUser,
    Step::Merge,
];

/// What templates and servers say in lower case, and what is tried for it, the mildest first. The first that says it
/// counts.
///
/// The words are those of the `raise_exception` of the templates of Llama, Mistral, Gemma and Qwen, of llama.cpp, of
/// Ollama and text-generation-webui, and of Mistral's, Groq's and Google's services.
const REFUSALS: [(&[&str], &[Step]); 7] = [
    (
        &[
            "system role not supported",
            "system role is not supported",
            "system messages are not supported",
            "system message is not supported",
            "system prompt is not supported",
            "role 'system' is not supported",
            "does not support system",
            "developer instruction is not enabled",
            "only user and assistant roles",
            "only user, assistant and tool roles",
            // A system message alone: it is what the user says.
            "no user query",
            "no first user message",
            "at least one user message",
            "no user message",
        ],
        &[Step::SystemAsUser, Step::SystemFirst],
    ),
    (
        &[
            "remove the reasoning_content",
            "'reasoning_content' is unsupported",
            "'reasoning' is unsupported",
            "'reasoning_details' is unsupported",
            ".reasoning_content: extra inputs are not permitted",
            ".reasoning: extra inputs are not permitted",
        ],
        &[Step::LeaveOutReasoning],
    ),
    (
        &[
            "must be at the beginning",
            "must be the first message",
            "system message must be first",
            "system message should be the first",
            "unexpected role 'system'",
            "unexpected role 'developer'",
        ],
        &[Step::SystemFirst, Step::SystemAsUser],
    ),
    (
        &[
            "must alternate",
            "should be alternating",
            "successive user or assistant messages",
            "roles in a row",
            "2 or more assistant messages",
            "unexpected role 'user' after role 'user'",
            "unexpected role 'assistant' after role 'assistant'",
        ],
        &[Step::SystemFirst, Step::Merge, Step::SystemAsUser],
    ),
    (
        &[
            "last message must",
            "expected last role",
            "must end with a user message",
            "first message must",
            "must start with a user",
        ],
        &[Step::SystemFirst, Step::SystemAsUser],
    ),
    (
        &["non-empty", "cannot be empty", "must not be empty", "should not be empty", "content is empty"],
        &[Step::LeaveOutEmpty],
    ),
    (
        &[
            "content must be a string",
            "content should be a string",
            "content to be a string",
            "value must be a string",
            "should be a valid string",
            "expected a string",
            "invalid message content type",
            "missing content",
            "must contain 'content'",
            "nonetype",
            "not \"list\"",
        ],
        &[Step::Flatten],
    ),
];

/// The steps that may mend what `error` refuses.
pub fn steps_for(error: &Error) -> &'static [Step] {
    // Templates are rendered late: llama.cpp calls it its own fault, and LM Studio has said 200 by then.
    let may_be = matches!(error.status, None | Some(200 | 400 | 422 | 500));
    if !may_be || !matches!(error.code, Code::InvalidRequest | Code::Server) {
        return &[];
    }
    let words = error.message.to_lowercase();
    // What stands before is a piece of the template, with exceptions that were not raised.
    let words = words.rsplit("jinja exception: ").next().unwrap_or_default();
    let said = REFUSALS.iter().find(|(refusals, _)| refusals.iter().any(|refusal| words.contains(refusal)));
    said.map(|(_, steps)| *steps).unwrap_or_default()
}

/// Does those of `steps` that change something, and says which.
pub fn apply(steps: &[Step], body: &mut Map<String, Value>) -> Vec<Step> {
    ALL.into_iter().filter(|step| steps.contains(step) && step.apply(body)).collect()
}

impl Step {
    /// Changes the messages of `body`, if there is anything to change.
    pub fn apply(self, body: &mut Map<String, Value>) -> bool {
        let Some(Value::Array(messages)) = body.get_mut("messages") else { return false };
        // Of what is no message nobody knows what it says.
        if !messages.iter().all(Value::is_object) {
            return false;
        }
        match self {
            Self::Flatten => flatten(messages),
            Self::LeaveOutEmpty => leave_out_empty(messages),
            Self::SystemFirst => system_first(messages),
            Self::SystemAsUser => system_as_user(messages),
            Self::Merge => merge_neighbours(messages),
            Self::LeaveOutReasoning => leave_out_reasoning(messages),
        }
    }

    pub fn warning(self) -> Warning {
        match self {
            Self::Flatten => Warning::new(
                "flattened_content",
                "The server takes only text as content: parts of text are sent as one, and no content as an empty text.",
            ),
            Self::LeaveOutEmpty => Warning::new(
                "left_out_empty",
                "The server takes no empty message: those that say nothing are left out.",
            ),
            Self::SystemFirst => Warning::new(
                "moved_system",
                "The server takes one system message, at the beginning: all of them are sent as the first.",
            ),
            Self::SystemAsUser => Warning::new(
                "system_as_user",
                "The server takes no system message here: its text is sent at the beginning of the first user message.",
            ),
            Self::Merge => Warning::new(
                "merged_messages",
                "The server wants user and assistant to alternate: neighbours of one role are sent as one message.",
            ),
            Self::LeaveOutReasoning => Warning::new(
                "left_out_reasoning",
                "The server takes no reasoning in the history: it is left out.",
            ),
        }
    }
}

fn flatten(messages: &mut [Value]) -> bool {
    let mut is_any = false;
    for message in messages.iter_mut().filter_map(Value::as_object_mut) {
        let flat = match message.get("content") {
            None | Some(Value::Null) => Some(String::new()),
            // The line ends are those with which vLLM and llama.cpp join them.
            Some(Value::Array(parts)) => {
                parts.iter().map(text_of_part).collect::<Option<Vec<_>>>().map(|texts| texts.join("\n"))
            }
            Some(_) => None,
        };
        if let Some(flat) = flat {
            message.insert("content".into(), flat.into());
            is_any = true;
        }
    }
    is_any
}

/// `None` if it is something else, or says more than its text.
fn text_of_part(part: &Value) -> Option<&str> {
    let part = part.as_object().filter(|part| part.len() == 2)?;
    part.get("type").filter(|kind| **kind == "text")?;
    part.get("text")?.as_str()
}

fn leave_out_empty(messages: &mut Vec<Value>) -> bool {
    let says_nothing = |message: &Value| {
        let mut fields = message.as_object().into_iter().flatten();
        role_of(message) != "tool"
            && fields.all(|(name, value)| matches!(name.as_str(), "role" | "name") || is_empty(value))
    };
    let before = messages.len();
    // Without any message it would be another request.
    if !messages.iter().all(says_nothing) {
        messages.retain(|message| !says_nothing(message));
    }
    messages.len() < before
}

fn system_first(messages: &mut Vec<Value>) -> bool {
    let places = messages.iter().enumerate().filter(|(_, message)| is_system(message));
    if places.map(|(place, _)| place).eq(0..1) {
        return false;
    }
    let Some(system) = take_system(messages) else { return false };
    messages.insert(0, system);
    true
}

fn system_as_user(messages: &mut Vec<Value>) -> bool {
    let Some(mut system) = take_system(messages) else { return false };
    system["role"] = "user".into();
    if messages.first().is_some_and(|first| role_of(first) == "user") {
        merge(&mut system, messages.remove(0));
    }
    messages.insert(0, system);
    true
}

/// All system messages as one, with the role of the first.
fn take_system(messages: &mut Vec<Value>) -> Option<Value> {
    let (systems, others): (Vec<_>, Vec<_>) = std::mem::take(messages).into_iter().partition(is_system);
    *messages = others;
    systems.into_iter().reduce(|mut all, next| {
        merge(&mut all, next);
        all
    })
}

fn merge_neighbours(messages: &mut Vec<Value>) -> bool {
    let before = messages.len();
    let mut merged: Vec<Value> = Vec::with_capacity(before);
    for message in std::mem::take(messages) {
        match merged.last_mut() {
            Some(last)
                if role_of(last) == role_of(&message) && matches!(role_of(last), "user" | "assistant") =>
            {
                merge(last, message);
            }
            _ => merged.push(message),
        }
    }
    *messages = merged;
    messages.len() < before
}

fn leave_out_reasoning(messages: &mut [Value]) -> bool {
    let mut is_any = false;
    for message in messages.iter_mut().filter(|message| role_of(message) == "assistant") {
        for field in ["reasoning_content", "reasoning", "reasoning_details"] {
            is_any |= message.as_object_mut().is_some_and(|message| message.remove(field).is_some());
        }
    }
    is_any
}

/// Texts are joined, lists put together. A name that is not both's is nobody's.
fn merge(first: &mut Value, second: Value) {
    let (Value::Object(first), Value::Object(second)) = (first, second) else { return };
    if first.get("name") != second.get("name") {
        first.remove("name");
    }
    for (field, value) in second {
        match (field.as_str(), first.get_mut(&field)) {
            ("role" | "name", _) => {}
            ("content", Some(content)) => join_contents(content, value),
            (_, None) => _ = first.insert(field, value),
            (_, Some(old)) => match (old, value) {
                (Value::Array(old), Value::Array(more)) => old.extend(more),
                (old @ Value::String(_), value @ Value::String(_)) => join_contents(old, value),
                (old, value) if is_empty(old) => *old = value,
                _ => {}
            },
        }
    }
}

fn join_contents(first: &mut Value, second: Value) {
    if is_empty(&second) {
        return;
    }
    *first = match (first.take(), second) {
        (first, second) if is_empty(&first) => second,
        (Value::String(first), Value::String(second)) => format!("{first}\n\n{second}").into(),
        (first, second) => Value::Array([parts_of(first), parts_of(second)].concat()),
    }
}

fn parts_of(content: Value) -> Vec<Value> {
    match content {
        Value::Array(parts) => parts,
        Value::String(text) => vec![json!({ "type": "text", "text": text })],
        other => vec![other],
    }
}

fn role_of(message: &Value) -> &str {
    message.get("role").and_then(Value::as_str).unwrap_or_default()
}

fn is_system(message: &Value) -> bool {
    matches!(role_of(message), "system" | "developer")
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(list) => list.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::protocol::Failure;

    const ALTERNATE: &[Step] = &[Step::SystemFirst, Step::Merge, Step::SystemAsUser];
    const FIRST: &[Step] = &[Step::SystemFirst, Step::SystemAsUser];
    const AS_USER: &[Step] = &[Step::SystemAsUser, Step::SystemFirst];

    fn refused(status: u16, body: &str) -> &'static [Step] {
        steps_for(&Failure::of_body(body.as_bytes()).status(status).into_error())
    }

    fn body(messages: Value) -> Map<String, Value> {
        Map::from_iter([("messages".to_owned(), messages)])
    }

    /// What `step` makes of `messages`; `None` where it changes nothing.
    fn done(step: Step, messages: Value) -> Option<Value> {
        let mut body = body(messages);
        step.apply(&mut body).then(|| body.remove("messages").unwrap())
    }

    #[test]
    fn reasoning_is_left_out_of_a_history_where_the_server_takes_none() {
        for body in [
            r#"{"error":{"message":"The reasoning_content is an intermediate result for display purposes only and will not be included in the context for inference. Please remove the reasoning_content from your message."}}"#,
            r#"{"error":{"message":"'messages.1' : for 'role:assistant' the following must be satisfied[('messages.1' : property 'reasoning' is unsupported)]","type":"invalid_request_error"}}"#,
            r#"{"detail":[{"type":"extra_forbidden","loc":["body","messages",1,"assistant","reasoning_content"],"msg":"Extra inputs are not permitted"}]}"#,
        ] {
            assert_eq!(refused(400, body), [Step::LeaveOutReasoning], "{body}");
        }
        let answer =
            json!({ "role": "assistant", "content": "a", "reasoning_content": "r", "reasoning_details": [] });
        let messages = json!([{ "role": "user", "content": "u" }, answer]);
        let expected = json!([{ "role": "user", "content": "u" }, { "role": "assistant", "content": "a" }]);
        assert_eq!(done(Step::LeaveOutReasoning, messages), Some(expected.clone()));
        assert_eq!(done(Step::LeaveOutReasoning, expected), None);
    }

    #[test]
    fn what_templates_say_is_understood_whoever_renders_them() {
        for (status, body, steps) in [
            // llama.cpp, as in ggml-org/llama.cpp#19851 and #20733.
            (
                500,
                r#"{"error":{"code":500,"message":"\n------------\nWhile executing CallExpression at line 189, column 32 in source:\n...== 0) %}↵            {{- raise_exception('After the optional system message, con...\n                                           ^\nError: Jinja Exception: After the optional system message, conversation roles must alternate user and assistant roles except for tool calls and results.","type":"server_error"}}"#,
                ALTERNATE,
            ),
            (
                400,
                r#"{"error":{"code":400,"message":"Unable to generate parser for this template. Automatic parser generation failed: \n------------\nWhile executing CallExpression at line 85, column 32 in source:\n...first %}↵            {{- raise_exception('System message must be at the beginnin...\n                                           ^\nError: Jinja Exception: System message must be at the beginning.","type":"invalid_request_error"}}"#,
                FIRST,
            ),
            // A template says more than it raises.
            (
                500,
                r#"{"error":{"code":500,"message":"...{{ raise_exception('System role not supported') }}...\nError: Jinja Exception: Conversation roles must alternate user/assistant/user/assistant/...","type":"server_error"}}"#,
                ALTERNATE,
            ),
            (
                400,
                r#"{"error":{"message":"Cannot have 2 or more assistant messages at the end of the list."}}"#,
                ALTERNATE,
            ),
            // vLLM
            (
                400,
                r#"{"object":"error","message":"Conversation roles must alternate user/assistant/user/assistant/...","type":"BadRequestError","param":null,"code":400}"#,
                ALTERNATE,
            ),
            (
                400,
                r#"{"error":{"message":"System role not supported None","type":"BadRequestError","code":400}}"#,
                AS_USER,
            ),
            // LM Studio, in a stream that began with 200.
            (
                200,
                r#"{"error":"Error rendering prompt with jinja template: \"Only user and assistant roles are supported!\".\n\nThis is usually an issue with the model's prompt template."}"#,
                AS_USER,
            ),
            (
                200,
                r#"{"error":{"message":"Error rendering prompt with jinja template: \"No user query found in messages.\"."}}"#,
                AS_USER,
            ),
            // TGI
            (
                422,
                r#"{"error":"Template error: invalid operation: Conversation roles must alternate user/assistant/user/assistant/... (in <string>:1)","error_type":"template_error"}"#,
                ALTERNATE,
            ),
        ] {
            assert_eq!(refused(status, body), steps, "{body}");
        }
    }

    #[test]
    fn what_servers_say_without_a_template_is_understood_too() {
        for (status, body, steps) in [
            // Mistral
            (
                400,
                r#"{"object":"error","message":"Unexpected role 'system' after role 'assistant'","type":"invalid_request_error","param":null,"code":null}"#,
                FIRST,
            ),
            (
                400,
                r#"{"message":"Provider returned error","code":400,"metadata":{"raw":"{\"object\":\"error\",\"message\":\"Expected last role User or Tool (or Assistant with prefix True) for serving but got assistant\",\"type\":\"invalid_request_message_order\",\"code\":\"3230\"}","provider_name":"Mistral"}}"#,
                FIRST,
            ),
            // Google, Llama 3.1, Ollama, text-generation-webui, Groq, OpenAI, LiteLLM
            (
                400,
                r#"[{"error":{"code":400,"message":"Developer instruction is not enabled for models/gemma-3-27b-it","status":"INVALID_ARGUMENT"}}]"#,
                AS_USER,
            ),
            (400, "Cannot put tools in the first user message when there's no first user message!", AS_USER),
            (
                400,
                r#"{"error":{"message":"invalid message content type: <nil>","type":"invalid_request_error"}}"#,
                &[Step::Flatten],
            ),
            (
                400,
                r#"{"error":{"message":"messages: missing content","type":"invalid_request_error","param":"messages","code":null}}"#,
                &[Step::Flatten],
            ),
            (
                400,
                r#"{"error":{"message":"'messages.1' : for 'role:assistant' the following must be satisfied[('messages.1.content' : value must be a string)]","type":"invalid_request_error"}}"#,
                &[Step::Flatten],
            ),
            (
                400,
                r#"{"error":{"message":"Invalid value for 'content': expected a string, got null.","param":"messages.[1].content"}}"#,
                &[Step::Flatten],
            ),
            (
                500,
                r#"{"error":{"message":"litellm.InternalServerError: can only concatenate str (not \"NoneType\") to str"}}"#,
                &[Step::Flatten],
            ),
            (
                422,
                r#"{"detail":[{"type":"string_type","loc":["body","messages",0,"content"],"msg":"Input should be a valid string"}]}"#,
                &[Step::Flatten],
            ),
            (
                400,
                r#"{"error":{"message":"messages: text content blocks must be non-empty"}}"#,
                &[Step::LeaveOutEmpty],
            ),
            // Other failures.
            (404, "roles must alternate", &[]),
            (500, "Internal Server Error", &[]),
            (400, "temperature must be <= 2", &[]),
        ] {
            assert_eq!(refused(status, body), steps, "{body}");
        }
    }

    #[test]
    fn content_is_one_text() {
        let messages = json!([
            { "role": "user", "content": [{ "type": "text", "text": "a" }, { "type": "text", "text": "b" }] },
            { "role": "assistant", "content": null, "tool_calls": [{ "id": "1" }] },
            { "role": "tool", "tool_call_id": "1", "content": [{ "type": "text", "text": "c" }] },
            { "role": "user", "content": [{ "type": "text", "text": "d" }, { "type": "image_url", "image_url": { "url": "u" } }] },
        ]);
        assert_eq!(
            done(Step::Flatten, messages.clone()),
            Some(json!([
                { "role": "user", "content": "a\nb" },
                { "role": "assistant", "content": "", "tool_calls": [{ "id": "1" }] },
                { "role": "tool", "tool_call_id": "1", "content": "c" },
                messages[3],
            ]))
        );
        assert_eq!(done(Step::Flatten, json!([{ "role": "user", "content": "a" }, messages[3]])), None);
    }

    #[test]
    fn what_says_nothing_is_left_out() {
        let messages = json!([
            { "role": "system", "content": " " },
            { "role": "user", "content": "a" },
            { "role": "assistant", "content": "", "tool_calls": [{ "id": "1" }] },
            { "role": "tool", "tool_call_id": "1", "content": "" },
            { "role": "assistant", "content": null },
        ]);
        let left = Value::from(&messages.as_array().unwrap()[1..4]);
        assert_eq!(done(Step::LeaveOutEmpty, messages), Some(left.clone()));
        assert_eq!(done(Step::LeaveOutEmpty, left), None);
        assert_eq!(done(Step::LeaveOutEmpty, json!([{ "role": "user", "content": "" }])), None);
    }

    #[test]
    fn the_system_speaks_once_and_first() {
        let messages = json!([
            { "role": "system", "content": "s" },
            { "role": "user", "content": "a" },
            { "role": "assistant", "content": null, "tool_calls": [{ "id": "1" }] },
            { "role": "developer", "content": [{ "type": "text", "text": "t" }] },
            { "role": "tool", "tool_call_id": "1", "content": "r" },
        ]);
        let parts = json!([{ "type": "text", "text": "s" }, { "type": "text", "text": "t" }]);
        assert_eq!(
            done(Step::SystemFirst, messages.clone()),
            Some(json!([{ "role": "system", "content": parts }, messages[1], messages[2], messages[4]]))
        );
        assert_eq!(done(Step::SystemFirst, json!([messages[0], messages[1]])), None);
        assert_eq!(done(Step::SystemFirst, json!([messages[1]])), None);
        assert_eq!(
            done(Step::SystemFirst, json!([messages[1], messages[0]])),
            Some(json!([messages[0], messages[1]]))
        );
    }

    #[test]
    fn the_system_speaks_through_the_user() {
        let system = json!({ "role": "system", "content": "s" });
        let user = json!({ "role": "user", "content": "a", "name": "Ann" });
        for (messages, expected) in [
            (json!([system, user]), json!([{ "role": "user", "content": "s\n\na" }])),
            (json!([system]), json!([{ "role": "user", "content": "s" }])),
            (
                json!([system, { "role": "assistant", "content": "b" }, user]),
                json!([{ "role": "user", "content": "s" }, { "role": "assistant", "content": "b" }, user]),
            ),
            (json!([user, system, system]), json!([{ "role": "user", "content": "s\n\ns\n\na" }])),
        ] {
            assert_eq!(done(Step::SystemAsUser, messages), Some(expected));
        }
        assert_eq!(done(Step::SystemAsUser, json!([user])), None);
    }

    #[test]
    fn neighbours_of_one_role_are_one_message() {
        let image = json!({ "type": "image_url", "image_url": { "url": "u" } });
        let messages = json!([
            { "role": "user", "content": "a", "name": "Ann" },
            { "role": "user", "content": [image], "name": "Ann" },
            { "role": "assistant", "content": "b", "reasoning_content": "r" },
            { "role": "assistant", "content": null, "tool_calls": [{ "id": "1" }], "reasoning_content": "q" },
            { "role": "assistant", "content": "c", "tool_calls": [{ "id": "2" }] },
            { "role": "tool", "tool_call_id": "1", "content": "d" },
            { "role": "tool", "tool_call_id": "2", "content": "e" },
        ]);
        assert_eq!(
            done(Step::Merge, messages.clone()),
            Some(json!([
                { "role": "user", "content": [{ "type": "text", "text": "a" }, image], "name": "Ann" },
                {
                    "role": "assistant", "content": "b\n\nc", "reasoning_content": "r\n\nq",
                    "tool_calls": [{ "id": "1" }, { "id": "2" }],
                },
                messages[5],
                messages[6],
            ]))
        );
        assert_eq!(done(Step::Merge, json!([messages[0], messages[2], messages[5], messages[6]])), None);
    }

    #[test]
    fn what_is_no_message_is_left_as_it_is() {
        for step in ALL {
            assert_eq!(done(step, json!(["s", { "role": "system", "content": null }])), None);
            assert_eq!(done(step, json!("hello")), None);
        }
    }

    /// A conversation as callers keep them: a call is followed by its result.
    fn conversation() -> impl Strategy<Value = Vec<Value>> {
        let content = prop_oneof![
            "[a-z]{1,8}".prop_map(Value::from),
            "[a-z]{1,8}".prop_map(|text| json!([{ "type": "text", "text": text }])),
            Just(Value::Null),
            Just("".into()),
            Just(json!([{ "type": "image_url", "image_url": { "url": "u" } }])),
        ];
        let roles = prop::sample::select(vec!["system", "developer", "user", "assistant", "calls"]);
        prop::collection::vec((roles, content), 1..12).prop_map(|said| {
            let mut messages = Vec::new();
            for (number, (role, content)) in said.into_iter().enumerate() {
                if role == "calls" {
                    let calls = json!([{ "id": number }]);
                    messages.push(json!({ "role": "assistant", "content": content, "tool_calls": calls }));
                    messages.push(json!({ "role": "tool", "tool_call_id": number, "content": "result" }));
                } else {
                    messages.push(json!({ "role": role, "content": content }));
                }
            }
            messages
        })
    }

    /// Texts and other parts of the messages that `is_meant`, in order.
    fn said(messages: &[Value], is_meant: fn(&Value) -> bool) -> Vec<String> {
        let mut said = Vec::new();
        for message in messages.iter().filter(|message| is_meant(message)) {
            for part in parts_of(message["content"].clone()) {
                match part.get("text").and_then(Value::as_str) {
                    Some(text) => said.extend(text.split_whitespace().map(str::to_owned)),
                    None if part.is_null() => {}
                    None => said.push(part.to_string()),
                }
            }
        }
        said
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_results_stay_behind_their_calls(messages in conversation(), chosen in prop::sample::subsequence(ALL.to_vec(), 0..=5)) {
            let mut body = body(messages.clone().into());
            let done = apply(&chosen, &mut body);
            let changed = body["messages"].as_array().unwrap().clone();
            prop_assert_eq!(done.is_empty(), changed == messages);
            prop_assert_eq!(apply(&chosen, &mut body), vec![], "a second time changes nothing");

            let of_others = |messages: &[Value]| said(messages, |message| !is_system(message));
            let mut all = said(&messages, is_system);
            all.extend(of_others(&messages));
            let mut still = said(&changed, is_system);
            still.extend(of_others(&changed));
            prop_assert_eq!(still, all, "what the system says comes first, the rest in its order");

            for (place, message) in changed.iter().enumerate().filter(|(_, message)| role_of(message) == "tool") {
                let calls = changed[place - 1]["tool_calls"].as_array().expect("its call is just before it");
                prop_assert!(calls.iter().any(|call| call["id"] == message["tool_call_id"]));
            }
        }

        #[test]
        fn in_the_end_user_and_assistant_alternate(messages in conversation()) {
            let mut body = body(messages.into());
            apply(&ALL, &mut body);
            let messages = body["messages"].as_array().unwrap();
            prop_assert!(!messages.iter().any(is_system));
            for pair in messages.windows(2) {
                prop_assert!(role_of(&pair[0]) != role_of(&pair[1]), "{messages:?}");
            }
        }
    }
}
