use super::{Facts, Kind, ToolChoices, plain::Plain};

pub static KIND: Kind = Kind {
    facts: Facts {
        name: "llama-cpp",
        display_name: "llama.cpp",
        base_url: "http://localhost:8080/v1",
        base_url_env: &["LLAMACPP_BASE_URL"],
        api_key_env: &["LLAMA_API_KEY"],
        more_ports: &[9931],
        tool_choices: ToolChoices { none: false, ..ToolChoices::NO_NAME },
        ..Facts::PLAIN
    },
    open: |_| Ok(Box::new(Plain(&KIND.facts))),
};
