use crate::types::ModelInfo;

/// What a server says of itself.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Survey {
    pub models: Vec<ModelInfo>,
    pub version: Option<String>,
    /// The model that it runs, where that is one, answers for every name.
    pub serves_any_name: bool,
    /// A query loads none: what is not loaded does not answer.
    pub loads_none: bool,
}

impl Survey {
    /// The chat model that the server says is loaded.
    #[must_use]
    pub fn loaded(&self) -> Option<&ModelInfo> {
        self.models.iter().find(|model| model.loaded == Some(true) && model.capabilities.chat)
    }

    /// Whether it says of any model that it is loaded, or that it is not.
    #[must_use]
    pub fn tells_what_is_loaded(&self) -> bool {
        self.models.iter().any(|model| model.loaded.is_some())
    }

    /// The model that is asked for by `name`.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&ModelInfo> {
        self.models.iter().find(|model| model.is_named(name))
    }
}
