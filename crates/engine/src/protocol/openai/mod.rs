//! The protocol of OpenAI's chat completions, as its many implementations speak it.
//! <https://platform.openai.com/docs/api-reference/chat>

mod chunk;
mod decode;
mod encode;
mod models;

use serde_json::{Map, Number, Value, json};

pub(super) use chunk::WireUsage;
pub(super) use encode::tool;

use super::{Decoder, Dialect};
use crate::{
    error::Result,
    types::{ChatRequest, GenerationOptions, JsonSchema, ModelInfo},
};

#[derive(Debug, Clone, Copy)]
pub struct OpenAi;

impl Dialect for OpenAi {
    fn chat_path(&self) -> &'static str {
        "/chat/completions"
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
        encode::json_schema(schema)
    }

    fn json_object(&self) -> Map<String, Value> {
        encode::response_format(json!({ "type": "json_object" }))
    }

    fn decoder(&self, max_event_bytes: usize) -> Box<dyn Decoder> {
        Box::new(decode::BodyDecoder::new(max_event_bytes))
    }

    fn embeddings_path(&self) -> &'static str {
        "/embeddings"
    }

    fn encode_embeddings(
        &self,
        input: &[String],
        model: &str,
        dimensions: Option<&Number>,
    ) -> Map<String, Value> {
        encode::embeddings(input, model, dimensions)
    }

    fn rerank_path(&self) -> Option<&'static str> {
        Some("/rerank")
    }

    fn models_path(&self) -> &'static str {
        "/models"
    }

    fn decode_models(&self, body: &[u8]) -> Result<Vec<ModelInfo>> {
        models::decode(body)
    }
}
