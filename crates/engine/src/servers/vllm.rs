use futures_util::future::BoxFuture;
use serde_json::json;

use super::{Ask, Facts, Kind, Place, Probe, Question, Recognised, Reply, Server};

pub static KIND: Kind = Kind {
    facts: Facts {
        name: "vllm",
        display_name: "vLLM",
        base_url: "http://localhost:8000/v1",
        base_url_env: &["VLLM_BASE_URL"],
        api_key_env: &["VLLM_API_KEY"],
        probes: &[Probe { path: "/version", recognise }],
        ..Facts::PLAIN
    },
    open: |_| Ok(Box::new(Vllm)),
};

struct Vllm;

impl Server for Vllm {
    fn facts(&self) -> &'static Facts {
        &KIND.facts
    }

    fn lacks_for_tools<'a>(&'a self, ask: &'a dyn Ask, model: &'a str) -> BoxFuture<'a, Option<String>> {
        Box::pin(async move {
            let reply = ask.any_reply(tools_question(model)).await.ok()?;
            lacks_for_tools(&reply)
        })
    }
}

/// Refused before anything is generated, where tools are not enabled; else one token, if any.
fn tools_question(model: &str) -> Question<'static> {
    let tool =
        json!({ "type": "function", "function": { "name": "none", "parameters": { "type": "object" } } });
    let chat =
        json!({ "model": model, "messages": [], "tools": [tool], "tool_choice": "auto", "max_tokens": 1 });
    Question::post(Place::Root("/v1/chat/completions"), chat)
}

/// `"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set`
fn lacks_for_tools(reply: &Reply) -> Option<String> {
    let words = String::from_utf8_lossy(&reply.body);
    let is_refused = reply.status == 400 && words.contains("--enable-auto-tool-choice");
    is_refused.then(|| "--enable-auto-tool-choice --tool-call-parser NAME".to_owned())
}

fn recognise(reply: &Reply) -> Option<Recognised> {
    let told = reply.value()?;
    let only = told.as_object().filter(|told| told.len() == 1)?;
    Some(Recognised { version: Some(only.get("version")?.as_str()?.to_owned()) })
}
