//! The models that a server has, those that run, and one of them in full.

use serde_json::{Map, Value};

use super::super::{
    json,
    listed::{no_list, number, readable_size, text},
};
use crate::{
    error::{Code, Error, Result},
    types::{ModelCapabilities, ModelInfo},
};

/// The answer of `/api/tags`.
pub fn decode(body: &[u8]) -> Result<Vec<ModelInfo>> {
    list(body, |fields| ModelInfo {
        context_length: details(fields).and_then(|details| number(details, &["context_length"])),
        // What is not in this list may still be in that of `/api/show`.
        capabilities: capabilities(fields, None),
        ..model(fields)
    })
}

/// The answer of `/api/ps`: the models that run, with the size that they take in memory and the context length that
/// they run with.
///
/// # Errors
/// `protocol`, if it is none.
pub fn decode_running(body: &[u8]) -> Result<Vec<ModelInfo>> {
    list(body, |fields| ModelInfo {
        context_length: number(fields, &["context_length"]),
        loaded: Some(true),
        capabilities: capabilities(fields, None),
        ..model(fields)
    })
}

/// The answer of `/api/show` about the model `name`, which it does not repeat: with all capabilities that the server
/// knows of, and the context length that the model was trained with.
///
/// # Errors
/// `protocol`, if it is none.
pub fn decode_show(name: &str, body: &[u8]) -> Result<ModelInfo> {
    match value(body) {
        Some(Value::Object(mut fields)) if fields.contains_key("details") => {
            fields.insert("name".into(), name.into());
            Ok(ModelInfo {
                context_length: fields.get("model_info").and_then(Value::as_object).and_then(trained_with),
                // The server refuses what is not in this list.
                capabilities: capabilities(&fields, Some(false)),
                ..model(&fields)
            })
        }
        _ => {
            let mut error = Error::new(Code::Protocol, "The server's answer describes no model");
            error.wrong_path = true;
            Err(error)
        }
    }
}

fn list(body: &[u8], read: impl Fn(&Map<String, Value>) -> ModelInfo) -> Result<Vec<ModelInfo>> {
    let list = match value(body) {
        Some(Value::Object(mut fields)) => fields.remove("models"),
        _ => None,
    };
    match list {
        Some(Value::Array(list)) => {
            let models = list.iter().filter_map(Value::as_object).map(read);
            Ok(models.filter(|model| !model.name.is_empty()).collect())
        }
        Some(Value::Null) => Ok(Vec::new()),
        _ => Err(no_list(body)),
    }
}

fn value(body: &[u8]) -> Option<Value> {
    json::with_repair(body, |body| serde_json::from_str(body)).ok().map(|(value, _)| value)
}

/// What all three tell in the same fields.
fn model(fields: &Map<String, Value>) -> ModelInfo {
    let size_bytes = number(fields, &["size"]);
    ModelInfo {
        name: text(fields, &["name", "model"]).unwrap_or_default(),
        size: size_bytes.map(readable_size),
        size_bytes,
        quantization: details(fields)
            .and_then(|details| text(details, &["quantization_level"]))
            .filter(|level| level != "unknown"),
        ..ModelInfo::default()
    }
}

fn details(fields: &Map<String, Value>) -> Option<&Map<String, Value>> {
    fields.get("details").and_then(Value::as_object)
}

/// The key begins with the architecture; parts of a model may have a context length of their own.
fn trained_with(info: &Map<String, Value>) -> Option<u64> {
    let architecture = text(info, &["general.architecture"])?;
    number(info, &[&format!("{architecture}.context_length")])
}

/// `unlisted`: what it means that a list of capabilities lacks one.
fn capabilities(fields: &Map<String, Value>, unlisted: Option<bool>) -> ModelCapabilities {
    let listed: Option<Vec<&str>> = fields
        .get("capabilities")
        .and_then(Value::as_array)
        .map(|list| list.iter().filter_map(Value::as_str).collect());
    let has = |word| listed.as_ref().is_some_and(|list| list.contains(&word));
    let tells = |word| if has(word) { Some(true) } else { listed.as_ref().and(unlisted) };
    let is_told = ["completion", "embedding", "image"].into_iter().any(has);
    let embedding = if is_told { has("embedding") } else { looks_like_embedding(fields) };
    let chat = if is_told { has("completion") } else { !embedding };
    ModelCapabilities {
        chat,
        completion: chat,
        embedding,
        tools: tells("tools"),
        vision: tells("vision"),
        reasoning: tells("thinking"),
    }
}

fn looks_like_embedding(fields: &Map<String, Value>) -> bool {
    let name = text(fields, &["name", "model"]).unwrap_or_default().to_lowercase();
    let family = details(fields).and_then(|details| text(details, &["family"])).unwrap_or_default();
    name.contains("embed") || family.contains("bert")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_tells_names_sizes_and_details() {
        let body = r#"{"models":[
            {"name":"llama3.2:3b","model":"llama3.2:3b","size":2019393189,"digest":"a80c",
             "details":{"family":"llama","parameter_size":"3.2B","quantization_level":"Q4_K_M","context_length":131072},
             "capabilities":["completion","tools"]},
            {"model":"all-minilm","details":{"family":"bert","quantization_level":"unknown"}},
            {"name":""},null,{}
        ]}"#;
        let models = decode(body.as_bytes()).unwrap();
        assert_eq!(
            models[0],
            ModelInfo {
                name: "llama3.2:3b".into(),
                size: Some("2.0 GB".into()),
                size_bytes: Some(2_019_393_189),
                quantization: Some("Q4_K_M".into()),
                context_length: Some(131_072),
                max_output_tokens: None,
                loaded: None,
                capabilities: ModelCapabilities {
                    chat: true,
                    completion: true,
                    embedding: false,
                    tools: Some(true),
                    vision: None,
                    reasoning: None,
                },
                ..ModelInfo::default()
            }
        );
        let capabilities = ModelCapabilities { embedding: true, ..ModelCapabilities::default() };
        assert_eq!(
            models[1..],
            [ModelInfo { name: "all-minilm".into(), capabilities, ..ModelInfo::default() }]
        );
    }

    #[test]
    fn a_server_without_models_has_an_empty_list() {
        for body in [r#"{"models":[]}"#, r#"{"models":null}"#] {
            assert!(decode(body.as_bytes()).unwrap().is_empty(), "{body}");
            assert!(decode_running(body.as_bytes()).unwrap().is_empty(), "{body}");
        }
    }

    #[test]
    fn what_is_no_answer_is_refused() {
        for body in
            ["<html>", r#"{"error":"Unexpected endpoint or method. (GET /api/tags)"}"#, "[]", "{}", ""]
        {
            let errors = [
                decode(body.as_bytes()).unwrap_err(),
                decode_running(body.as_bytes()).unwrap_err(),
                decode_show("m", body.as_bytes()).unwrap_err(),
            ];
            for error in errors {
                assert_eq!((error.code, error.wrong_path), (Code::Protocol, true), "{body}");
            }
        }
    }

    #[test]
    fn a_running_model_tells_the_context_that_it_runs_with() {
        let body = r#"{"models":[{"name":"m:latest","size":3,"size_vram":3,"context_length":1024,
            "details":{"context_length":131072},"expires_at":"2026-11-20T09:59:53Z"}]}"#;
        let models = decode_running(body.as_bytes()).unwrap();
        assert_eq!((models[0].context_length, models[0].loaded), (Some(1024), Some(true)));
    }

    #[test]
    fn a_description_knows_all_capabilities_and_the_context_of_the_model_itself() {
        let body = r#"{"details":{"quantization_level":"F16"},"capabilities":["completion","vision"],"model_info":{
            "general.architecture":"gemma3","gemma3.vision.context_length":77,"gemma3.context_length":8192}}"#;
        let model = decode_show("m", body.as_bytes()).unwrap();
        assert_eq!((model.name.as_str(), model.context_length), ("m", Some(8192)));
        assert_eq!(model.quantization.as_deref(), Some("F16"));
        let ModelCapabilities { tools, vision, reasoning, .. } = model.capabilities;
        assert_eq!((tools, vision, reasoning), (Some(false), Some(true), Some(false)));
        let silent = decode_show("m", br#"{"details":{}}"#).unwrap().capabilities;
        assert_eq!((silent.chat, silent.tools), (true, None));
    }

    #[test]
    fn what_a_model_is_for_is_told_by_its_list_rather_than_its_name() {
        let kind = |fields: &str| {
            let body = format!(r#"{{"models":[{{"name":"my-embedder",{fields}}}]}}"#);
            let capabilities = decode(body.as_bytes()).unwrap().remove(0).capabilities;
            (capabilities.chat, capabilities.embedding)
        };
        assert_eq!(kind(r#""capabilities":["completion"]"#), (true, false));
        assert_eq!(kind(r#""capabilities":["tools","embedding"]"#), (false, true));
        assert_eq!(kind(r#""capabilities":["image"]"#), (false, false));
        assert_eq!(kind(r#""capabilities":[]"#), (false, true));
    }
}
