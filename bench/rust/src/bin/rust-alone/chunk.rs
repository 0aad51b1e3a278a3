//! The two fields of a chunk that make an answer.

use std::borrow::Cow;

use serde::Deserialize;

#[derive(Deserialize)]
struct Chunk<'a> {
    #[serde(borrow)]
    choices: Vec<Choice<'a>>,
}

#[derive(Deserialize)]
struct Choice<'a> {
    #[serde(borrow)]
    delta: Delta<'a>,
    #[serde(borrow)]
    finish_reason: Option<&'a str>,
}

#[derive(Deserialize)]
struct Delta<'a> {
    #[serde(borrow, default)]
    content: Cow<'a, str>,
}

/// Adds the chunk's text; true where it is the last.
pub fn read(data: &[u8], text: &mut String) -> serde_json::Result<bool> {
    let chunk: Chunk = serde_json::from_slice(data)?;
    for choice in &chunk.choices {
        text.push_str(&choice.delta.content);
    }
    Ok(chunk.choices.iter().any(|choice| choice.finish_reason.is_some()))
}
