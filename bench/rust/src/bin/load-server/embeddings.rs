//! What `/v1/embeddings` answers: base64 to who asks for it, and numbers to everybody where the path says
//! `/embeddings-float/`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::request::Request;

const WIDTH: usize = 1024;

#[derive(Deserialize)]
struct Question {
    input: Vec<String>,
    encoding_format: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Embeddings {
    count: usize,
    base64: bool,
}

impl Embeddings {
    /// Nothing where the request asks for none.
    pub fn of(Request { path, body }: &Request) -> Option<Self> {
        if !path.ends_with("/embeddings") {
            return None;
        }
        let question: Question = serde_json::from_slice(body).ok()?;
        let base64 =
            question.encoding_format.as_deref() == Some("base64") && !path.contains("/embeddings-float/");
        Some(Self { count: question.input.len(), base64 })
    }

    pub fn render(self) -> String {
        let data: Vec<_> = (0..self.count)
            .map(|index| {
                let numbers = (0..WIDTH).map(|place| number(index * WIDTH + place));
                let embedding = if self.base64 {
                    Value::from(STANDARD.encode(numbers.flat_map(f32::to_le_bytes).collect::<Vec<_>>()))
                } else {
                    numbers.collect()
                };
                json!({ "object": "embedding", "index": index, "embedding": embedding })
            })
            .collect();
        let usage = json!({ "prompt_tokens": self.count, "total_tokens": self.count });
        json!({ "object": "list", "model": "m", "data": data, "usage": usage }).to_string()
    }
}

/// `embeddings.mjs` expects the same: no two numbers of an answer are alike.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "an embedding's numbers are f32"
)]
fn number(place: usize) -> f32 {
    const GOLDEN: f64 = 0.618_033_988_75;
    ((place as f64 * GOLDEN).fract() - 0.5) as f32
}
