use serde::Deserialize;

/// Whether the model is to reason before it answers, or how hard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(
    untagged,
    expecting = "expected `true`, `false`, `\"minimal\"`, `\"low\"`, `\"medium\"` or `\"high\"` as `reasoning`"
)]
pub enum Reasoning {
    Switch(bool),
    Effort(Effort),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Effort {
    Minimal,
    Low,
    Medium,
    High,
}

impl Effort {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Minimal => "minimal",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }

    /// For whom three levels are all.
    #[must_use]
    pub fn of_three(self) -> &'static str {
        if self == Self::Minimal { "low" } else { self.as_str() }
    }
}
