//! What is said on the wire: requests out, deltas, failures and lists in. One dialect a folder.

mod elements;
pub mod embeddings;
mod failure;
mod given_calls;
mod json;
mod lenient;
mod listed;
mod logprobs;
mod media_failure;
pub mod ollama;
pub mod openai;
mod overflow;
pub mod reranking;
mod retry_after;
mod tool_calls;
mod tool_failure;
mod unreadable;

use http::{HeaderMap, StatusCode};
use serde_json::{Map, Number, Value};

pub use failure::{Failure, hint, request_id, title_of_html};

use crate::{
    error::{Error, Result},
    types::{ChatRequest, CompletionRequest, Delta, GenerationOptions, JsonSchema, ModelInfo},
};

/// Whether what came was a web page. Any web server has one for what it lacks.
#[must_use]
pub fn is_page(error: &Error) -> bool {
    error.body.as_ref().is_some_and(|body| title_of_html(body.as_bytes()).is_some())
}

/// How a server speaks. What differs by wire format is a method here; what differs by program is not.
pub trait Dialect: Send + Sync {
    /// Whether the result of a tool can hold images and sounds.
    fn shows_results(&self) -> bool {
        false
    }

    /// Whether an image may be a data URL.
    fn takes_data_urls(&self) -> bool {
        true
    }

    /// The path of a chat, below the base URL.
    fn chat_path(&self) -> &'static str;

    /// The body of a chat. `defaults` count where the request says nothing.
    fn encode_chat(
        &self,
        request: ChatRequest,
        model: &str,
        defaults: &GenerationOptions,
    ) -> Map<String, Value>;

    /// The fields that hold an answer to a schema.
    fn json_schema(&self, schema: JsonSchema) -> Map<String, Value>;

    /// The fields that hold an answer to JSON, whatever is in it.
    fn json_object(&self) -> Map<String, Value>;

    /// Changes the body of a chat so that its answer comes as one document.
    fn unstream(&self, body: &mut Map<String, Value>) {
        body.insert("stream".into(), false.into());
        body.remove("stream_options");
    }

    /// A reader for the body of one successful answer.
    fn decoder(&self, max_event_bytes: usize) -> Box<dyn Decoder>;

    /// What an answer with an error status says.
    fn decode_failure(&self, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Error {
        Failure::of_body(body).status(status.as_u16()).headers(headers).into_error()
    }

    /// The path of a text completion, below the base URL.
    fn completion_path(&self) -> &'static str;

    /// The body of a text completion, whose answer is read as a chat's. `defaults` count where the request says nothing.
    fn encode_completion(
        &self,
        request: CompletionRequest,
        model: &str,
        defaults: &GenerationOptions,
    ) -> Map<String, Value>;

    /// The path of embeddings, below the base URL.
    fn embeddings_path(&self) -> &'static str;

    /// The body of a request for the embeddings of `input`, each of so many `dimensions` where that is given.
    fn encode_embeddings(
        &self,
        input: &[String],
        model: &str,
        dimensions: Option<&Number>,
    ) -> Map<String, Value>;

    /// The path of reranking, below the base URL, where the protocol has it.
    fn rerank_path(&self) -> Option<&'static str> {
        None
    }

    /// The path of the model list, below the base URL.
    fn models_path(&self) -> &'static str;

    /// The model list of a successful answer.
    ///
    /// # Errors
    /// `protocol`, if it is none.
    fn decode_models(&self, body: &[u8]) -> Result<Vec<ModelInfo>>;
}

/// Reads an answer that is one document, however its bytes are cut.
pub trait DocumentReader: Send {
    type Document: Send;

    /// # Errors
    /// `protocol`, where the answer cannot be read.
    fn push(&mut self, bytes: &[u8]) -> Result<()>;

    /// The body is at its end.
    ///
    /// # Errors
    /// `protocol`, where it is not what was asked for; what the server reported in its place.
    fn finish(self) -> Result<Self::Document>;
}

/// Turns the bytes of one body into deltas, however they are cut.
pub trait Decoder: Send {
    /// # Errors
    /// What the server reported in its answer; `protocol` where the answer cannot be read.
    fn push(&mut self, bytes: &[u8], out: &mut dyn FnMut(Delta<'_>)) -> Result<()>;

    /// The body is at its end, properly or not.
    ///
    /// # Errors
    /// As [`push`](Self::push).
    fn finish(&mut self, out: &mut dyn FnMut(Delta<'_>)) -> Result<()>;

    /// Whether the answer itself began to arrive, where that is not told by deltas: one JSON document.
    fn has_begun(&self) -> bool {
        false
    }

    /// Has it keep what [`last_frame`](Self::last_frame) gives.
    fn keep_frames(&mut self) {}

    /// The last event of a stream but `[DONE]`, or all of an answer that is one document; taken out.
    fn last_frame(&mut self) -> Vec<u8> {
        Vec::new()
    }

    /// Words that a server wrote past the protocol, if any: they may tell why an answer broke off.
    fn last_words(&self) -> Option<&str> {
        None
    }
}
