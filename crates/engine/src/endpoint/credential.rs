use http::{HeaderMap, HeaderValue, header::AUTHORIZATION};
use secrecy::{ExposeSecret, SecretString};

use super::{EndpointConfig, Variable};
use crate::error::{Error, Result};

/// The key that goes with each request, if any.
#[derive(Debug, Clone)]
pub enum Credential {
    /// None is sent: there is none, or a header of the caller's own says who is asking.
    None,
    /// No key is known. Some servers want a value all the same.
    Placeholder,
    Key(SecretString),
    /// Asked of the caller before each attempt.
    Function,
}

const PLACEHOLDER: &str = "not-needed";

/// Headers that say who is asking.
const OWN: [&str; 3] = ["authorization", "x-api-key", "api-key"];

/// Whether a header says who is asking.
#[must_use]
pub fn is_in(headers: &HeaderMap) -> bool {
    OWN.iter().any(|name| headers.contains_key(*name))
}

impl Credential {
    pub(super) fn new(
        config: &EndpointConfig,
        headers: &HeaderMap,
        key_variables: &[String],
        variable: Variable<'_>,
    ) -> Result<Self> {
        let given = config.api_key.as_ref().map(ExposeSecret::expose_secret);
        let is_given = config.has_api_key_function || given.is_some_and(|key| !key.is_empty());
        if is_given && headers.contains_key(AUTHORIZATION) {
            return Err(Error::configuration("Both `apiKey` and the header \"authorization\" are given")
                .hint("Leave one of them out: `apiKey` is sent as `Authorization: Bearer …`."));
        }
        if config.has_api_key_function {
            return Ok(Self::Function);
        }
        match given {
            Some("") => return Ok(Self::None),
            Some(key) => {
                bearer(key, "`apiKey`")?;
                return Ok(Self::Key(key.into()));
            }
            None if is_in(headers) => return Ok(Self::None),
            None => {}
        }
        if let Some((name, key)) = variable(key_variables) {
            bearer(key.expose_secret(), &name)?;
            return Ok(Self::Key(key));
        }
        let definition = &config.definition;
        if definition.api_key_required {
            let error =
                Error::configuration(format!("{} needs a key, and none is given", definition.display_name));
            return Err(error.hint(match key_variables {
                [] if definition.api_key_env.is_empty() => "Set `apiKey`.".to_owned(),
                [] => format!(
                    "Set `apiKey`: a key from the environment is sent to {} only.",
                    definition.base_url
                ),
                names => format!("Set `apiKey`, or the environment variable {}.", names.join(" or ")),
            }));
        }
        Ok(Self::Placeholder)
    }

    /// The header that stands for it; `None` also where the caller must be asked first.
    ///
    /// # Errors
    /// `configuration`, if no header can hold the key.
    pub fn header(&self) -> Result<Option<HeaderValue>> {
        match self {
            Self::None | Self::Function => Ok(None),
            Self::Placeholder => bearer(PLACEHOLDER, "the placeholder").map(Some),
            Self::Key(key) => bearer(key.expose_secret(), "`apiKey`").map(Some),
        }
    }

    pub(super) fn secret(&self) -> Option<&str> {
        match self {
            Self::Key(key) => Some(key.expose_secret()),
            Self::None | Self::Placeholder | Self::Function => None,
        }
    }

    #[must_use]
    pub fn is_key(&self) -> bool {
        matches!(self, Self::Key(_) | Self::Function)
    }
}

/// `Authorization: Bearer KEY`, marked as not to be shown. `origin`: where the key comes from, for the error.
///
/// # Errors
/// `configuration`, if no header can hold the key.
pub fn bearer(key: &str, origin: &str) -> Result<HeaderValue> {
    // RFC 9110, section 5.5: visible characters of ASCII. (Others would be sent as bytes that nobody agrees on.)
    let bad = key.chars().find(|character| !character.is_ascii_graphic());
    let header = HeaderValue::try_from(format!("Bearer {key}"));
    match (bad, header) {
        (None, Ok(mut header)) => {
            header.set_sensitive(true);
            Ok(header)
        }
        (bad, _) => {
            let what = match bad {
                Some('\n' | '\r') => "a line end",
                Some(' ' | '\t') => "white space",
                Some(character) if character.is_ascii_control() => "a control character",
                _ => "a character beyond ASCII",
            };
            let hint = if key.trim_start().get(..7).is_some_and(|start| start.eq_ignore_ascii_case("bearer "))
            {
                "Leave `Bearer ` out: the key alone is given, and sent as `Authorization: Bearer …`."
            } else {
                "Check how the key was copied or read: it is sent as `Authorization: Bearer …`."
            };
            Err(Error::configuration(format!("{origin} holds {what}, which no key has")).hint(hint))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Endpoint, EndpointConfig};

    #[test]
    fn a_missing_key_is_asked_for_where_it_can_be_given() {
        for (variables, config, expected) in [
            (&["KEY", "TOKEN"][..], "{}", "Set `apiKey`, or the environment variable KEY or TOKEN."),
            (
                &["KEY"],
                r#"{"host":"box"}"#,
                "Set `apiKey`: a key from the environment is sent to https://api.vendor.example/v1 only.",
            ),
            (&[], "{}", "Set `apiKey`."),
        ] {
            let mut config: EndpointConfig = serde_json::from_str(config).unwrap();
            config.definition.base_url = "https://api.vendor.example/v1".into();
            config.definition.api_key_env = variables.iter().map(|name| (*name).to_owned()).collect();
            config.definition.api_key_required = true;
            assert_eq!(Endpoint::new(&config).unwrap_err().hint.as_deref(), Some(expected));
        }
    }
}
