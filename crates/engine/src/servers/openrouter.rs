use serde_json::{Map, Value, json};

use super::{Facts, HeaderEnv, Kind, ResponseFormats, Server, ToolChoices, response_formats::field};
use crate::types::Reasoning;

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
        reasoning_field: Some("reasoning"),
        ..Facts::PLAIN
    },
    open: |_| Ok(Box::new(OpenRouter)),
};

struct OpenRouter;

impl Server for OpenRouter {
    fn facts(&self) -> &'static Facts {
        &KIND.facts
    }

    /// <https://openrouter.ai/docs/use-cases/reasoning-tokens>
    fn reasoning(&self, reasoning: Reasoning) -> Map<String, Value> {
        field(
            "reasoning",
            match reasoning {
                Reasoning::Switch(enabled) => json!({ "enabled": enabled }),
                Reasoning::Effort(effort) => json!({ "effort": effort.as_str() }),
            },
        )
    }
}
