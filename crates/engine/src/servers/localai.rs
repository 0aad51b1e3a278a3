use super::{Facts, Kind, ToolChoices, plain::Plain};

pub static KIND: Kind = Kind {
    facts: Facts {
        name: "localai",
        display_name: "LocalAI",
        base_url: "http://localhost:8080/v1",
        base_url_env: &["LOCALAI_BASE_URL"],
        api_key_env: &["LOCALAI_API_KEY"],
        tool_choices: ToolChoices::ALL,
        ..Facts::PLAIN
    },
    open: |_| Ok(Box::new(Plain(&KIND.facts))),
};
