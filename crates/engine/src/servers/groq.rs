use super::{Facts, Kind, ResponseFormats, ToolChoices, plain::Plain};

pub static KIND: Kind = Kind {
    facts: Facts {
        name: "groq",
        display_name: "Groq",
        base_url: "https://api.groq.com/openai/v1",
        base_url_env: &["GROQ_BASE_URL"],
        api_key_env: &["GROQ_API_KEY"],
        api_key_required: true,
        hosts: &["api.groq.com"],
        tool_choices: ToolChoices::ALL,
        // Models that know no schemas refuse one, and none takes tools beside it.
        // <https://console.groq.com/docs/structured-outputs>
        response_formats: ResponseFormats::ENFORCED,
        ..Facts::PLAIN
    },
    open: |_| Ok(Box::new(Plain(&KIND.facts))),
};
