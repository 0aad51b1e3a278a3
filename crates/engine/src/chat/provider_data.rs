use serde_json::{Map, Value};

use crate::types::AnswerMessage;

/// What the server wants to see again of an answer, put together from the pieces of its stream.
#[derive(Debug, Default)]
pub struct ProviderData {
    fields: Map<String, Value>,
    /// How long the pieces were, in bytes.
    length: usize,
    /// How many elements and fields they made.
    count: usize,
}

/// How many elements and fields are kept: in memory, one may take many times its length on the wire.
const MAX_PARTS: usize = 16 * 1024;

/// What of an element comes in pieces.
const TEXTS: [&str; 3] = ["text", "summary", "thinking"];

/// The field that holds, by the ids of calls, what belongs to these.
const CALLS: &str = "tool_calls";

impl ProviderData {
    /// Takes what a frame says in `field`, a list.
    pub fn take(&mut self, field: &str, json: &str) {
        let Some(Value::Array(pieces)) = self.read(json) else { return };
        let known = self.fields.entry(field).or_insert_with(|| Value::Array(Vec::new()));
        let Value::Array(known) = known else { return };
        let mut pieces = pieces.into_iter();
        let before = known.len();
        if let Some(piece) = pieces.next() {
            match known.last_mut() {
                Some(last) if continues(&piece, last) => self.count += append(piece, last),
                _ => known.push(piece),
            }
        }
        known.extend(pieces);
        self.count += known.len() - before;
    }

    /// Takes what belongs to the call with this id.
    pub fn take_of_call(&mut self, id: &str, json: &str) {
        let Some(extra) = self.read(json) else { return };
        if let Value::Object(calls) = self.fields.entry(CALLS).or_insert_with(|| Map::new().into()) {
            calls.insert(id.into(), Map::from_iter([("extra_content".to_owned(), extra)]).into());
            self.count += 1;
        }
    }

    fn read(&mut self, json: &str) -> Option<Value> {
        self.length += json.len();
        if self.is_too_much() { None } else { serde_json::from_str(json).ok() }
    }

    /// More than is kept: a part of it would be refused, and so none is given.
    pub fn is_too_much(&self) -> bool {
        self.count > MAX_PARTS
    }

    pub fn length(&self) -> usize {
        self.length
    }

    pub fn finish(self) -> Option<AnswerMessage> {
        (!self.fields.is_empty() && !self.is_too_much())
            .then_some(AnswerMessage { provider_data: self.fields })
    }
}

/// Whether `piece` is more of `last`: of the same kind and place, and not whole by itself, as what is encrypted is.
/// Where places are not told, a signature is the end of an element.
fn continues(piece: &Value, last: &Value) -> bool {
    let is_part = piece.get("data").is_none();
    let is_same = ["type", "index"].iter().all(|field| piece.get(field) == last.get(field));
    let is_open = piece.get("index").is_some() || last.get("signature").is_none_or(Value::is_null);
    is_part && is_same && is_open
}

/// How many fields it adds.
fn append(piece: Value, last: &mut Value) -> usize {
    let (Value::Object(piece), Value::Object(last)) = (piece, last) else { return 0 };
    let before = last.len();
    for (name, value) in piece {
        match (last.get_mut(&name), value) {
            (Some(Value::String(text)), Value::String(more)) if TEXTS.contains(&name.as_str()) => {
                text.push_str(&more);
            }
            (Some(known), value) if known.is_null() => *known = value,
            (None, value) => _ = last.insert(name, value),
            _ => {}
        }
    }
    last.len() - before
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn assembled(field: &str, frames: &[Value]) -> Value {
        let mut data = ProviderData::default();
        for frame in frames {
            data.take(field, &frame.to_string());
        }
        data.finish().map_or(Value::Null, |mut message| message.provider_data.remove(field).unwrap())
    }

    #[test]
    fn pieces_of_one_element_are_put_together() {
        let frames = [
            json!([{ "type": "reasoning.text", "text": "Let", "format": "f", "index": 0 }]),
            json!([{ "type": "reasoning.text", "text": " me", "format": "f", "index": 0 }]),
            json!([{ "type": "reasoning.text", "signature": "s", "index": 0 }]),
            json!([{ "type": "reasoning.summary", "summary": "a", "index": 1 }, { "type": "reasoning.encrypted", "data": "x", "index": 2 }]),
            json!([{ "type": "reasoning.encrypted", "data": "y", "index": 2 }]),
        ];
        let expected = json!([
            { "type": "reasoning.text", "text": "Let me", "format": "f", "index": 0, "signature": "s" },
            { "type": "reasoning.summary", "summary": "a", "index": 1 },
            { "type": "reasoning.encrypted", "data": "x", "index": 2 },
            { "type": "reasoning.encrypted", "data": "y", "index": 2 },
        ]);
        assert_eq!(assembled("reasoning_details", &frames), expected);
    }

    #[test]
    fn many_pieces_of_one_element_keep_what_comes_last() {
        let piece = json!([{ "type": "reasoning.text", "text": "a", "index": 0 }]);
        let mut frames = vec![piece; 2 * MAX_PARTS];
        frames.push(json!([{ "type": "reasoning.text", "signature": "s", "index": 0 }]));
        let expected = json!([
            { "type": "reasoning.text", "text": "a".repeat(2 * MAX_PARTS), "index": 0, "signature": "s" },
        ]);
        assert_eq!(assembled("reasoning_details", &frames), expected);
    }

    #[test]
    fn of_too_many_elements_none_is_given() {
        let frames = vec![json!([{ "type": "reasoning.encrypted", "data": "x" }]); MAX_PARTS + 1];
        assert_eq!(assembled("reasoning_details", &frames), Value::Null);
        assert_eq!(assembled("reasoning_details", &frames[1..]).as_array().unwrap().len(), MAX_PARTS);
    }

    #[test]
    fn without_an_index_a_signature_ends_a_block() {
        let frames = [
            json!([{ "type": "thinking", "thinking": "a", "signature": null }]),
            json!([{ "type": "thinking", "thinking": "b", "signature": "s" }]),
            json!([{ "type": "thinking", "thinking": "c", "signature": null }]),
        ];
        let expected = json!([
            { "type": "thinking", "thinking": "ab", "signature": "s" },
            { "type": "thinking", "thinking": "c", "signature": null },
        ]);
        assert_eq!(assembled("thinking_blocks", &frames), expected);
    }

    #[test]
    fn a_whole_list_stays_as_it_is() {
        let whole =
            json!([{ "type": "reasoning.text", "text": "a" }, { "type": "reasoning.text", "text": "b" }]);
        assert_eq!(assembled("reasoning_details", std::slice::from_ref(&whole)), whole);
    }

    #[test]
    fn what_is_no_list_is_passed_over() {
        assert_eq!(assembled("reasoning_details", &[json!("text"), json!(null)]), Value::Null);
    }
}
