use crate::types::ModelInfo;

/// What a server says of itself.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Survey {
    pub models: Vec<ModelInfo>,
    pub version: Option<String>,
}

impl Survey {
    /// The chat model that the server says is loaded.
    #[must_use]
    pub fn loaded(&self) -> Option<&ModelInfo> {
        self.models.iter().find(|model| model.loaded == Some(true) && model.capabilities.chat)
    }

    /// The model that is asked for by `name`.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&ModelInfo> {
        self.models.iter().find(|model| model.is_named(name))
    }
}
