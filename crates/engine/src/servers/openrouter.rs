use super::{Facts, HeaderEnv, Kind, ResponseFormats, ToolChoices, plain::Plain};

pub static KIND: Kind = Kind {
    facts: Facts {
        name: "openrouter",
        display_name: "OpenRouter",
        base_url: "https://openrouter.ai/api/v1",
        base_url_env: &["OPENROUTER_BASE_URL"],
        api_key_env: &["OPENROUTER_API_KEY"],
        api_key_required: true,
        header_env: &[
            HeaderEnv { header: "http-referer", variable: "OPENROUTER_SITE_URL" },
            HeaderEnv { header: "x-title", variable: "OPENROUTER_APP_NAME" },
        ],
        hosts: &["openrouter.ai"],
        developer_role: true,
        tool_choices: ToolChoices::ALL,
        // It hands them on to whoever runs the model.
        response_formats: ResponseFormats { beside_tools: true, ..ResponseFormats::UNKNOWN },
        tells_who_takes_tools: true,
        ..Facts::PLAIN
    },
    open: |_| Ok(Box::new(Plain(&KIND.facts))),
};
