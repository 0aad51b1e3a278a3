//! An answer that ranks documents, in the forms of Jina, Cohere and Text Embeddings Inference.
//! <https://api.jina.ai/redoc#tag/rerank>, <https://docs.cohere.com/reference/rerank>,
//! <https://huggingface.github.io/text-embeddings-inference/>

use std::collections::HashSet;

use serde::Deserialize;

use super::{
    DocumentReader, json,
    lenient::{Number, Text},
    unreadable::{too_long, unread},
};
use crate::{
    error::{Code, Error, Result},
    types::{Ranked, Ranking},
    wire::TooLong,
};

/// Reads the answer to one request.
pub struct RankingReader {
    body: Vec<u8>,
    max_bytes: usize,
    /// How many documents were sent.
    count: usize,
}

impl RankingReader {
    #[must_use]
    pub fn new(count: usize, max_bytes: usize) -> Self {
        Self { body: Vec::new(), max_bytes, count }
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Body<'a> {
    Object {
        #[serde(borrow, default)]
        model: Text<'a>,
        #[serde(alias = "data")]
        results: Vec<Item>,
    },
    List(Vec<Item>),
}

#[derive(Deserialize)]
struct Item {
    index: Number,
    #[serde(alias = "relevance_score")]
    score: Number,
}

impl DocumentReader for RankingReader {
    type Document = Ranking;

    fn push(&mut self, bytes: &[u8]) -> Result<()> {
        self.body.extend_from_slice(bytes);
        let limit = self.max_bytes;
        if self.body.len() > limit { Err(too_long(TooLong { limit })) } else { Ok(()) }
    }

    /// The best first, whatever order the server has.
    fn finish(self) -> Result<Ranking> {
        let read = json::with_repair(&self.body, |body| {
            serde_json::from_str::<Body<'_>>(body).map(|body| match body {
                Body::Object { model, results } => (model.0.into_owned(), results),
                Body::List(results) => (String::new(), results),
            })
        });
        let ((model, items), _) = read.map_err(|error| unread("a ranking", &self.body, &error))?;
        let mut results: Vec<_> = items.iter().map(|item| self.ranked(item)).collect::<Result<_>>()?;
        let places: HashSet<_> = results.iter().map(|ranked| ranked.index).collect();
        if places.len() < results.len() {
            return Err(Error::new(Code::Protocol, "The server ranked a document twice"));
        }
        results.sort_by(|one, other| other.score.total_cmp(&one.score));
        Ok(Ranking { results, model })
    }
}

impl RankingReader {
    fn ranked(&self, item: &Item) -> Result<Ranked> {
        let index = item.index.count().and_then(|index| usize::try_from(index).ok());
        let Some(index) = index.filter(|index| *index < self.count) else {
            let message =
                format!("The server ranked a document that is none of the {} it was sent", self.count);
            return Err(Error::new(Code::Protocol, message));
        };
        let Some(score) = item.score.0 else {
            return Err(Error::new(Code::Protocol, format!("The server gave document {index} no score")));
        };
        Ok(Ranked { index, score })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(count: usize, body: &str) -> Result<Ranking> {
        let mut reader = RankingReader::new(count, 1000);
        reader.push(body.as_bytes())?;
        reader.finish()
    }

    #[test]
    fn every_form_is_read_and_the_best_comes_first() {
        for body in [
            r#"{"model":"m","results":[{"index":0,"relevance_score":0.5},{"index":1,"relevance_score":0.75,"document":{"text":"b"}}]}"#,
            r#"{"model":"m","data":[{"index":1,"score":0.75},{"index":0,"score":0.5}]}"#,
            r#"[{"index":0,"score":0.5,"text":null},{"index":1,"score":0.75}]"#,
        ] {
            let ranking = read(2, body).unwrap();
            let expected = [Ranked { index: 1, score: 0.75 }, Ranked { index: 0, score: 0.5 }];
            assert_eq!(ranking.results, expected, "{body}");
            assert_eq!(ranking.model, if body.starts_with('{') { "m" } else { "" });
        }
    }

    #[test]
    fn what_cannot_be_trusted_is_refused_and_says_why() {
        for (body, words) in [
            (r#"{"results":[{"index":2,"score":1}]}"#, "none of the 2"),
            (r#"{"results":[{"index":-1,"score":1}]}"#, "none of the 2"),
            (r#"{"results":[{"index":0,"score":1},{"index":0,"score":1}]}"#, "twice"),
            (r#"{"results":[{"index":0,"score":null}]}"#, "document 0 no score"),
            (r#"{"choices":[]}"#, "no answer with a ranking"),
            ("", "no answer with a ranking"),
            (r#"{"results":[{"index":0}]}"#, "no answer with a ranking"),
        ] {
            let error = read(2, body).unwrap_err();
            assert_eq!(error.code, Code::Protocol, "{body}");
            assert!(error.message.contains(words), "{error}: {body}");
        }
        assert!(read(2, &" ".repeat(1001)).unwrap_err().message.contains("1000 bytes"));
        let failed = read(2, r#"{"error":"Unexpected endpoint or method. (POST /v1/rerank)"}"#).unwrap_err();
        assert!(failed.wrong_path);
    }
}
