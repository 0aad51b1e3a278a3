use http::StatusCode;
use serde_json::Value;

use super::{Identity, LIST, OTHER_LIST, PAGE, Suspect};
use crate::{
    error::Code,
    protocol::{Dialect, Failure, openai::OpenAi, title_of_html},
    servers::{Kind, Place, Probe, Recognised, Reply},
};

/// The answers so far; `None` where there was none.
#[derive(Default)]
pub(super) struct Heard(Vec<(Place<'static>, Option<Reply>)>);

/// How much is shown of an answer that nobody understands, in characters.
const SHOWN: usize = 100;

impl Heard {
    pub fn take(&mut self, place: Place<'static>, reply: Option<Reply>) {
        self.0.push((place, reply));
    }

    /// No other answer can change which server it is.
    pub fn is_certain(&self, suspects: &[Suspect]) -> bool {
        for (_, probes) in suspects {
            if self.recognised(probes).is_some() {
                return true;
            }
            let is_asked = |place| self.0.iter().any(|(asked, _)| *asked == place);
            if !probes.iter().flat_map(Probe::paths).all(|path| is_asked(Place::Root(path))) {
                return false;
            }
        }
        false
    }

    /// Whether one of `suspects` is recognised.
    pub fn knows_any(&self, suspects: &[Suspect]) -> bool {
        suspects.iter().any(|(_, probes)| self.recognised(probes).is_some())
    }

    /// The first of `suspects` that is recognised; else any server with a model list.
    pub fn identity(&self, suspects: &[Suspect]) -> Option<Identity> {
        let known = suspects.iter().find_map(|(kind, probes)| {
            let Recognised { version } = self.recognised(probes)?;
            Some(Identity { kind, version })
        });
        known.or_else(|| {
            let lists = [LIST, OTHER_LIST].into_iter().filter_map(|place| self.reply(place));
            let is_server = lists.into_iter().any(is_of_llm_server);
            is_server.then(|| Identity { kind: Kind::unknown(), version: None })
        })
    }

    fn recognised(&self, probes: &[Probe]) -> Option<Recognised> {
        probes.iter().find_map(|probe| probe.recognised(|path| self.reply(Place::Root(path))))
    }

    fn reply(&self, place: Place<'_>) -> Option<&Reply> {
        self.0.iter().find(|(asked, _)| *asked == place)?.1.as_ref()
    }

    /// What it says that is no LLM server, for people.
    pub fn words(&self) -> String {
        let title = [PAGE, LIST].into_iter().find_map(|place| title_of_html(&self.reply(place)?.body));
        if let Some(title) = title {
            return format!("a web page answers: {title}");
        }
        let Some(reply) = self.reply(LIST) else { return "nothing is answered".to_owned() };
        let text = String::from_utf8_lossy(&reply.body);
        let line: String =
            text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(SHOWN).collect();
        let reason = StatusCode::from_u16(reply.status).ok().and_then(|status| status.canonical_reason());
        let status = format!("HTTP {} {}", reply.status, reason.unwrap_or_default());
        if line.is_empty() { status } else { format!("{status}: {line}") }
    }
}

/// A model list, or why there is none now, as OpenAI's protocol says it.
fn is_of_llm_server(reply: &Reply) -> bool {
    let Some(told) = reply.value() else { return false };
    if (200..300).contains(&reply.status) {
        // Nothing but its name tells an empty list from that of anything else.
        return told["object"] == "list" && told["data"].is_array() || is_model_list(&told, reply);
    }
    let is_own_shape = told["error"]["message"].is_string();
    let code = Failure::of_body(&reply.body).status(reply.status).into_error().code;
    is_own_shape && matches!(code, Code::Authentication | Code::Permission | Code::ModelLoading)
}

fn is_model_list(told: &Value, reply: &Reply) -> bool {
    let list = told.as_array().or_else(|| told["data"].as_array());
    let is_named = list.is_some_and(|list| list.iter().all(|entry| entry["id"].is_string()));
    is_named && OpenAi.decode_models(&reply.body).is_ok_and(|models| !models.is_empty())
}
