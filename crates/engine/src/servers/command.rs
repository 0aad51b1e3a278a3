use serde::Deserialize;
use serde_json::{Map, Value};

/// What a server can be told to do, as `lib/` hands it over. Which server knows which, its file says.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "command", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Command {
    LoadModel {
        name: String,
        #[serde(flatten)]
        options: LoadOptions,
    },
    UnloadModel {
        /// `None`: the one that is loaded.
        #[serde(default)]
        name: Option<String>,
    },
    PullModel {
        name: String,
        #[serde(flatten)]
        options: LoadOptions,
    },
    ShowModel {
        name: String,
    },
    RunningModels,
    Slots,
    Tokenize {
        text: String,
    },
    LoadAdapter {
        name: String,
        path: String,
        #[serde(flatten)]
        options: LoadOptions,
    },
    UnloadAdapter {
        name: String,
    },
    ListAdapters,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct LoadOptions {
    /// In tokens.
    pub context_length: Option<u64>,
    /// How long it stays loaded while nobody asks it, in milliseconds.
    pub ttl: Option<f64>,
    /// Merged into the top level of the request.
    pub extra_body: Option<Map<String, Value>>,
}

impl LoadOptions {
    /// `ttl` in whole seconds, never less than was asked for.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it saturates at the ends")]
    pub fn ttl_seconds(&self) -> Option<u64> {
        self.ttl.map(|milliseconds| (milliseconds / 1000.0).ceil() as u64)
    }
}

impl Command {
    /// Whether it may take minutes: then the clock of the first token counts, and each progress restarts it.
    #[must_use]
    pub fn takes_long(&self) -> bool {
        matches!(self, Self::LoadModel { .. } | Self::PullModel { .. } | Self::LoadAdapter { .. })
    }

    /// As the caller wrote it.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::LoadModel { .. } => "loadModel",
            Self::UnloadModel { .. } => "unloadModel",
            Self::PullModel { .. } => "pullModel",
            Self::ShowModel { .. } => "showModel",
            Self::RunningModels => "runningModels",
            Self::Slots => "slots",
            Self::Tokenize { .. } => "tokenize",
            Self::LoadAdapter { .. } => "loadAdapter",
            Self::UnloadAdapter { .. } => "unloadAdapter",
            Self::ListAdapters => "listAdapters",
        }
    }
}
