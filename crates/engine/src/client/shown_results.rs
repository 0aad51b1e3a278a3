//! What tools show, where the protocol takes nothing but text as their result.

use crate::types::{Content, Message, Part, Warning};

/// Has the user show what the results of tools show, right behind them. Nothing where they show nothing.
pub fn show_behind_results(messages: &mut Vec<Message>) -> Option<Warning> {
    let is_shown = |message: &Message| {
        matches!(message, Message::Tool { .. }) && !message.parts().iter().all(Part::is_text)
    };
    if !messages.iter().any(is_shown) {
        return None;
    }
    let mut shown = Vec::new();
    for message in std::mem::take(messages) {
        match message {
            Message::Tool { tool_call_id, content: Content::Parts(parts), name } => {
                let (media, mut texts): (Vec<_>, Vec<_>) =
                    parts.into_iter().partition(|part| !part.is_text());
                if !media.is_empty() {
                    shown.push(text(format!("From the result of {tool_call_id}:")));
                    shown.extend(media);
                    // Some servers take no empty result.
                    if texts.is_empty() {
                        texts.push(text("See the next message.".to_owned()));
                    }
                }
                messages.push(Message::Tool { tool_call_id, content: Content::Parts(texts), name });
            }
            result @ Message::Tool { .. } => messages.push(result),
            // Strict templates take no two messages of the user in a row.
            Message::User { content, name } if !shown.is_empty() => {
                shown.extend(match content {
                    Content::Text(content) => vec![text(content)],
                    Content::Parts(parts) => parts,
                });
                messages.push(Message::User { content: Content::Parts(std::mem::take(&mut shown)), name });
            }
            other => {
                messages.extend(by_user(&mut shown));
                messages.push(other);
            }
        }
    }
    messages.extend(by_user(&mut shown));
    Some(Warning::new(
        "moved_media",
        "The protocol takes only text as the result of a tool: images and sounds are sent in a message of the user \
         behind it.",
    ))
}

fn by_user(shown: &mut Vec<Part>) -> Option<Message> {
    let parts = std::mem::take(shown);
    (!parts.is_empty()).then(|| Message::User { content: Content::Parts(parts), name: None })
}

fn text(text: String) -> Part {
    Part::Text { text }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        protocol::{Dialect, openai::OpenAi},
        types::{ChatRequest, GenerationOptions},
    };

    fn sent(messages: &Value) -> (Value, bool) {
        let mut request: ChatRequest = serde_json::from_value(json!({ "messages": messages })).unwrap();
        let is_moved = show_behind_results(&mut request.messages).is_some();
        let mut body = OpenAi.encode_chat(request, "m", &GenerationOptions::default());
        (body.remove("messages").unwrap(), is_moved)
    }

    fn image(url: &str) -> Value {
        json!({ "type": "image", "image": { "url": url }, "place": "" })
    }

    fn said(text: &str) -> Value {
        json!({ "type": "text", "text": text })
    }

    fn result(id: &str, content: &Value) -> Value {
        json!({ "role": "tool", "toolCallId": id, "content": content })
    }

    #[test]
    fn what_results_show_stands_behind_all_of_them() {
        let (messages, is_moved) = sent(&json!([
            result("1", &json!([image("http://a"), said("two"), image("http://b")])),
            result("2", &json!([image("http://c")])),
            result("3", &json!("plain")),
            { "role": "assistant", "content": "Nice." },
            result("4", &json!([image("http://d")])),
            { "role": "user", "content": "And?" },
        ]));
        let url = |url: &str| json!({ "type": "image_url", "image_url": { "url": url } });
        let tool =
            |id: &str, content: &Value| json!({ "role": "tool", "tool_call_id": id, "content": content });
        let from = |id: &str| said(&format!("From the result of {id}:"));
        let user = |content: &Value| json!({ "role": "user", "content": content });
        assert_eq!(
            messages,
            json!([
                tool("1", &json!([said("two")])),
                tool("2", &json!([said("See the next message.")])),
                tool("3", &json!("plain")),
                user(&json!([from("1"), url("http://a"), url("http://b"), from("2"), url("http://c")])),
                { "role": "assistant", "content": "Nice." },
                tool("4", &json!([said("See the next message.")])),
                user(&json!([from("4"), url("http://d"), said("And?")])),
            ])
        );
        assert!(is_moved);
    }

    #[test]
    fn messages_without_them_are_left_alone() {
        let messages = json!([
            { "role": "user", "content": [{ "type": "image", "image": { "url": "http://a" }, "place": "" }] },
            result("1", &json!([said("text")])),
        ]);
        let (messages, is_moved) = sent(&messages);
        assert_eq!((messages.as_array().unwrap().len(), is_moved), (2, false));
    }
}
