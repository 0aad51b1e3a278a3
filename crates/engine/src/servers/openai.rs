use serde_json::Value;

use super::{Facts, HeaderEnv, Kind, ReasoningFields, ResponseFormats, Server, ToolChoices};
use crate::types::GenerationOptions;

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
        // Azure serves the same models by the same protocol.
        hosts: &["api.openai.com", "*.openai.azure.com"],
        developer_role: true,
        tool_choices: ToolChoices::ALL,
        // <https://platform.openai.com/docs/guides/structured-outputs>
        response_formats: ResponseFormats {
            needs_strict: true,
            beside_tools: true,
            ..ResponseFormats::ENFORCED
        },
        reasoning: ReasoningFields::Effort,
        // By this protocol, it tells none.
        reasoning_field: None,
        cuts_prompts: None,
        ..Facts::PLAIN
    },
    open: |_| Ok(Box::new(OpenAi)),
};

struct OpenAi;

impl Server for OpenAi {
    fn facts(&self) -> &'static Facts {
        &KIND.facts
    }

    /// `max_tokens` is deprecated, and reasoning models refuse it.
    /// <https://platform.openai.com/docs/api-reference/chat/create>
    fn translate(&self, options: &mut GenerationOptions) {
        let Some(limit) = options.max_tokens.take() else { return };
        let extra = options.extra_body.get_or_insert_default();
        if !extra.contains_key("max_tokens") {
            extra.entry("max_completion_tokens").or_insert(Value::Number(limit));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_sent_by_its_newer_name_unless_the_body_has_one_already() {
        for (given, extra) in [
            (r#"{"maxTokens":256}"#, r#"{"max_completion_tokens":256}"#),
            (
                r#"{"maxTokens":256,"extraBody":{"store":true}}"#,
                r#"{"store":true,"max_completion_tokens":256}"#,
            ),
            (r#"{"maxTokens":256,"extraBody":{"max_tokens":9}}"#, r#"{"max_tokens":9}"#),
            (
                r#"{"maxTokens":256,"extraBody":{"max_completion_tokens":9}}"#,
                r#"{"max_completion_tokens":9}"#,
            ),
        ] {
            let mut options: GenerationOptions = serde_json::from_str(given).unwrap();
            OpenAi.translate(&mut options);
            assert_eq!(options.max_tokens, None, "{given}");
            assert_eq!(Value::from(options.extra_body.unwrap()).to_string(), extra, "{given}");
        }
    }
}
