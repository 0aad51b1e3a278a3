use super::{Facts, HeaderEnv, Kind, ToolChoices, plain::Plain};

pub static KIND: Kind = Kind {
    facts: Facts {
        name: "openai",
        display_name: "OpenAI",
        base_url: "https://api.openai.com/v1",
        base_url_env: &["OPENAI_BASE_URL"],
        api_key_env: &["OPENAI_API_KEY"],
        api_key_required: true,
        header_env: &[
            HeaderEnv { header: "openai-organization", variable: "OPENAI_ORG_ID" },
            HeaderEnv { header: "openai-project", variable: "OPENAI_PROJECT_ID" },
        ],
        tool_choices: ToolChoices::ALL,
        ..Facts::PLAIN
    },
    open: |_| Ok(Box::new(Plain(&KIND.facts))),
};
