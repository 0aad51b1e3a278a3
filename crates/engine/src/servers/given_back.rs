//! What a server is given back of its answers.

use serde_json::Value;

use crate::types::{AssistantMessage, Message};

/// Puts into each answer of the history what the server with this `name` gave with it, and, in `field`, its reasoning.
///
/// Reasoning goes back only beside calls of tools: there, models go on with it, and DeepSeek's and Moonshot's services
/// refuse a history without; elsewhere, templates drop it, and some servers refuse it.
/// <https://api-docs.deepseek.com/guides/thinking_mode>
pub fn give_back(messages: &mut [Message], name: &str, field: Option<&str>) {
    for message in messages {
        if let Message::Assistant(answer) = message {
            complete(answer, name, field);
        }
    }
}

fn complete(answer: &mut AssistantMessage, name: &str, field: Option<&str>) {
    if let Some(Value::Object(given)) = answer.provider_data.as_mut().and_then(|data| data.remove(name)) {
        answer.wire = given;
    }
    let is_told = REASONING.iter().any(|field| answer.wire.contains_key(*field));
    if let Some(reasoning) = answer.reasoning.take()
        && let Some(field) = field
        && !(is_told || reasoning.is_empty() || answer.tool_calls.is_empty())
    {
        answer.wire.insert(field.into(), reasoning.into());
    }
}

/// In which the reasoning is told again, with what proves it.
const REASONING: [&str; 2] = ["reasoning_details", "thinking_blocks"];

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn given_back(message: Value, field: Option<&str>) -> Value {
        let mut messages = [serde_json::from_value(message).unwrap()];
        give_back(&mut messages, "here", field);
        let [Message::Assistant(answer)] = messages else { panic!() };
        Value::Object(answer.wire)
    }

    fn calling(more: &Value) -> Value {
        let mut message = json!({
            "role": "assistant", "content": null, "reasoning": "hm",
            "toolCalls": [{ "id": "1", "name": "f", "rawArguments": "{}" }],
        });
        message.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        message
    }

    #[test]
    fn reasoning_goes_back_beside_calls_alone() {
        let field = Some("reasoning_content");
        assert_eq!(given_back(calling(&json!({})), field), json!({ "reasoning_content": "hm" }));
        assert_eq!(given_back(calling(&json!({ "reasoning": "" })), field), json!({}));
        assert_eq!(given_back(calling(&json!({})), None), json!({}), "where no field is known for it");
        let answer = json!({ "role": "assistant", "content": "a", "reasoning": "hm" });
        assert_eq!(given_back(answer, field), json!({}));
    }

    #[test]
    fn a_server_gets_its_own_data_and_its_reasoning_once() {
        let details = json!([{ "type": "reasoning.text", "text": "hm", "signature": "s" }]);
        let data =
            json!({ "providerData": { "here": { "reasoning_details": details }, "there": { "x": 1 } } });
        assert_eq!(given_back(calling(&data), Some("reasoning")), json!({ "reasoning_details": details }));
        let foreign = json!({ "providerData": { "there": { "reasoning_details": details } } });
        assert_eq!(given_back(calling(&foreign), Some("reasoning")), json!({ "reasoning": "hm" }));
    }
}
