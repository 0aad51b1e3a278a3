//! What is asked, as far as an answer depends on it.

use serde::Deserialize;

#[derive(Deserialize)]
struct Question {
    messages: Vec<Message>,
}

#[derive(Deserialize)]
struct Message {
    content: String,
}

/// The number that the last message consists of.
pub fn number(body: &[u8]) -> Option<u32> {
    let question: Question = serde_json::from_slice(body).ok()?;
    question.messages.last()?.content.parse().ok()
}
