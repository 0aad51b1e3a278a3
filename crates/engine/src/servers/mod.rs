//! One file a server: its facts as data, and the few methods in which it differs from what all do.

mod ask;
mod command;
mod facts;
mod plain;
mod probe;
mod survey;
mod tool_choices;

mod groq;
mod litellm;
mod llama_cpp;
mod lm_studio;
mod localai;
mod ollama;
mod openai;
mod openai_compatible;
mod openrouter;
mod text_generation_webui;
mod tgi;
mod vllm;

use std::{borrow::Cow, collections::HashMap};

use futures_util::future::BoxFuture;
use secrecy::SecretString;
use serde_json::{Map, Value};

pub use ask::{Ask, Pieces, Place, Question, Reply};
pub use command::{Command, LoadOptions};
pub use facts::{Facts, HeaderEnv};
pub use probe::{Probe, Recognised};
pub use survey::Survey;
pub use tool_choices::ToolChoices;

use crate::{
    error::{Code, Error, Result},
    protocol::{Dialect, openai::OpenAi},
    types::{ModelInfo, Warning},
};

/// All servers that are known by name, in the order in which they are recognised: the unmistakable first, because
/// several answer the others' paths, too.
pub static ALL: [&Kind; 12] = [
    &localai::KIND,
    &lm_studio::KIND,
    &ollama::KIND,
    &litellm::KIND,
    &tgi::KIND,
    &text_generation_webui::KIND,
    &llama_cpp::KIND,
    &vllm::KIND,
    &groq::KIND,
    &openrouter::KIND,
    &openai::KIND,
    &openai_compatible::KIND,
];

/// One kind of server.
pub struct Kind {
    pub facts: Facts,
    /// Makes it for one provider.
    pub open: fn(&Settings) -> Result<Box<dyn Server>>,
}

/// What one provider's configuration says for its server alone.
#[derive(Default)]
pub struct Settings {
    /// Those of [`Facts::settings`] that are given.
    pub fields: Map<String, Value>,
    pub environment: HashMap<String, SecretString>,
}

impl Kind {
    /// The kind with this name; any other is a server that speaks OpenAI's protocol, and nothing more is known.
    #[must_use]
    pub fn named(name: &str) -> &'static Self {
        ALL.into_iter().find(|kind| kind.facts.name == name).unwrap_or(&openai_compatible::KIND)
    }
}

/// The program at the other end. What differs by wire format is a method of [`Dialect`]; what differs by program is
/// one here.
pub trait Server: Send + Sync {
    fn facts(&self) -> &'static Facts;

    /// How it speaks, as far as that is known.
    fn dialect(&self) -> &'static dyn Dialect {
        &OpenAi
    }

    /// The address that the dialect's paths are below. `base` is what the caller gave or the facts say.
    fn api_base<'a>(&self, base: &'a str) -> Cow<'a, str> {
        base.into()
    }

    /// Nothing has to be found out any more before anything is sent.
    fn is_settled(&self) -> bool {
        true
    }

    /// Finds that out, and remembers it. What cannot be found out is decided all the same.
    fn settle<'a>(&'a self, _ask: &'a dyn Ask) -> BoxFuture<'a, ()> {
        Box::pin(async {})
    }

    /// Changes the body of a chat as this server needs it, and says what was left out.
    fn adjust(&self, _body: &mut Map<String, Value>) -> Vec<Warning> {
        Vec::new()
    }

    /// Its models, and what it says of itself.
    fn survey<'a>(&'a self, ask: &'a dyn Ask) -> BoxFuture<'a, Result<Survey>> {
        Box::pin(async { Ok(Survey { models: list_models(self.dialect(), ask).await?, version: None }) })
    }

    /// Does what the caller asks for; the value is what the method of `lib/` resolves to.
    fn manage<'a>(&'a self, command: Command, _ask: &'a dyn Ask) -> BoxFuture<'a, Result<Value>> {
        Box::pin(async move { Err(self.unsupported(&command)) })
    }

    fn unsupported(&self, command: &Command) -> Error {
        let message = format!("{} has no {}", self.facts().display_name, command.as_str());
        Error::new(Code::Unsupported, message)
    }
}

/// The model list of the API.
pub async fn list_models(dialect: &dyn Dialect, ask: &dyn Ask) -> Result<Vec<ModelInfo>> {
    let reply = ask.ask(Question::get(Place::Api(dialect.models_path()))).await?;
    dialect.decode_models(&reply.body).map_err(|mut error| {
        error.status = Some(reply.status);
        error
    })
}
