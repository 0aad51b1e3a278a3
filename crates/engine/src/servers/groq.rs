use serde_json::{Map, Value};

use super::{Facts, Kind, ResponseFormats, Server, ToolChoices, response_formats::field};
use crate::types::Reasoning;

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
        response_formats: ResponseFormats { needs_strict: true, ..ResponseFormats::ENFORCED },
        reasoning_field: Some("reasoning"),
        cuts_prompts: None,
        ..Facts::PLAIN
    },
    open: |_| Ok(Box::new(Groq)),
};

struct Groq;

impl Server for Groq {
    fn facts(&self) -> &'static Facts {
        &KIND.facts
    }

    /// Each model takes some of these values, and names them where it refuses another. `reasoning_format` is left to the
    /// server: some models refuse it, and reasoning is read wherever it comes.
    /// <https://console.groq.com/docs/reasoning>
    fn reasoning(&self, reasoning: Reasoning) -> Map<String, Value> {
        field(
            "reasoning_effort",
            match reasoning {
                Reasoning::Switch(false) => "none",
                Reasoning::Switch(true) => "default",
                Reasoning::Effort(effort) => effort.of_three(),
            },
        )
    }
}
