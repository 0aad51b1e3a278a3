use std::fmt;

use bytes::Bytes;
use serde::{
    Deserialize, Deserializer,
    de::{self, SeqAccess, Visitor, value::SeqAccessDeserializer},
};
use serde_json::{Map, Value};

use super::{Detail, Media};

/// A turn of a conversation, as `lib/` hands it over.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "GivenMessage")]
pub enum Message {
    System { content: String },
    Developer { content: String },
    User { content: Content, name: Option<String> },
    Assistant(AssistantMessage),
    Tool { tool_call_id: String, content: Content, name: Option<String> },
}

/// An answer in the history.
#[derive(Debug, Clone, Default)]
pub struct AssistantMessage {
    pub content: Option<String>,
    pub reasoning: Option<String>,
    pub tool_calls: Vec<GivenToolCall>,
    /// What the servers that gave it want to see again, by their names.
    pub provider_data: Option<Map<String, Value>>,
    /// Fields that this request's server wants to see beside those of all messages.
    pub wire: Map<String, Value>,
}

/// A tool call in the history.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GivenToolCall {
    pub id: String,
    pub name: String,
    /// What the model wrote.
    #[serde(default)]
    pub raw_arguments: String,
    /// What was read of it, or what the caller made of that.
    #[serde(default)]
    pub arguments: Option<Map<String, Value>>,
}

#[derive(Debug, Clone)]
pub enum Content {
    Text(String),
    Parts(Vec<Part>),
}

/// By hand: of an untagged enum, serde does not say what was wrong in a part.
impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = Content;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a string or a list of parts")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Content, E> {
                Ok(Content::Text(text.to_owned()))
            }

            fn visit_string<E: de::Error>(self, text: String) -> Result<Content, E> {
                Ok(Content::Text(text))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, parts: A) -> Result<Content, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(parts)).map(Content::Parts)
            }
        }

        deserializer.deserialize_any(Either)
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Part {
    Text {
        text: String,
    },
    Image {
        image: Media,
        detail: Option<Detail>,
        /// How the caller knows it: `images[0]`.
        place: String,
    },
    /// `format` as the server names it: `wav`.
    Audio {
        audio: Media,
        format: String,
        place: String,
    },
}

/// A message as it is handed over. (serde forgets in which field of a tagged enum a mistake is.)
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GivenMessage {
    role: Role,
    #[serde(default)]
    content: Option<Content>,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    reasoning: Option<String>,
    #[serde(default)]
    tool_calls: Option<Vec<GivenToolCall>>,
    #[serde(default)]
    provider_data: Option<Map<String, Value>>,
    #[serde(default)]
    tool_call_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Role {
    System,
    Developer,
    User,
    Assistant,
    Tool,
}

impl TryFrom<GivenMessage> for Message {
    type Error = &'static str;

    fn try_from(given: GivenMessage) -> Result<Self, Self::Error> {
        let GivenMessage { role, content, name, reasoning, tool_calls, provider_data, tool_call_id } = given;
        let text = |content| match content {
            Some(Content::Text(text)) => Ok(text),
            _ => Err("expected a string as `content`"),
        };
        Ok(match role {
            Role::System => Self::System { content: text(content)? },
            Role::Developer => Self::Developer { content: text(content)? },
            Role::User => Self::User { content: content.ok_or("expected a string as `content`")?, name },
            Role::Assistant => Self::Assistant(AssistantMessage {
                content: content.map(|content| text(Some(content))).transpose()?,
                reasoning,
                tool_calls: tool_calls.unwrap_or_default(),
                provider_data,
                wire: Map::new(),
            }),
            Role::Tool => Self::Tool {
                tool_call_id: tool_call_id.ok_or("expected a string as `toolCallId`")?,
                content: content.ok_or("expected a string as `content`")?,
                name,
            },
        })
    }
}

impl Part {
    /// Puts in what crossed beside the request.
    pub fn take(&mut self, beside: &[Bytes]) {
        if let Self::Image { image: media, .. } | Self::Audio { audio: media, .. } = self {
            media.take(beside);
        }
    }

    #[must_use]
    pub fn is_text(&self) -> bool {
        matches!(self, Self::Text { .. })
    }
}

impl Message {
    pub fn parts_mut(&mut self) -> &mut [Part] {
        match self {
            Self::User { content: Content::Parts(parts), .. }
            | Self::Tool { content: Content::Parts(parts), .. } => parts,
            _ => &mut [],
        }
    }

    #[must_use]
    pub fn parts(&self) -> &[Part] {
        match self {
            Self::User { content: Content::Parts(parts), .. }
            | Self::Tool { content: Content::Parts(parts), .. } => parts,
            _ => &[],
        }
    }

    /// Puts in a text that came beside the request.
    pub fn set_content(&mut self, text: String) {
        match self {
            Self::System { content } | Self::Developer { content } => *content = text,
            Self::User { content, .. } | Self::Tool { content, .. } => *content = Content::Text(text),
            Self::Assistant(message) => message.content = Some(text),
        }
    }
}
