use serde::Deserialize;
use serde_json::{Map, Value};

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

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged, expecting = "expected a string or a list of parts")]
pub enum Content {
    Text(String),
    Parts(Vec<Part>),
}

#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Part {
    Text { text: String },
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

impl Message {
    /// Puts in a text that came beside the request.
    pub fn set_content(&mut self, text: String) {
        match self {
            Self::System { content } | Self::Developer { content } => *content = text,
            Self::User { content, .. } | Self::Tool { content, .. } => *content = Content::Text(text),
            Self::Assistant(message) => message.content = Some(text),
        }
    }
}
