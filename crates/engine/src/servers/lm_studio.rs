use super::{Facts, Kind, plain::Plain};

pub static KIND: Kind = Kind {
    facts: Facts {
        name: "lm-studio",
        display_name: "LM Studio",
        base_url: "http://localhost:1234/v1",
        base_url_env: &["LMSTUDIO_BASE_URL"],
        api_key_env: &["LMSTUDIO_API_KEY"],
        ..Facts::PLAIN
    },
    open: |_| Ok(Box::new(Plain(&KIND.facts))),
};
