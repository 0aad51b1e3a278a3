use super::{Facts, Kind, ToolChoices, plain::Plain};

pub static KIND: Kind = Kind {
    facts: Facts {
        name: "text-generation-webui",
        display_name: "text-generation-webui",
        base_url: "http://localhost:5000/v1",
        base_url_env: &["TEXTGEN_BASE_URL"],
        api_key_env: &["TEXTGEN_API_KEY"],
        tool_choices: ToolChoices { none: true, ..ToolChoices::AUTO_ONLY },
        ..Facts::PLAIN
    },
    open: |_| Ok(Box::new(Plain(&KIND.facts))),
};
