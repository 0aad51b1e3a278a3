use serde::Serialize;

use super::{Probe, ToolChoices};

/// What is known of a server, as data. What is serialized, `lib/` reads.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Facts {
    /// As `createProvider` takes it: `llama-cpp`.
    pub name: &'static str,
    /// As the server writes itself.
    pub display_name: &'static str,
    #[serde(rename = "baseURL")]
    pub base_url: &'static str,
    /// Environment variables that may hold the address, in the order in which they are asked.
    #[serde(rename = "baseURLEnv")]
    pub base_url_env: &'static [&'static str],
    pub api_key_env: &'static [&'static str],
    pub api_key_required: bool,
    /// Headers whose values the environment may hold, for the server's own address only.
    pub header_env: &'static [HeaderEnv],
    /// Environment variables that its settings come from.
    pub settings_env: &'static [&'static str],
    /// Fields of the configuration that it alone has.
    pub settings: &'static [&'static str],
    /// Where it listens besides the port of `base_url`.
    #[serde(skip)]
    pub more_ports: &'static [u16],
    #[serde(skip)]
    pub tool_choices: ToolChoices,
    /// How it is recognised, the surest way first.
    #[serde(skip)]
    pub probes: &'static [Probe],
}

/// A header, and the environment variable that holds its value.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct HeaderEnv {
    pub header: &'static str,
    pub variable: &'static str,
}

impl Facts {
    /// What a server of this kind has nothing special in.
    pub const PLAIN: Self = Self {
        name: "",
        display_name: "",
        base_url: "",
        base_url_env: &[],
        api_key_env: &[],
        api_key_required: false,
        header_env: &[],
        settings_env: &[],
        settings: &[],
        more_ports: &[],
        // One tool that must be called is a named choice in other words, and more servers heed them.
        tool_choices: ToolChoices::NO_NAME,
        probes: &[],
    };

    /// Whether it runs where its users put it, and not at one place on the Internet.
    #[must_use]
    pub fn is_local(&self) -> bool {
        self.base_url.starts_with("http://")
    }
}
