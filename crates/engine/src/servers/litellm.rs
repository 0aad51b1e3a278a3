use super::{Facts, Kind, ToolChoices, plain::Plain};

pub static KIND: Kind = Kind {
    facts: Facts {
        name: "litellm",
        display_name: "LiteLLM",
        base_url: "http://localhost:4000/v1",
        base_url_env: &["LITELLM_BASE_URL"],
        api_key_env: &["LITELLM_API_KEY", "LITELLM_MASTER_KEY"],
        tool_choices: ToolChoices::ALL,
        ..Facts::PLAIN
    },
    open: |_| Ok(Box::new(Plain(&KIND.facts))),
};
