use super::{Facts, Kind, ToolChoices, plain::Plain};

pub static KIND: Kind = Kind {
    facts: Facts {
        name: "ollama",
        display_name: "Ollama",
        base_url: "http://localhost:11434",
        base_url_env: &["OLLAMA_HOST"],
        api_key_env: &[],
        settings: &["api", "keepAlive", "numCtx"],
        settings_env: &["OLLAMA_API_MODE"],
        tool_choices: ToolChoices::AUTO_ONLY,
        ..Facts::PLAIN
    },
    open: |_| Ok(Box::new(Plain(&KIND.facts))),
};
