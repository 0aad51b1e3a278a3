use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize};

/// The five clocks, in milliseconds. `None` in a field: the default, or what the provider says; 0: no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Timeouts {
    #[serde(deserialize_with = "milliseconds")]
    pub connect: Option<Duration>,
    #[serde(deserialize_with = "milliseconds")]
    pub first_token: Option<Duration>,
    #[serde(deserialize_with = "milliseconds")]
    pub idle: Option<Duration>,
    #[serde(deserialize_with = "milliseconds")]
    pub metadata: Option<Duration>,
    #[serde(deserialize_with = "milliseconds")]
    pub total: Option<Duration>,
}

/// Which clock ran out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Clock {
    /// Name lookup, TCP, TLS.
    Connect,
    /// From the connection to the first delta.
    FirstToken,
    /// Silence after the first delta.
    Idle,
    /// The whole of a question about the server.
    Metadata,
    /// The whole call.
    Total,
}

impl Clock {
    /// The field's name in the configuration.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::FirstToken => "firstToken",
            Self::Idle => "idle",
            Self::Metadata => "metadata",
            Self::Total => "total",
        }
    }

    /// What is waited at most where nobody says otherwise.
    fn default_limit(self) -> Duration {
        match self {
            Self::Connect => Duration::from_secs(10),
            Self::FirstToken => Duration::from_secs(600),
            Self::Idle => Duration::from_secs(300),
            Self::Metadata => Duration::from_secs(5),
            Self::Total => Duration::ZERO,
        }
    }
}

impl Timeouts {
    /// These, and `base` where a field says nothing.
    #[must_use]
    pub fn or(self, base: Self) -> Self {
        Self {
            connect: self.connect.or(base.connect),
            first_token: self.first_token.or(base.first_token),
            idle: self.idle.or(base.idle),
            metadata: self.metadata.or(base.metadata),
            total: self.total.or(base.total),
        }
    }

    /// The limit of one clock; `None` is no limit.
    #[must_use]
    pub fn limit(&self, clock: Clock) -> Option<Duration> {
        let given = match clock {
            Clock::Connect => self.connect,
            Clock::FirstToken => self.first_token,
            Clock::Idle => self.idle,
            Clock::Metadata => self.metadata,
            Clock::Total => self.total,
        };
        Some(given.unwrap_or_else(|| clock.default_limit())).filter(|limit| !limit.is_zero())
    }
}

fn milliseconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    let Some(value) = Option::<f64>::deserialize(deserializer)? else { return Ok(None) };
    // A century is no limit, and further no clock can count.
    Duration::try_from_secs_f64((value / 1000.0).min(3.0e9))
        .map(Some)
        .map_err(|_| serde::de::Error::custom("expected milliseconds, 0 or more (0: no limit)"))
}
