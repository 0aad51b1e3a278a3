use serde::Serialize;
use url::Url;

use super::{Probe, ReasoningFields, ResponseFormats, ToolChoices};
use crate::endpoint::ReadAddress;

/// What is known of a server, as data. What is serialized, `lib/` reads.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
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
    /// How it reads its address from such a variable, if not as this package reads a host.
    #[serde(skip)]
    pub read_base_url_env: Option<ReadAddress>,
    pub api_key_env: &'static [&'static str],
    pub api_key_required: bool,
    /// Which of `api_key_env` belong to some hosts only. The others count for any address of such a server.
    #[serde(skip)]
    pub key_hosts: &'static [KeyHosts],
    /// Headers whose values the environment may hold, for the server's own address only.
    pub header_env: &'static [HeaderEnv],
    /// Environment variables that its settings come from.
    pub settings_env: &'static [&'static str],
    /// Fields of the configuration that it alone has.
    pub settings: &'static [&'static str],
    /// Where it listens besides the port of `base_url`.
    #[serde(skip)]
    pub more_ports: &'static [u16],
    /// Where it is on the Internet, in lower case: such a server is known without being asked. `*.` stands for any name
    /// below the rest.
    #[serde(skip)]
    pub hosts: &'static [&'static str],
    /// It may cut a prompt that is too long for its context, and does not say so: what to do about that. `None` where it
    /// refuses one.
    #[serde(skip)]
    pub cuts_prompts: Option<&'static str>,
    #[serde(skip)]
    pub tool_choices: ToolChoices,
    #[serde(skip)]
    pub response_formats: ResponseFormats,
    #[serde(skip)]
    pub reasoning: ReasoningFields,
    /// Of a message in the history.
    #[serde(skip)]
    pub reasoning_field: Option<&'static str>,
    /// A model that it says calls no tools is given none: it would refuse them, or drop them without a word.
    #[serde(skip)]
    pub tells_who_takes_tools: bool,
    /// It fetches images itself, of which it is told the address.
    #[serde(skip)]
    pub fetches_images: bool,
    /// How it is recognised, the surest way first.
    #[serde(skip)]
    pub probes: &'static [Probe],
    /// A stream that fails before its first token ends without a word, also where the request itself is at fault.
    #[serde(skip)]
    pub hides_failures: bool,
    /// It knows the role `developer`. Any other is told `system`: many servers take every role, and the model's template
    /// then drops the message without a word.
    #[serde(skip)]
    pub developer_role: bool,
}

/// A key variable, and the hosts that its key is for, by https. `*.` stands for any name below the rest.
#[derive(Debug, Clone, Copy)]
pub struct KeyHosts {
    pub variable: &'static str,
    pub hosts: &'static [&'static str],
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
        read_base_url_env: None,
        api_key_env: &[],
        api_key_required: false,
        key_hosts: &[],
        header_env: &[],
        settings_env: &[],
        settings: &[],
        more_ports: &[],
        hosts: &[],
        cuts_prompts: Some("Shorten it, or load the model with a longer context."),
        // One tool that must be called is a named choice in other words, and more servers heed them.
        tool_choices: ToolChoices::NO_NAME,
        response_formats: ResponseFormats::UNKNOWN,
        reasoning: ReasoningFields::Template,
        // The name that most templates and gateways read; several servers take it beside their own.
        reasoning_field: Some("reasoning_content"),
        tells_who_takes_tools: false,
        fetches_images: true,
        probes: &[],
        hides_failures: false,
        developer_role: false,
    };

    /// Whether it runs where its users put it, and not at one place on the Internet.
    #[must_use]
    pub fn is_local(&self) -> bool {
        self.base_url.starts_with("http://")
    }

    /// Whether it is what answers at `host`.
    #[must_use]
    pub fn is_at(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        self.hosts.iter().any(|known| match known.strip_prefix('*') {
            Some(end) => host.ends_with(end),
            None => host == *known,
        })
    }

    /// Whether each of its key variables is for its own hosts only, whatever address the caller names.
    #[must_use]
    pub fn guards_keys(&self) -> bool {
        let is_guarded = |name: &&str| self.key_hosts.iter().any(|guarded| guarded.variable == *name);
        !self.is_local() || self.api_key_env.iter().all(is_guarded)
    }

    /// Where it listens unless its users say otherwise; none for a server on the Internet.
    pub fn ports(&self) -> impl Iterator<Item = u16> {
        let own = Url::parse(self.base_url).ok().and_then(|url| url.port()).filter(|_| self.is_local());
        own.into_iter().chain(self.more_ports.iter().copied())
    }
}
