//! An answer with embeddings, in whatever form and dialect: read while it arrives, and checked.

mod number_lists;

use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use serde::Deserialize;
use serde_json::Value;

use super::{
    DocumentReader, json,
    openai::WireUsage,
    unreadable::{something_else, unread},
};
use crate::{
    error::{Code, Error, Result},
    types::{Embeddings, Usage},
};
use number_lists::NumberLists;

/// Reads the answer to one request. What form was asked for does not matter: some servers give floats all the same, and
/// some base64.
pub struct EmbeddingsReader {
    lists: NumberLists,
    /// How many texts were sent.
    count: usize,
}

impl EmbeddingsReader {
    #[must_use]
    pub fn new(count: usize) -> Self {
        Self { lists: NumberLists::default(), count }
    }

    /// Appends one embedding to `numbers`: of a list that was taken out of the text, or of base64. llama.cpp puts one
    /// more list around it outside of `/v1`.
    fn append(&self, vector: &Value, numbers: &mut Vec<f32>) -> Result<(), &'static str> {
        match vector {
            Value::String(text) => {
                let bytes = BASE64.decode(text).map_err(|_| "no base64")?;
                let (floats, rest) = bytes.as_chunks::<4>();
                numbers.extend(floats.iter().map(|bytes| f32::from_le_bytes(*bytes)));
                if rest.is_empty() { Ok(()) } else { Err("no base64 of 32-bit floats") }
            }
            Value::Array(list) => match list.as_slice() {
                [inner @ Value::Array(_)] => self.append(inner, numbers),
                [Value::Number(number)] => {
                    let number = number.as_u64().and_then(|number| usize::try_from(number).ok());
                    numbers.extend(number.and_then(|number| self.lists.list(number)).unwrap_or_default());
                    Ok(())
                }
                _ => Err("no list of numbers"),
            },
            _ => Err("neither a list of numbers nor base64"),
        }
    }
}

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

impl DocumentReader for EmbeddingsReader {
    type Document = Embeddings;

    fn push(&mut self, bytes: &[u8]) -> Result<()> {
        self.lists.push(bytes)
    }

    fn finish(self) -> Result<Embeddings> {
        let rest = self.lists.rest();
        let read = json::with_repair(rest, |rest| serde_json::from_str::<Value>(rest));
        let (body, _) = read.map_err(|error| unread("embeddings", rest, &error))?;
        let Some(items) = items_of(&body) else { return Err(something_else("embeddings", rest)) };
        if items.len() != self.count {
            let message = format!("The server gave {} embeddings for {} texts", items.len(), self.count);
            return Err(Error::new(Code::Protocol, message));
        }
        let mut numbers = Vec::new();
        let mut width = 0;
        for (number, item) in in_order(&items)?.into_iter().enumerate() {
            let start = numbers.len();
            let wrong = |why: &str| Error::new(Code::Protocol, format!("Embedding {number} is {why}"));
            self.append(item, &mut numbers).map_err(wrong)?;
            let vector = &numbers[start..];
            if number == 0 {
                width = vector.len();
                // The first alone does not say how long the others are: no more than came, in lists and in base64.
                let most = self.lists.count() + rest.len() / 4;
                numbers.reserve_exact(most.min(width * (self.count - 1)));
            } else if vector.len() != width {
                return Err(wrong(&format!("{} numbers long, and the first {width}", vector.len())));
            }
            if numbers[start..].is_empty() {
                return Err(wrong("empty"));
            }
            if !numbers[start..].iter().all(|number| number.is_finite()) {
                return Err(wrong("not all numbers"));
            }
        }
        Ok(Embeddings { count: self.count, numbers, model: text_of(&body, "model"), usage: usage_of(&body) })
    }
}

/// One embedding, and its place where the server tells it.
struct Item<'a> {
    vector: &'a Value,
    index: Option<u64>,
}

/// `None` where there is nothing of the kind.
fn items_of(body: &Value) -> Option<Vec<Item<'_>>> {
    let list = match body {
        Value::Object(fields) => match fields.get("data").or_else(|| fields.get("embeddings")) {
            Some(list) => list.as_array()?,
            // Ollama's, of the time when it took one text at a time.
            None => return fields.get("embedding").map(|vector| vec![Item { vector, index: None }]),
        },
        list => list.as_array()?,
    };
    list.iter().map(item_of).collect()
}

fn item_of(entry: &Value) -> Option<Item<'_>> {
    let Value::Object(fields) = entry else { return Some(Item { vector: entry, index: None }) };
    let index = fields.get("index").and_then(Value::as_u64);
    Some(Item { vector: fields.get("embedding")?, index })
}

/// The embeddings in the order of the texts, which is not always that of the answer.
fn in_order<'a>(items: &[Item<'a>]) -> Result<Vec<&'a Value>> {
    let mut ordered = vec![None; items.len()];
    for (place, Item { vector, index }) in items.iter().enumerate() {
        let index = index.map_or(Some(place), |index| usize::try_from(index).ok());
        let Some(free @ None) = index.and_then(|index| ordered.get_mut(index)) else {
            let message = "The server numbers its embeddings in a way that fits no order";
            return Err(Error::new(Code::Protocol, message));
        };
        *free = Some(*vector);
    }
    // As many were put in as there are places, each into another.
    Ok(ordered.into_iter().flatten().collect())
}

fn text_of(body: &Value, name: &str) -> String {
    body.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// Ollama's own protocol counts in another place.
fn usage_of(body: &Value) -> Option<Usage> {
    let usage = body.get("usage").and_then(|usage| WireUsage::deserialize(usage).ok()?.usage());
    usage.or_else(|| {
        let input_tokens = body.get("prompt_eval_count")?.as_u64()?;
        Some(Usage { input_tokens, total_tokens: input_tokens, ..Usage::default() })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(count: usize, body: &str) -> Result<Embeddings> {
        let mut reader = EmbeddingsReader::new(count);
        reader.push(body.as_bytes())?;
        reader.finish()
    }

    fn base64(numbers: &[f32]) -> String {
        BASE64.encode(numbers.iter().flat_map(|number| number.to_le_bytes()).collect::<Vec<_>>())
    }

    #[test]
    fn every_form_is_read_whatever_was_asked_for() {
        let base64 = base64(&[0.5, -1.0]);
        for body in [
            r#"{"data":[{"index":0,"embedding":[0.5,-1]}]}"#,
            &format!(r#"{{"data":[{{"index":0,"embedding":"{base64}"}}]}}"#),
            &format!(r#"{{"data":[{{"embedding":"{}"}}]}}"#, base64.trim_end_matches('=')),
            r#"{"embeddings":[[0.5,-1]]}"#,
            r#"{"embedding":[0.5,-1]}"#,
            r#"[{"index":0,"embedding":[[0.5,-1]]}]"#,
            "[[ 0.5 , -1.0e0 ]]",
        ] {
            assert_eq!(read(1, body).unwrap().numbers, [0.5, -1.0], "{body}");
        }
    }

    #[test]
    fn the_order_is_that_of_the_texts() {
        let body = r#"{"data":[{"embedding":[2],"index":1},{"index":2,"embedding":[3]},{"embedding":[1],"index":0}]}"#;
        assert_eq!(read(3, body).unwrap().numbers, [1.0, 2.0, 3.0]);
        for indices in [[0, 0], [0, 2], [1, 1]] {
            let [one, other] = indices;
            let body = format!(
                r#"{{"data":[{{"embedding":[1],"index":{one}}},{{"embedding":[2],"index":{other}}}]}}"#
            );
            assert_eq!(read(2, &body).unwrap_err().code, Code::Protocol, "{body}");
        }
    }

    #[test]
    fn what_cannot_be_trusted_is_refused_and_says_why() {
        let short = base64(&[0.5])[..4].to_owned();
        for (count, body, words) in [
            (2, r#"{"data":[{"embedding":[1]}]}"#.to_owned(), "1 embeddings for 2 texts"),
            (1, r#"{"data":[]}"#.to_owned(), "0 embeddings for 1 texts"),
            (2, r#"{"embeddings":[[1,2],[3]]}"#.to_owned(), "Embedding 1 is 1 numbers long, and the first 2"),
            (1, r#"{"embeddings":[[1,null]]}"#.to_owned(), "Embedding 0 is not all numbers"),
            (1, r#"{"embeddings":[[NaN]]}"#.to_owned(), "not all numbers"),
            (1, format!(r#"{{"embeddings":["{}"]}}"#, base64(&[f32::NAN])), "not all numbers"),
            (1, r#"{"embeddings":[[]]}"#.to_owned(), "no list of numbers"),
            (1, r#"{"embeddings":[""]}"#.to_owned(), "empty"),
            (1, r#"{"embeddings":["!"]}"#.to_owned(), "no base64"),
            (1, format!(r#"{{"embeddings":["{short}"]}}"#), "no base64 of 32-bit floats"),
            (1, r#"{"data":[{"embedding":7}]}"#.to_owned(), "neither a list of numbers nor base64"),
            (1, r#"{"data":[{"embedding":[{"a":1}]}]}"#.to_owned(), "no list of numbers"),
            (1, r#"{"choices":[]}"#.to_owned(), "no answer with embeddings: {\"choices\""),
            (1, "<title>Hi</title>".to_owned(), "a web page: Hi"),
            (1, String::new(), "no answer with embeddings"),
        ] {
            let error = read(count, &body).unwrap_err();
            assert_eq!(error.code, Code::Protocol, "{body}");
            assert!(error.message.contains(words), "{error}: {body}");
        }
    }

    #[test]
    fn a_long_first_embedding_reserves_no_more_than_has_come() {
        let long = vec!["0"; 1 << 20].join(",");
        let body = format!("[[{long}]{}]", ",[0]".repeat(100_000));
        let error = read(100_001, &body).unwrap_err();
        assert!(error.message.contains("Embedding 1 is 1 numbers long"), "{error}");
    }

    #[test]
    fn half_an_answer_broke_off() {
        for body in [r#"{"data":[{"embedding":[1,"#, r#"[{"embedding":"AAAA"#] {
            assert_eq!(read(1, body).unwrap_err().code, Code::Stream, "{body}");
        }
    }

    #[test]
    fn a_failure_that_came_as_a_success_is_one() {
        let error =
            read(1, r#"{"object":"error","message":"not an embedding model","code":400}"#).unwrap_err();
        assert_eq!((error.code, error.message.as_str()), (Code::InvalidRequest, "not an embedding model"));
    }

    #[test]
    fn what_was_counted_is_told() {
        let usage = |body: &str| {
            let usage = read(1, body).unwrap().usage?;
            Some((usage.input_tokens, usage.output_tokens, usage.total_tokens))
        };
        assert_eq!(usage(r#"{"data":[[1]],"usage":{"prompt_tokens":3,"total_tokens":3}}"#), Some((3, 0, 3)));
        assert_eq!(usage(r#"{"embeddings":[[1]],"prompt_eval_count":4}"#), Some((4, 0, 4)));
        assert_eq!(usage("[[1]]"), None);
    }
}
