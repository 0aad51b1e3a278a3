use std::{
    collections::{HashMap, HashSet},
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
    /// The models that are asked where the caller names none, for each purpose.
    models: HashMap<Purpose, String>,
    capabilities: Option<Capabilities>,
    /// The models that are loaded.
    loaded: Vec<ModelInfo>,
    /// The one that is loaded answers for every name.
    serves_any_name: bool,
    /// Those of which the list says that they call no tools.
    without_tools: Vec<ModelInfo>,
    /// Those of which it says that they see no images.
    without_vision: Vec<ModelInfo>,
    /// The models for which tools were refused.
    refused_tools: HashSet<String>,
}

impl State {
    /// Whether `listed` answers where `model` is asked for.
    fn is_meant(&self, listed: &ModelInfo, model: &str) -> bool {
        listed.is_named(model) || self.serves_any_name && listed.loaded == Some(true)
    }
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
    pub fn model(&self, purpose: Purpose) -> Option<String> {
        self.lock().models.get(&purpose).cloned()
    }

    pub fn forget_model(&self) {
        self.lock().models.clear();
    }

    pub fn capabilities(&self) -> Option<Capabilities> {
        self.lock().capabilities.clone()
    }

    /// The context that a model was loaded with, in tokens, as far as the server has told.
    pub fn context_of(&self, model: &str) -> Option<u64> {
        let state = self.lock();
        state.loaded.iter().find(|loaded| state.is_meant(loaded, model))?.context_length
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

    /// Whether the server said that the model sees no images.
    pub fn lacks_vision(&self, model: &str) -> bool {
        let state = self.lock();
        state.without_vision.iter().any(|it| state.is_meant(it, model))
    }

    /// Takes note of what the server says. `configured`: the model that the caller asks for by default.
    /// `serves_any_name`: the one that is loaded answers for every name.
    pub fn learn(&self, survey: &Survey, configured: Option<&str>, serves_any_name: bool) {
        let models = &survey.models;
        let chosen = Purpose::Chat.choice(survey);
        let asked = configured.and_then(|name| survey.find(name)).or(chosen);
        let mut state = self.lock();
        state.models = Purpose::ALL
            .into_iter()
            .filter_map(|purpose| Some((purpose, purpose.choice(survey)?.name.clone())))
            .collect();
        let lacks_tools = |it: &&ModelInfo| it.capabilities.tools == Some(false);
        state.without_tools = models.iter().filter(lacks_tools).cloned().collect();
        let lacks_vision = |it: &&ModelInfo| it.capabilities.vision == Some(false);
        state.without_vision = models.iter().filter(lacks_vision).cloned().collect();
        state.loaded = models.iter().filter(|model| model.loaded == Some(true)).cloned().collect();
        state.serves_any_name = serves_any_name && state.loaded.len() == 1;
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

/// What a model is wanted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    Chat,
    Embeddings,
    Reranking,
}

impl Purpose {
    const ALL: [Self; 3] = [Self::Chat, Self::Embeddings, Self::Reranking];

    /// The model for it that is loaded, else the first. For a chat, any model will do where none is known to; for all
    /// else, only one that is the only one.
    pub fn choice(self, survey: &Survey) -> Option<&ModelInfo> {
        let models = &survey.models;
        let mut fit = models.iter().filter(|model| self.fits(model));
        let loaded = fit.clone().find(|model| model.loaded == Some(true));
        loaded.or_else(|| fit.next()).or_else(|| match models.as_slice() {
            [first, ..] if self == Self::Chat => Some(first),
            [only] => Some(only),
            _ => None,
        })
    }

    fn fits(self, model: &ModelInfo) -> bool {
        match self {
            Self::Chat => model.capabilities.chat,
            Self::Embeddings => model.capabilities.embedding,
            // No server tells it otherwise.
            Self::Reranking => model.name.to_lowercase().contains("rerank"),
        }
    }

    /// That no model fits.
    pub fn lack(self) -> &'static str {
        match self {
            Self::Chat => "The server has no model",
            Self::Embeddings => "The server lists no model for embeddings",
            Self::Reranking => "The server lists no model for reranking",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::ModelCapabilities;

    fn model(name: &str, embedding: bool, loaded: Option<bool>) -> ModelInfo {
        let capabilities = ModelCapabilities { chat: !embedding, embedding, ..ModelCapabilities::default() };
        ModelInfo { name: name.into(), loaded, capabilities, ..ModelInfo::default() }
    }

    fn chosen(models: &[ModelInfo]) -> [Option<String>; 3] {
        let survey = Survey { models: models.to_vec(), version: None };
        Purpose::ALL.map(|purpose| purpose.choice(&survey).map(|model| model.name.clone()))
    }

    #[test]
    fn each_purpose_has_a_model_of_its_own() {
        let models = [
            model("chat", false, Some(false)),
            model("embed", true, Some(false)),
            model("loaded-embed", true, Some(true)),
            model("loaded-chat", false, Some(true)),
            model("bge-Reranker", false, None),
        ];
        assert_eq!(
            chosen(&models),
            ["loaded-chat", "loaded-embed", "bge-Reranker"].map(|it| Some(it.into()))
        );
    }

    #[test]
    fn a_chat_model_embeds_nothing_unless_it_is_the_only_one() {
        let models = [model("a", false, None), model("b", false, Some(true))];
        assert_eq!(chosen(&models), [Some("b".into()), None, None]);
        assert_eq!(chosen(&models[..1]), ["a", "a", "a"].map(|it| Some(it.into())));
        assert_eq!(chosen(&[]), [None, None, None]);
    }
}
