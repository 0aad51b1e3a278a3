//! One file a server: its facts as data, and the few methods in which it differs from what all do.

mod ask;
mod command;
mod completion_way;
mod countable;
mod cut;
mod facts;
mod given_back;
mod health;
mod plain;
mod probe;
mod reasoning;
#[cfg(test)]
mod recognition;
#[cfg(test)]
mod recorded;
mod response_formats;
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

use std::{
    borrow::Cow,
    collections::{BTreeSet, HashMap},
};

use futures_util::future::BoxFuture;
use secrecy::SecretString;
use serde_json::{Map, Value};

pub use ask::{Ask, Pieces, Place, Question, Reply};
pub use command::{Command, LoadOptions};
pub use completion_way::CompletionWay;
pub use countable::Countable;
pub use cut::Cut;
pub use facts::{Facts, HeaderEnv, KeyHosts};
pub use given_back::give_back;
pub use probe::{Probe, Recognised};
pub use reasoning::{ReasoningFields, put as put_reasoning, says_low};
pub use response_formats::{Heed, ResponseFormats};
pub use survey::Survey;
pub use tool_choices::ToolChoices;

use crate::{
    error::{Code, Error, Result},
    protocol::{Dialect, openai::OpenAi},
    types::{GenerationOptions, ModelInfo, Reasoning, ResponseFormat, Warning},
};

/// All servers that are known by name, in the order in which they are recognised: the unmistakable first, because
/// several answer the others' paths, too.
pub static ALL: [&Kind; 12] = [
    // It has a probe for koboldcpp alone, which answers as Ollama, OpenAI and llama.cpp do, unless it is asked before.
    &openai_compatible::KIND,
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
];

/// Where servers listen on the machines of their users.
#[must_use]
pub fn ports() -> BTreeSet<u16> {
    ALL.into_iter().flat_map(|kind| kind.facts.ports()).collect()
}

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
        ALL.into_iter().find(|kind| kind.facts.name == name).unwrap_or_else(Self::unknown)
    }

    /// The kind of a server of which only the protocol is known.
    #[must_use]
    pub fn unknown() -> &'static Self {
        &openai_compatible::KIND
    }

    #[must_use]
    pub fn is_unknown(&self) -> bool {
        self.facts.name == Self::unknown().facts.name
    }

    /// The kind that is known to answer at this host on the Internet.
    #[must_use]
    pub fn of_host(host: &str) -> Option<&'static Self> {
        ALL.into_iter().find(|kind| kind.facts.is_at(host))
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

    /// Puts what the caller set into the names that this server has for it in chats. What `extraBody` says stays as it is.
    fn translate(&self, _options: &mut GenerationOptions) {}

    /// Changes the body of a chat or a text completion as this server needs it, and says what was left out.
    fn adjust(&self, _body: &mut Map<String, Value>) -> Vec<Warning> {
        Vec::new()
    }

    /// The way of a text completion with a suffix, where that is another than the dialect's; `body` is changed for it.
    fn infill(&self, _body: &mut Map<String, Value>) -> Option<CompletionWay> {
        None
    }

    /// The fields by which it alone holds an answer to `format`, if it has any.
    fn constraint(&self, _format: &ResponseFormat) -> Option<Map<String, Value>> {
        None
    }

    /// The fields by which it is told whether and how hard to reason; none where it cannot be told.
    fn reasoning(&self, reasoning: Reasoning) -> Map<String, Value> {
        self.facts().reasoning.of(reasoning)
    }

    /// The field of a message in the history in which it takes the reasoning of its own answers, if it has one.
    fn reasoning_field(&self) -> Option<&'static str> {
        self.facts().reasoning_field
    }

    /// Adds to a failure what its words do not say. `has_key`: the request said who is asking.
    fn explain(&self, _failure: &mut Error, _has_key: bool) {}

    /// What to do where what answers is no server of this kind, if more than to check the address.
    fn elsewhere(&self) -> Option<&'static str> {
        None
    }

    /// What its context leaves of a prompt, where it [cuts](Facts::cuts_prompts) one. `body`: of the chat, as it is
    /// sent; `loaded`: the context that the model was loaded with, where that is known.
    fn cut(&self, _body: &Map<String, Value>, _loaded: Option<u64>) -> Option<Cut> {
        None
    }

    /// Its models, and what it says of itself.
    fn survey<'a>(&'a self, ask: &'a dyn Ask) -> BoxFuture<'a, Result<Survey>> {
        Box::pin(async {
            Ok(Survey { models: list_models(self.dialect(), ask).await?, ..Survey::default() })
        })
    }

    /// What it must be told when it is started for `model` to call tools, if it lacks that and says so before it
    /// generates anything.
    fn lacks_for_tools<'a>(&'a self, _ask: &'a dyn Ask, _model: &'a str) -> BoxFuture<'a, Option<String>> {
        Box::pin(async { None })
    }

    /// How many tokens the model makes of it; `None` where the server does not count, or not all of it.
    fn count_tokens<'a>(
        &'a self,
        _ask: &'a dyn Ask,
        _what: Countable<'a>,
    ) -> BoxFuture<'a, Result<Option<u64>>> {
        Box::pin(async { Ok(None) })
    }

    /// Does what the caller asks for; the value is what the method of `lib/` resolves to.
    fn manage<'a>(&'a self, command: Command, _ask: &'a dyn Ask) -> BoxFuture<'a, Result<Value>> {
        Box::pin(async move { Err(self.unsupported(&command)) })
    }

    fn unsupported(&self, command: &Command) -> Error {
        let message = format!("{} has no {}", self.facts().display_name, command.as_str());
        Error::new(Code::Unsupported, message)
    }

    /// That `option` of a command is nothing that this server could be told.
    fn unsupported_option(&self, option: &str) -> Error {
        Error::new(Code::Unsupported, format!("{} takes no `{option}`", self.facts().display_name))
    }
}

/// The model list of the API.
pub async fn list_models(dialect: &dyn Dialect, ask: &dyn Ask) -> Result<Vec<ModelInfo>> {
    let reply = ask.ask(Question::get(Place::Api(dialect.models_path()))).await?;
    models_of(dialect, &reply)
}

/// The models that a successful answer lists.
fn models_of(dialect: &dyn Dialect, reply: &Reply) -> Result<Vec<ModelInfo>> {
    dialect.decode_models(&reply.body).map_err(|mut error| {
        error.status = Some(reply.status);
        error
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_on_the_internet_is_known_by_its_host() {
        for (host, name) in [
            ("api.openai.com", Some("openai")),
            ("team.openai.azure.com", Some("openai")),
            ("API.Groq.com", Some("groq")),
            ("openrouter.ai", Some("openrouter")),
            ("localhost", None),
            ("groq.com", None),
            ("api.groq.com.evil.example", None),
            ("openai.azure.com", None),
            ("notopenrouter.ai", None),
            ("", None),
        ] {
            assert_eq!(Kind::of_host(host).map(|kind| kind.facts.name), name, "{host}");
        }
    }

    #[test]
    fn a_server_that_needs_a_key_is_at_a_host_of_its_own() {
        for Kind { facts, .. } in ALL {
            assert_eq!(facts.api_key_required, !facts.hosts.is_empty(), "{}", facts.name);
            assert_eq!(facts.is_local(), facts.hosts.is_empty(), "{}", facts.name);
        }
    }
}
