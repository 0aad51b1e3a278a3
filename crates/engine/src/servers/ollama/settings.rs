use secrecy::ExposeSecret;
use serde_json::Value;

use super::super::Settings;
use crate::error::{Error, Result};

/// How a server is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Native,
    OpenAi,
}

/// What a configuration says for this server alone.
#[derive(Debug, PartialEq)]
pub struct Options {
    /// `None`: the server is asked.
    pub mode: Option<Mode>,
    pub keep_alive: Option<Value>,
    pub num_ctx: Option<Value>,
}

impl Options {
    /// # Errors
    /// `configuration`
    pub fn new(settings: &Settings) -> Result<Self> {
        let (origin, mode) = mode(settings)?;
        let options =
            Self { mode, keep_alive: field(settings, "keepAlive"), num_ctx: field(settings, "numCtx") };
        if options.num_ctx.as_ref().is_some_and(|number| number.as_u64().is_none_or(|number| number == 0)) {
            return Err(Error::configuration("`numCtx` must be a whole number of tokens, 1 or more"));
        }
        if options.keep_alive.as_ref().is_some_and(|time| !(time.is_string() || time.is_number())) {
            return Err(Error::configuration(
                "`keepAlive` must be a text like '10m', or a number of seconds",
            ));
        }
        if mode == Some(Mode::OpenAi)
            && let Some(names) = options.native_only()
        {
            return Err(Error::configuration(format!(
                "{names} cannot be told by OpenAI's protocol, which {origin} asks for"
            ))
            .hint(
                "Speak Ollama's own protocol (`api: 'native'`), or leave it out and set \
                 OLLAMA_CONTEXT_LENGTH or OLLAMA_KEEP_ALIVE where Ollama is started.",
            ));
        }
        Ok(options)
    }

    /// The names of what is set, and only the native protocol can tell.
    pub fn native_only(&self) -> Option<&'static str> {
        match (&self.num_ctx, &self.keep_alive) {
            (Some(_), Some(_)) => Some("`numCtx` and `keepAlive`"),
            (Some(_), None) => Some("`numCtx`"),
            (None, Some(_)) => Some("`keepAlive`"),
            (None, None) => None,
        }
    }
}

/// What `api` says, else the environment variable, and which of them it was.
fn mode(settings: &Settings) -> Result<(&'static str, Option<Mode>)> {
    let variable = || {
        let value = settings.environment.get(VARIABLE)?.expose_secret().trim();
        (!value.is_empty()).then(|| value.to_ascii_lowercase().into())
    };
    let (origin, value) = match field(settings, "api") {
        Some(value) => ("`api`", value),
        None => match variable() {
            Some(value) => (VARIABLE, value),
            None => return Ok(("", Some(Mode::Native))),
        },
    };
    match value.as_str() {
        Some("native") => Ok((origin, Some(Mode::Native))),
        Some("openai") => Ok((origin, Some(Mode::OpenAi))),
        Some("auto") => Ok((origin, None)),
        _ => Err(Error::configuration(format!("{origin} must be 'native', 'openai' or 'auto'"))),
    }
}

const VARIABLE: &str = "OLLAMA_API_MODE";

fn field(settings: &Settings, name: &str) -> Option<Value> {
    settings.fields.get(name).filter(|value| !value.is_null()).cloned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn options(fields: Value, variable: &str) -> Result<Options> {
        let environment = [(VARIABLE.to_owned(), variable.to_owned().into())].into();
        Options::new(&Settings { fields: serde_json::from_value(fields).unwrap(), environment })
    }

    #[test]
    fn the_configuration_counts_more_than_the_environment_and_native_is_the_default() {
        for (api, variable, mode) in [
            (json!(null), "", Some(Mode::Native)),
            (json!(null), "openai", Some(Mode::OpenAi)),
            (json!(null), " OpenAI\n", Some(Mode::OpenAi)),
            (json!(null), "auto", None),
            (json!("native"), "openai", Some(Mode::Native)),
            (json!("openai"), "nonsense", Some(Mode::OpenAi)),
            (json!("auto"), "native", None),
        ] {
            assert_eq!(options(json!({ "api": api }), variable).unwrap().mode, mode, "{api} {variable}");
        }
    }

    #[test]
    fn what_cannot_be_meant_is_named_with_the_choices() {
        for (fields, variable, words) in [
            (json!({ "api": "ollama" }), "", "`api` must be 'native', 'openai' or 'auto'"),
            (json!({ "api": 1 }), "", "`api` must be"),
            (json!({}), "v1", "OLLAMA_API_MODE must be 'native', 'openai' or 'auto'"),
            (json!({ "numCtx": 0 }), "", "`numCtx`"),
            (json!({ "numCtx": 1.5 }), "", "`numCtx`"),
            (json!({ "numCtx": "8k" }), "", "`numCtx`"),
            (json!({ "keepAlive": true }), "", "`keepAlive`"),
            (
                json!({ "api": "openai", "numCtx": 1 }),
                "",
                "`numCtx` cannot be told by OpenAI's protocol, which `api`",
            ),
            (
                json!({ "keepAlive": "1h" }),
                "openai",
                "`keepAlive` cannot be told by OpenAI's protocol, which OLLAMA",
            ),
        ] {
            let error = options(fields, variable).unwrap_err();
            assert!(error.message.contains(words), "{error}");
        }
        assert!(options(json!({ "api": "auto", "numCtx": 8192, "keepAlive": -1 }), "").is_ok());
    }
}
