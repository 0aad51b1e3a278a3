use super::{Facts, Kind, ToolChoices, plain::Plain};

pub static KIND: Kind = Kind {
    facts: Facts {
        name: "tgi",
        display_name: "TGI",
        base_url: "http://localhost:3000/v1",
        base_url_env: &["TGI_BASE_URL"],
        api_key_env: &["HF_TOKEN"],
        tool_choices: ToolChoices::ALL,
        ..Facts::PLAIN
    },
    open: |_| Ok(Box::new(Plain(&KIND.facts))),
};
