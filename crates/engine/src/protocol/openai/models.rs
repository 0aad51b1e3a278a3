//! Model lists: `data`, `models`, a bare array or strings, with what each server adds.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::super::{
    json,
    listed::{no_list, number, readable_size, text},
};
use crate::{
    error::Result,
    types::{ModelCapabilities, ModelInfo, Unready},
};

pub fn decode(body: &[u8]) -> Result<Vec<ModelInfo>> {
    let value = json::with_repair(body, |body| serde_json::from_str::<Value>(body)).map(|(value, _)| value);
    let list = value.as_ref().ok().and_then(list_in);
    let list = list.ok_or_else(|| no_list(body))?;
    // Some servers list the same models twice, in two protocols' shapes: the second may know more.
    let also = value.as_ref().ok().and_then(|value| value.get("models")).and_then(Value::as_array);
    let also: HashMap<&str, &Value> =
        also.into_iter().flatten().filter_map(|other| Some((name_of(other)?, other))).collect();
    let more = |name| also.get(name).copied();
    Ok(list.iter().filter_map(|entry| model(entry, name_of(entry).and_then(more))).collect())
}

/// `None` where there is no list; an empty one where it is `null`.
fn list_in(value: &Value) -> Option<&[Value]> {
    let list = match value {
        Value::Object(fields) if fields.get("error").is_some_and(|error| !error.is_null()) => return None,
        Value::Object(fields) => fields.get("data").or_else(|| fields.get("models"))?,
        list => list,
    };
    match list {
        Value::Array(list) => Some(list),
        Value::Null => Some(&[]),
        _ => None,
    }
}

fn name_of(entry: &Value) -> Option<&str> {
    let name = entry
        .as_str()
        .or_else(|| ["id", "name", "model", "key"].iter().find_map(|name| entry.get(name)?.as_str()));
    name.filter(|name| !name.is_empty())
}

fn model(entry: &Value, more: Option<&Value>) -> Option<ModelInfo> {
    let name = name_of(entry)?.to_owned();
    let nothing = Map::new();
    let fields = entry.as_object().unwrap_or(&nothing);
    let meta = fields.get("meta").and_then(Value::as_object);
    let quantization = fields.get("quantization").and_then(Value::as_object);
    let size_bytes =
        meta.and_then(|meta| number(meta, &["size"])).or_else(|| number(fields, &["size", "size_bytes"]));
    Some(ModelInfo {
        size: size_bytes.map(readable_size),
        size_bytes,
        quantization: meta
            .and_then(|meta| text(meta, &["ftype"]))
            .or_else(|| text(fields, &["quantization", "quantization_level"]))
            .or_else(|| quantization.and_then(|quantization| text(quantization, &["name"]))),
        context_length: context_length(fields, meta),
        max_output_tokens: number(fields, &MAX_OUTPUT)
            .or_else(|| top_provider(fields).and_then(|provider| number(provider, &MAX_OUTPUT))),
        loaded: loaded(fields, meta),
        unready: unready(fields),
        aliases: aliases(fields),
        capabilities: capabilities(&name, fields, more),
        name,
    })
}

/// As the model runs, if the server says so; else as it could run.
fn context_length(fields: &Map<String, Value>, meta: Option<&Map<String, Value>>) -> Option<u64> {
    let instance =
        fields.get("loaded_instances").and_then(|instances| instances.get(0)?.get("config")?.as_object());
    instance
        .and_then(|config| number(config, &["context_length"]))
        .or_else(|| number(fields, &["loaded_context_length"]))
        .or_else(|| meta.and_then(|meta| number(meta, &["n_ctx"])))
        .or_else(|| {
            number(fields, &["max_model_len", "context_length", "context_window", "max_context_length"])
        })
        .or_else(|| number(fields, &["max_input_tokens"]))
        .or_else(|| top_provider(fields).and_then(|provider| number(provider, &["context_length"])))
}

const MAX_OUTPUT: [&str; 2] = ["max_completion_tokens", "max_output_tokens"];

/// Whom OpenRouter asks first for this model.
fn top_provider(fields: &Map<String, Value>) -> Option<&Map<String, Value>> {
    fields.get("top_provider")?.as_object()
}

fn loaded(fields: &Map<String, Value>, meta: Option<&Map<String, Value>>) -> Option<bool> {
    if let Some(instances) = fields.get("loaded_instances").and_then(Value::as_array) {
        return Some(!instances.is_empty());
    }
    match state(fields) {
        Some(state) => Some(state == "loaded" || state == "sleeping"),
        // Only a model that runs has a context of a certain size, or a limit that its server set.
        None => fields.get("loaded").and_then(Value::as_bool).or_else(|| {
            let runs =
                meta.is_some_and(|meta| meta.contains_key("n_ctx")) || fields.contains_key("max_model_len");
            runs.then_some(true)
        }),
    }
}

/// What llama.cpp's router (`status`) or LM Studio (`state`) says of it.
fn state(fields: &Map<String, Value>) -> Option<&str> {
    let status = fields.get("status").and_then(|status| status.get("value"));
    status.or_else(|| fields.get("state"))?.as_str()
}

fn unready(fields: &Map<String, Value>) -> Option<Unready> {
    let has_failed = fields.get("status").is_some_and(|status| status.get("failed") == Some(&true.into()));
    match state(fields) {
        Some("loading") => Some(Unready::Loading),
        Some("failed") => Some(Unready::Failed),
        _ => has_failed.then_some(Unready::Failed),
    }
}

fn aliases(fields: &Map<String, Value>) -> Vec<String> {
    let aliases = fields.get("aliases").and_then(Value::as_array);
    aliases.into_iter().flatten().filter_map(|alias| alias.as_str().map(str::to_owned)).collect()
}

/// What gateways call models that neither write nor embed.
const OTHER_KINDS: [&str; 12] = [
    "image_generation",
    "image_edit",
    "video_generation",
    "audio_transcription",
    "audio_speech",
    "rerank",
    "moderation",
    "moderations",
    "ocr",
    "search",
    "vector_store",
    "realtime",
];

fn capabilities(name: &str, fields: &Map<String, Value>, more: Option<&Value>) -> ModelCapabilities {
    let told: Option<Vec<&str>> =
        [fields.get("capabilities"), more.and_then(|more| more.get("capabilities"))]
            .into_iter()
            .flatten()
            .find_map(|list| Some(list.as_array()?.iter().filter_map(Value::as_str).collect()));
    let kind = ["type", "mode"].iter().find_map(|name| fields.get(*name)?.as_str());
    let modalities = |name| fields.get("architecture").and_then(|it| it.get(name)).and_then(Value::as_array);
    let (inputs, outputs) = (modalities("input_modalities"), modalities("output_modalities"));
    let parameters = fields.get("supported_parameters").and_then(Value::as_array);
    let holds = |list: &[Value], word| list.iter().any(|entry| entry == word);
    let (chat, embedding) = match kind {
        Some("embedding" | "embeddings") => (false, true),
        Some("llm" | "vlm" | "chat" | "completion" | "responses") => (true, false),
        Some(kind) if OTHER_KINDS.contains(&kind) => (false, false),
        _ => {
            let embedding = outputs.is_some_and(|list| holds(list, "embeddings"))
                || name.to_lowercase().contains("embed");
            (!embedding, embedding)
        }
    };
    let chat = chat && outputs.is_none_or(|list| list.is_empty() || holds(list, "text"));
    let says = |words: &[&str]| told.as_ref().map(|told| words.iter().any(|word| told.contains(word)));
    ModelCapabilities {
        chat,
        completion: chat,
        embedding,
        // Absence from such a list proves nothing: llama.cpp's names neither.
        tools: says(&["tools", "tool_use"])
            .filter(|has| *has)
            .or_else(|| parameters.map(|list| holds(list, "tools"))),
        vision: inputs.map(|list| holds(list, "image")).or_else(|| says(&["vision"]).filter(|has| *has)),
        reasoning: says(&["thinking", "reasoning"])
            .filter(|has| *has)
            .or_else(|| parameters.map(|list| holds(list, "reasoning"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;

    fn names(body: &str) -> Vec<String> {
        decode(body.as_bytes()).unwrap().into_iter().map(|model| model.name).collect()
    }

    #[test]
    fn a_list_of_any_shape_is_read() {
        for body in [
            r#"{"object":"list","data":[{"id":"a"},{"id":"b"}]}"#,
            r#"{"models":[{"name":"a"},{"model":"b"}]}"#,
            r#"[{"id":"a"},"b"]"#,
            r#"{"data":["a","b"]}"#,
            r#"{"data":[{"id":"a"},{},{"id":"b"}]}"#,
            r#"{"data":[{"id":"a"},{"id":"b"}],"error":null}"#,
        ] {
            assert_eq!(names(body), ["a", "b"], "{body}");
        }
        assert!(names(r#"{"data":null}"#).is_empty());
    }

    #[test]
    fn a_model_that_is_listed_twice_is_known_by_both_entries() {
        let body = r#"{"data":[{"id":"a"},{"id":"b"}],"models":[{"name":"b","capabilities":["vision"]}]}"#;
        let vision = |model: ModelInfo| (model.name, model.capabilities.vision);
        let known: Vec<_> = decode(body.as_bytes()).unwrap().into_iter().map(vision).collect();
        assert_eq!(known, [("a".into(), None), ("b".into(), Some(true))]);
    }

    #[test]
    fn a_router_tells_what_is_on_its_way_and_what_failed() {
        let body = r#"[{"id":"a","status":{"value":"loading"}},{"id":"b","aliases":["c"],
            "status":{"value":"unloaded","failed":true}},{"id":"d","status":{"value":"loaded","failed":false}}]"#;
        let models = decode(body.as_bytes()).unwrap();
        let told: Vec<_> = models.iter().map(|model| (model.loaded, model.unready)).collect();
        let expected =
            [(Some(false), Some(Unready::Loading)), (Some(false), Some(Unready::Failed)), (Some(true), None)];
        assert_eq!(told, expected);
        assert!(models[1].is_named("c") && !models[0].is_named("c"));
    }

    #[test]
    fn reading_two_long_lists_takes_time_in_proportion_to_their_length() {
        let list =
            |letter: char| (0..50_000).map(|at| format!("\"{letter}{at}\"")).collect::<Vec<_>>().join(",");
        let body = format!(r#"{{"data":[{}],"models":[{}]}}"#, list('a'), list('b'));
        let started = std::time::Instant::now();
        assert_eq!(names(&body).len(), 50_000);
        // It is a fraction of a second; to search one list for each entry of the other takes minutes.
        assert!(started.elapsed().as_secs() < 10, "{:?}", started.elapsed());
    }

    #[test]
    fn what_is_no_list_is_refused() {
        for body in ["<html>", r#"{"error":"Unexpected endpoint or method. (GET /v1/models)"}"#, "{}", "1"] {
            assert_eq!(decode(body.as_bytes()).unwrap_err().code, Code::Protocol, "{body}");
        }
    }
}
