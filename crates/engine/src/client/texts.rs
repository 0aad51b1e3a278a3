//! How long a prompt is, as far as one can tell without the model's tokenizer.

use serde_json::{Map, Value};

/// What the prompt in a body says, each text with the role of who says it.
pub fn texts_of(body: &Map<String, Value>) -> impl Iterator<Item = (&str, &str)> {
    let messages = body.get("messages").and_then(Value::as_array);
    let messages = messages.into_iter().flatten().flat_map(|message| {
        let role = message.get("role").and_then(Value::as_str).unwrap_or_default();
        let content = message.get("content");
        let parts = content.and_then(Value::as_array).into_iter().flatten();
        let parts = parts.filter_map(|part| part.get("text")?.as_str());
        content.and_then(Value::as_str).into_iter().chain(parts).map(move |text| (role, text))
    });
    // Of a text completion.
    let prompt = body.get("prompt").and_then(Value::as_str);
    messages.chain(prompt.map(|prompt| ("user", prompt)))
}

/// Whether the prompt in a body is text and nothing else.
pub fn is_all_text(body: &Map<String, Value>) -> bool {
    let messages = body.get("messages").and_then(Value::as_array).into_iter().flatten();
    let mut parts = messages.filter_map(|message| message.get("content")?.as_array()).flatten();
    parts.all(|part| part.get("type").is_some_and(|kind| kind == "text"))
}

/// English has about four characters a token, other scripts have fewer: with the largest vocabularies, about three.
pub const ASCII_A_TOKEN: u64 = 4;
const OTHERS_A_TOKEN: u64 = 3;

/// About as many tokens as a tokenizer makes of texts: rather fewer of ordinary text, more of nothing but long words.
pub fn estimate<'a>(texts: impl Iterator<Item = (&'a str, &'a str)>) -> u64 {
    let (mut ascii, mut others) = (0, 0);
    for (role, text) in texts {
        // Templates drop what a model thought before.
        let text = if role == "assistant" { text.rsplit("</think>").next().unwrap_or(text) } else { text };
        let mut last = None;
        for character in text.chars() {
            // One token holds a whole run of spaces, or of dashes.
            let kind = if character.is_whitespace() { ' ' } else { character };
            if last != Some(kind) {
                *(if character.is_ascii() { &mut ascii } else { &mut others }) += 1;
            }
            last = Some(kind);
        }
    }
    ascii / ASCII_A_TOKEN + others / OTHERS_A_TOKEN
}
