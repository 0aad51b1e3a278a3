use serde_json::Value;

/// What a request says, as a tokenizer sees it.
#[derive(Default)]
pub struct Texts {
    beginning: Vec<u8>,
    ascii: u64,
    others: u64,
}

/// How much of a prompt has to be the same to be known again, in bytes.
const BEGINNING: usize = 256;

impl Texts {
    /// The first of it.
    pub fn beginning(&self) -> &[u8] {
        &self.beginning
    }

    pub fn take_message(&mut self, message: &Value) {
        let role = message.get("role").and_then(Value::as_str).unwrap_or_default();
        self.begin_with(role);
        match message.get("content") {
            Some(Value::String(text)) => self.take(role, text),
            Some(Value::Array(parts)) => {
                for text in parts.iter().filter_map(|part| part.get("text")?.as_str()) {
                    self.take(role, text);
                }
            }
            _ => {}
        }
    }

    pub fn take(&mut self, role: &str, text: &str) {
        self.begin_with(text);
        // Templates drop what a model thought before.
        let text = if role == "assistant" { text.rsplit("</think>").next().unwrap_or(text) } else { text };
        let mut last = None;
        for character in text.chars() {
            // One token holds a whole run of spaces, or of dashes.
            let kind = if character.is_whitespace() { ' ' } else { character };
            if last != Some(kind) {
                *(if character.is_ascii() { &mut self.ascii } else { &mut self.others }) += 1;
            }
            last = Some(kind);
        }
    }

    fn begin_with(&mut self, text: &str) {
        let room = BEGINNING.saturating_sub(self.beginning.len());
        self.beginning.extend(text.bytes().take(room));
    }

    /// English has about four characters a token, other scripts have fewer: with the largest vocabularies, about three.
    pub fn estimate(&self) -> u64 {
        self.ascii / 4 + self.others / 3
    }
}
