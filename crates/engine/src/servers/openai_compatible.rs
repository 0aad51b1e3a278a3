use super::{Facts, Kind, plain::Plain};

pub static KIND: Kind = Kind {
    facts: Facts {
        name: "openai-compatible",
        display_name: "OpenAI-compatible server",
        base_url: "http://localhost:1234/v1",
        base_url_env: &["OPENAI_COMPATIBLE_BASE_URL"],
        api_key_env: &["OPENAI_COMPATIBLE_API_KEY"],
        ..Facts::PLAIN
    },
    open: |_| Ok(Box::new(Plain(&KIND.facts))),
};
