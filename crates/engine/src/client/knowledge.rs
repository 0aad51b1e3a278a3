use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

use serde::Serialize;

use crate::{
    servers::Survey,
    types::{ModelInfo, Unready},
};

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
    listed: Vec<ModelInfo>,
    /// A model that runs alone answers for names that are not listed.
    serves_any_name: bool,
    /// The models for which tools were refused.
    refused_tools: HashSet<String>,
}

impl State {
    /// The model that answers where `name` is asked for, as far as it is known.
    fn find(&self, name: &str) -> Option<&ModelInfo> {
        let named = || self.listed.iter().filter(|model| model.is_named(name));
        let is_loaded = |model: &&ModelInfo| model.loaded == Some(true);
        named().find(is_loaded).or_else(|| named().next()).or_else(|| {
            let mut loaded = self.listed.iter().filter(is_loaded);
            loaded.next().filter(|_| self.serves_any_name && loaded.next().is_none())
        })
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
        self.lock().find(model).filter(|model| model.loaded == Some(true))?.context_length
    }

    /// Tools were refused for `model`.
    pub fn refuses_tools(&self, model: &str) {
        self.lock().refused_tools.insert(model.to_owned());
    }

    /// Whether tools cannot be sent for `model`, as far as that is known. `is_told`: the list's word counts, too.
    pub fn lacks_tools(&self, model: &str, is_told: bool) -> bool {
        let state = self.lock();
        state.refused_tools.contains(model)
            || is_told && state.find(model).is_some_and(|model| model.capabilities.tools == Some(false))
    }

    /// Whether the server said that the model sees no images.
    pub fn lacks_vision(&self, model: &str) -> bool {
        self.lock().find(model).is_some_and(|model| model.capabilities.vision == Some(false))
    }

    /// Takes note of what the server says. `configured`: the model that the caller asks for by default.
    pub fn learn(&self, survey: &Survey, configured: Option<&str>) {
        let models = &survey.models;
        let chosen = Purpose::Chat.choice(survey);
        let asked = configured.and_then(|name| survey.find(name)).or(chosen);
        let mut state = self.lock();
        state.models = Purpose::ALL
            .into_iter()
            .filter_map(|purpose| Some((purpose, purpose.choice(survey)?.name.clone())))
            .collect();
        state.listed.clone_from(models);
        state.serves_any_name = survey.serves_any_name;
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

    /// The model for it that is loaded, else the first that did not fail to load. For a chat, any model will do where none is known to; for all
    /// else, only one that is the only one.
    pub fn choice(self, survey: &Survey) -> Option<&ModelInfo> {
        let models = &survey.models;
        let fit = || models.iter().filter(|model| self.fits(model));
        let loaded = fit().find(|model| model.loaded == Some(true));
        let sound = || fit().find(|model| model.unready != Some(Unready::Failed));
        loaded.or_else(sound).or_else(|| fit().next()).or_else(|| match models.as_slice() {
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
        let survey = Survey { models: models.to_vec(), ..Survey::default() };
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
