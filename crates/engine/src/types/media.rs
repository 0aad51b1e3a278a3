use std::{fmt, path::PathBuf, sync::Arc};

use bytes::Bytes;
use serde::{Deserialize, Serialize};

/// An image or a sound: as `lib/` hands it over, and then as it is sent.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Media {
    Bytes(Beside),
    #[serde(rename_all = "camelCase")]
    Base64 {
        data: Beside,
        media_type: Option<String>,
    },
    DataUrl(Beside),
    /// Of `http` or `https`.
    Url(String),
    Path(PathBuf),
    /// What all of them are but an address that the server is sent as it is.
    #[serde(skip)]
    Encoded(Encoded),
}

/// What crosses beside the request: too long for its JSON.
#[derive(Clone, Deserialize)]
#[serde(from = "usize")]
pub enum Beside {
    /// Which of all that crosses.
    Number(usize),
    Here(Bytes),
}

/// Bytes in base64, and what they are.
#[derive(Clone)]
pub struct Encoded {
    pub media_type: String,
    pub base64: Arc<str>,
}

/// How closely a model looks at an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Detail {
    Auto,
    Low,
    High,
}

impl Media {
    /// Puts in what crossed beside the request.
    pub fn take(&mut self, beside: &[Bytes]) {
        if let Self::Bytes(data) | Self::Base64 { data, .. } | Self::DataUrl(data) = self
            && let Beside::Number(number) = data
        {
            *data = Beside::Here(beside.get(*number).cloned().unwrap_or_default());
        }
    }

    /// Where it is, or itself, once it is read.
    #[must_use]
    pub fn url(&self) -> String {
        match self {
            Self::Url(url) => url.clone(),
            Self::Encoded(encoded) => encoded.data_url(),
            _ => String::new(),
        }
    }

    /// Itself, once it is read.
    #[must_use]
    pub fn base64(&self) -> &str {
        match self {
            Self::Encoded(encoded) => &encoded.base64,
            _ => "",
        }
    }
}

impl Beside {
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Number(_) => &[],
            Self::Here(bytes) => bytes,
        }
    }
}

impl From<usize> for Beside {
    fn from(number: usize) -> Self {
        Self::Number(number)
    }
}

impl Encoded {
    /// <https://www.rfc-editor.org/rfc/rfc2397>
    #[must_use]
    pub fn data_url(&self) -> String {
        format!("data:{};base64,{}", self.media_type, self.base64)
    }
}

// Neither shows what may be megabytes.

impl fmt::Debug for Beside {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} bytes", self.bytes().len())
    }
}

impl fmt::Debug for Encoded {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} in {} characters", self.media_type, self.base64.len())
    }
}
