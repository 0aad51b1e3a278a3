//! What is asked; `conversation.mjs` writes the same.

use std::sync::Arc;

use serde::Serialize;

#[derive(Serialize)]
pub struct Message {
    role: &'static str,
    content: String,
}

/// A question after `history` turns of 1 kB each.
pub fn after(history: usize) -> Arc<[Message]> {
    let turn = |index| Message {
        role: if index % 2 == 0 { "user" } else { "assistant" },
        content: "what was said before\n".repeat(48),
    };
    let question = Message { role: "user", content: "Hello".to_owned() };
    (0..history).map(turn).chain([question]).collect()
}
