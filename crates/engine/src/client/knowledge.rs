use std::{
    collections::HashSet,
    sync::{Mutex, MutexGuard, PoisonError},
};

use serde::Serialize;

use crate::{servers::Survey, types::ModelInfo};

/// What a server has told of itself so far.
#[derive(Debug, Default)]
pub struct Knowledge {
    state: Mutex<State>,
    /// Held while the server is asked for its models: one question for all calls that wait for it.
    pub asking: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct State {
    /// The model that is asked where the caller names none.
    model: Option<String>,
    capabilities: Option<Capabilities>,
    /// The models that are loaded.
    loaded: Vec<ModelInfo>,
    /// Those of which the list says that they call no tools.
    without_tools: Vec<ModelInfo>,
    /// The models for which tools were refused.
    refused_tools: HashSet<String>,
}

/// What the model list says of what the server can do.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Capabilities {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub supports_tools: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_context_tokens: Option<u64>,
    pub supported_models: Vec<String>,
}

impl Knowledge {
    pub fn model(&self) -> Option<String> {
        self.lock().model.clone()
    }

    pub fn forget_model(&self) {
        self.lock().model = None;
    }

    pub fn capabilities(&self) -> Option<Capabilities> {
        self.lock().capabilities.clone()
    }

    /// The context that a model was loaded with, in tokens, as far as the server has told.
    pub fn context_of(&self, model: &str) -> Option<u64> {
        self.lock().loaded.iter().find(|loaded| loaded.is_named(model))?.context_length
    }

    /// Tools were refused for `model`.
    pub fn refuses_tools(&self, model: &str) {
        self.lock().refused_tools.insert(model.to_owned());
    }

    /// Whether tools cannot be sent for `model`, as far as that is known. `is_told`: the list's word counts, too.
    pub fn lacks_tools(&self, model: &str, is_told: bool) -> bool {
        let state = self.lock();
        state.refused_tools.contains(model)
            || is_told && state.without_tools.iter().any(|it| it.is_named(model))
    }

    /// Takes note of what the server says. `configured`: the model that the caller asks for by default.
    pub fn learn(&self, survey: &Survey, configured: Option<&str>) {
        let models = &survey.models;
        let chosen = choice(survey);
        let asked = configured.and_then(|name| survey.find(name)).or(chosen);
        let mut state = self.lock();
        state.model = chosen.map(|model| model.name.clone());
        let lacks_tools = |it: &&ModelInfo| it.capabilities.tools == Some(false);
        state.without_tools = models.iter().filter(lacks_tools).cloned().collect();
        state.loaded = models.iter().filter(|model| model.loaded == Some(true)).cloned().collect();
        state.capabilities = Some(Capabilities {
            supports_tools: asked.and_then(|model| model.capabilities.tools),
            max_context_tokens: asked.and_then(|model| model.context_length),
            supported_models: models.iter().map(|model| model.name.clone()).collect(),
        });
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The chat model that is loaded, else the first.
pub(super) fn choice(survey: &Survey) -> Option<&ModelInfo> {
    let mut chat = survey.models.iter().filter(|model| model.capabilities.chat);
    survey.loaded().or_else(|| chat.next()).or_else(|| survey.models.first())
}
