use super::{Facts, Kind, ToolChoices, plain::Plain};

pub static KIND: Kind = Kind {
    facts: Facts {
        name: "vllm",
        display_name: "vLLM",
        base_url: "http://localhost:8000/v1",
        base_url_env: &["VLLM_BASE_URL"],
        api_key_env: &["VLLM_API_KEY"],
        tool_choices: ToolChoices { none: false, ..ToolChoices::ALL },
        ..Facts::PLAIN
    },
    open: |_| Ok(Box::new(Plain(&KIND.facts))),
};
