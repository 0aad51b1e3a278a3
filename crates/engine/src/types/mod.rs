//! The plain data that all floors speak of. No logic beyond small conversions.

mod answer;
mod delta;
mod diagnosis;
mod embeddings;
mod event;
mod limits;
mod logprobs;
mod message;
mod model;
mod ranking;
mod raw;
mod reasoning;
mod request;
mod response_format;
mod status;
mod timeouts;
mod tool;
mod usage;

pub use answer::{Answer, AnswerMessage, FinishReason, Partial, Timings, Warning};
pub use delta::Delta;
pub use diagnosis::{Check, Diagnosis};
pub use embeddings::{EmbedRequest, Embeddings};
pub use event::{Event, Events, LoadProgress, Phase, Sink};
pub use limits::Limits;
pub use logprobs::{Alternative, Logprobs, TokenLogprob};
pub use message::{AssistantMessage, Content, GivenToolCall, Message, Part};
pub use model::{ModelCapabilities, ModelInfo};
pub use ranking::{Ranked, Ranking, RerankRequest};
pub use raw::Raw;
pub use reasoning::{Effort, Reasoning};
pub use request::{ChatRequest, GenerationOptions, OneOrMany};
pub use response_format::{JsonSchema, Parsed, ResponseFormat};
pub use status::Status;
pub use timeouts::{Clock, Timeouts};
pub use tool::{Arguments, Tool, ToolCall, ToolCallFragment, ToolChoice, ToolMode, ToolOptions};
pub use usage::{ServerTimings, Usage};
