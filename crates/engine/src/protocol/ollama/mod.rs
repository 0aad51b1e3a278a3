//! Ollama's own protocol, as its server and those that stand in for it speak it.
//! <https://github.com/ollama/ollama/blob/main/docs/api.md>

mod chunk;
mod decode;
mod encode;
mod models;
mod pull;

use serde_json::{Map, Number, Value};

use super::{Decoder, Dialect};
use crate::{
    error::Result,
    types::{ChatRequest, CompletionRequest, GenerationOptions, JsonSchema, ModelInfo},
};

pub use models::{decode_running, decode_show};
pub use pull::PullReader;

/// Its paths are below the server's root, not below `/v1`.
#[derive(Debug, Clone, Copy)]
pub struct Ollama;

impl Dialect for Ollama {
    fn shows_results(&self) -> bool {
        true
    }

    fn takes_data_urls(&self) -> bool {
        false
    }

    fn chat_path(&self) -> &'static str {
        "/api/chat"
    }

    fn encode_chat(
        &self,
        request: ChatRequest,
        model: &str,
        defaults: &GenerationOptions,
    ) -> Map<String, Value> {
        encode::chat(request, model, defaults)
    }

    fn json_schema(&self, schema: JsonSchema) -> Map<String, Value> {
        Map::from_iter([("format".to_owned(), schema.schema.into())])
    }

    fn json_object(&self) -> Map<String, Value> {
        Map::from_iter([("format".to_owned(), "json".into())])
    }

    fn decoder(&self, max_event_bytes: usize) -> Box<dyn Decoder> {
        Box::new(decode::BodyDecoder::new(max_event_bytes))
    }

    fn completion_path(&self) -> &'static str {
        "/api/generate"
    }

    fn encode_completion(
        &self,
        request: CompletionRequest,
        model: &str,
        defaults: &GenerationOptions,
    ) -> Map<String, Value> {
        encode::completion(request, model, defaults)
    }

    fn embeddings_path(&self) -> &'static str {
        "/api/embed"
    }

    fn encode_embeddings(
        &self,
        input: &[String],
        model: &str,
        dimensions: Option<&Number>,
    ) -> Map<String, Value> {
        encode::embeddings(input, model, dimensions)
    }

    fn models_path(&self) -> &'static str {
        "/api/tags"
    }

    fn decode_models(&self, body: &[u8]) -> Result<Vec<ModelInfo>> {
        models::decode(body)
    }
}
