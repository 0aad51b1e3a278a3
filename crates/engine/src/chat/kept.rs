use serde_json::{Map, Value};

use crate::types::TokenLogprob;

/// What a caller wants of an answer beside what everybody gets.
#[derive(Debug, Clone, Copy, Default)]
pub struct Keeps {
    /// The probabilities of tokens, and of so many alternatives.
    pub logprobs: Option<usize>,
    pub last_frame: bool,
}

impl Keeps {
    /// What `body` asks for.
    #[must_use]
    pub fn of(body: &Map<String, Value>, last_frame: bool) -> Self {
        let alternatives = || body.get("top_logprobs").and_then(Value::as_u64).unwrap_or(0);
        let is_asked = body.get("logprobs").is_some_and(|asked| *asked == true);
        let logprobs = is_asked.then(|| usize::try_from(alternatives()).unwrap_or(usize::MAX));
        Self { logprobs, last_frame }
    }
}

/// The probabilities that were asked for.
#[derive(Debug, Default)]
pub struct KeptLogprobs {
    alternatives: Option<usize>,
    tokens: Vec<TokenLogprob>,
}

impl KeptLogprobs {
    pub fn new(alternatives: Option<usize>) -> Self {
        Self { alternatives, tokens: Vec::new() }
    }

    /// Some servers tell more alternatives than they were asked for.
    pub fn take(&mut self, mut token: TokenLogprob) {
        if let Some(alternatives) = self.alternatives {
            token.top.truncate(alternatives);
            self.tokens.push(token);
        }
    }

    pub fn finish(self) -> Option<Vec<TokenLogprob>> {
        Some(self.tokens).filter(|tokens| !tokens.is_empty())
    }
}
