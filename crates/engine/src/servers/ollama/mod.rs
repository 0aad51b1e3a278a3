//! Ollama, by its own protocol or by OpenAI's. <https://github.com/ollama/ollama/blob/main/docs/api.md>

mod commands;
mod models;
mod settings;

use std::borrow::Cow;

use futures_util::future::BoxFuture;
use serde_json::{Map, Value, json};
use tokio::sync::OnceCell;

use super::{
    Ask, Command, Cut, Facts, Kind, Place, Probe, Question, Recognised, Reply, ResponseFormats, Server,
    Settings, Survey, ToolChoices, reasoning::effort, response_formats::field,
};
use crate::{
    error::{Code, Error, Result},
    protocol::{Dialect, is_page, ollama, openai::OpenAi},
    types::{Reasoning, Warning},
};
use settings::{Mode, Options};

pub static KIND: Kind = Kind {
    facts: Facts {
        name: "ollama",
        display_name: "Ollama",
        base_url: "http://localhost:11434",
        base_url_env: &["OLLAMA_HOST"],
        read_base_url_env: Some(read_host),
        api_key_env: &[],
        settings: &["api", "keepAlive", "numCtx"],
        settings_env: &["OLLAMA_API_MODE"],
        cuts_prompts: Some(
            "Set `numCtx`, or OLLAMA_CONTEXT_LENGTH where Ollama is started, to a longer context.",
        ),
        // Its words: "image URLs are not currently supported, please use base64 encoded data instead".
        fetches_images: false,
        tool_choices: ToolChoices::AUTO_ONLY,
        // <https://docs.ollama.com/capabilities/structured-outputs>
        response_formats: ResponseFormats::ENFORCED,
        // Others answer `/api/version` in the same words.
        probes: &[Probe::new("/", recognise)],
        ..Facts::PLAIN
    },
    open: |settings| Ok(Box::new(Ollama::new(settings)?)),
};

const VERSION: &str = "/api/version";

const ELSEWHERE: &str = "No Ollama answers there. Use the class that is made for what does (`createLocalProvider` finds \
                         it), or `api: 'openai'`, which other servers speak, too.";

struct Ollama {
    options: Options,
    /// Empty while the server was not asked.
    mode: OnceCell<Mode>,
}

impl Ollama {
    fn new(settings: &Settings) -> Result<Self> {
        let options = Options::new(settings)?;
        let mode = OnceCell::new_with(options.mode);
        Ok(Self { options, mode })
    }

    fn mode(&self) -> Mode {
        self.mode.get().copied().unwrap_or(Mode::Native)
    }
}

impl Server for Ollama {
    fn facts(&self) -> &'static Facts {
        &KIND.facts
    }

    fn dialect(&self) -> &'static dyn Dialect {
        match self.mode() {
            Mode::Native => &ollama::Ollama,
            Mode::OpenAi => &OpenAi,
        }
    }

    fn api_base<'a>(&self, base: &'a str) -> Cow<'a, str> {
        let root = base.strip_suffix("/v1").unwrap_or(base);
        match self.mode() {
            Mode::Native => root.into(),
            Mode::OpenAi => format!("{root}/v1").into(),
        }
    }

    fn is_settled(&self) -> bool {
        self.mode.initialized()
    }

    /// Native where the server answers as Ollama does. Where nobody answers, the next call asks again.
    fn settle<'a>(&'a self, ask: &'a dyn Ask) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            let asked = self.mode.get_or_try_init(|| async {
                match ask.ask(Question::get(Place::Root(VERSION))).await {
                    Ok(reply) if version_of(&reply).is_some() => Ok(Mode::Native),
                    Ok(_) => Ok(Mode::OpenAi),
                    Err(error) if matches!(error.status, Some(404 | 405 | 501)) => Ok(Mode::OpenAi),
                    Err(error) => Err(error),
                }
            });
            // Until then it is spoken to as by default.
            _ = asked.await;
        })
    }

    fn adjust(&self, body: &mut Map<String, Value>) -> Vec<Warning> {
        if self.mode() == Mode::OpenAi {
            let left_out = self.options.native_only().map(|names| {
                let message = format!(
                    "{names} cannot be told by OpenAI's protocol, which this server speaks: left out."
                );
                Warning::new("left_out", message)
            });
            return left_out.into_iter().collect();
        }
        if let Some(num_ctx) = &self.options.num_ctx
            && let Some(options) = body.entry("options").or_insert_with(|| json!({})).as_object_mut()
        {
            options.entry("num_ctx").or_insert_with(|| num_ctx.clone());
        }
        if let Some(keep_alive) = &self.options.keep_alive {
            body.entry("keep_alive").or_insert_with(|| keep_alive.clone());
        }
        Vec::new()
    }

    /// <https://docs.ollama.com/capabilities/thinking>
    fn reasoning(&self, reasoning: Reasoning) -> Map<String, Value> {
        match (self.mode(), reasoning) {
            (Mode::OpenAi, reasoning) => effort(reasoning),
            (Mode::Native, Reasoning::Switch(is_on)) => field("think", is_on),
            (Mode::Native, Reasoning::Effort(effort)) => field("think", effort.of_three()),
        }
    }

    fn reasoning_field(&self) -> Option<&'static str> {
        Some(match self.mode() {
            Mode::Native => "thinking",
            Mode::OpenAi => "reasoning",
        })
    }

    fn explain(&self, error: &mut Error, _has_key: bool) {
        let is_silent = error.body.as_ref().is_none_or(String::is_empty);
        if error.status == Some(403) && is_silent {
            error.hint = Some(
                "Ollama refuses the name that it is called by, or the `Origin` header: start it with \
                 OLLAMA_HOST=0.0.0.0 to be called by any name, and name the origin in OLLAMA_ORIGINS."
                    .into(),
            );
        } else if self.options.mode == Some(Mode::OpenAi)
            && matches!(error.code, Code::Stream | Code::EmptyCompletion)
            && error.system_code.is_none()
        {
            error.hint = Some(
                "By OpenAI's protocol, Ollama does not tell what happened to its model: its log does, and so does its \
                 own protocol (`api: 'native'`)."
                    .into(),
            );
        }
    }

    fn elsewhere(&self) -> Option<&'static str> {
        (self.mode() == Mode::Native).then_some(ELSEWHERE)
    }

    /// To the tokens that are always kept, and half of the rest of the context (`llm/llama_server.go` of Ollama);
    /// earlier versions cut to the context itself (`runner/ollamarunner/runner.go`).
    fn cut(&self, body: &Map<String, Value>, loaded: Option<u64>) -> Option<Cut> {
        let option = |name| match self.mode() {
            Mode::Native => body.get("options")?.get(name)?.as_u64(),
            Mode::OpenAi => None,
        };
        // None of no tokens is one.
        let context = option("num_ctx").or(loaded).filter(|tokens| *tokens > 0)?;
        let kept = option("num_keep").unwrap_or(4);
        // The token that begins each prompt is kept, too, where the model has one.
        let left =
            [kept, kept + 1].map(|kept| context - (context.saturating_sub(kept) / 2).clamp(1, context));
        Some(Cut { context, left: vec![left[0], left[1], context] })
    }

    fn survey<'a>(&'a self, ask: &'a dyn Ask) -> BoxFuture<'a, Result<Survey>> {
        Box::pin(models::survey(ask, self.mode()))
    }

    fn manage<'a>(&'a self, command: Command, ask: &'a dyn Ask) -> BoxFuture<'a, Result<Value>> {
        Box::pin(async move {
            let older = self.unsupported(&command).hint("Update Ollama: this version does not know it.");
            let outcome = match command {
                Command::PullModel { options, .. } if options.context_length.is_some() => {
                    Err(self.unsupported_option("contextLength"))
                }
                Command::PullModel { options, .. } if options.ttl.is_some() => {
                    Err(self.unsupported_option("ttl"))
                }
                Command::PullModel { name, options } => commands::pull(ask, &name, options.extra_body).await,
                Command::ShowModel { name } => commands::show(ask, &name).await,
                Command::RunningModels => commands::running(ask).await,
                Command::UnloadModel { name: Some(name) } => commands::unload(ask, &name).await,
                other => return Err(self.unsupported(&other)),
            };
            match outcome {
                Err(error) if error.wrong_path && !is_page(&error) => Err(if !is_ollama(ask).await {
                    no_ollama(&error)
                } else if models::is_missing(&error) {
                    older
                } else {
                    error
                }),
                outcome => outcome,
            }
        })
    }
}

async fn is_ollama(ask: &dyn Ask) -> bool {
    let version = ask.ask(Question::get(Place::Root(VERSION))).await;
    version.is_ok_and(|reply| version_of(&reply).is_some())
}

/// `envconfig.Host()` of Ollama: an address with a scheme has the scheme's port.
fn read_host(value: &str) -> (&str, u16) {
    match value.trim().trim_matches(['"', '\'']).trim() {
        "ollama.com" => ("https://ollama.com", 443),
        url if url.contains("://") => (url, 80),
        host => (host, 11434),
    }
}

/// What answers has not what every Ollama has: `error` says so.
fn no_ollama(error: &Error) -> Error {
    let mut failure =
        Error::new(Code::Unsupported, format!("No Ollama answers there: {}", error.message)).hint(ELSEWHERE);
    failure.wrong_path = true;
    failure.url.clone_from(&error.url);
    failure.body.clone_from(&error.body);
    failure
}

fn version_of(reply: &Reply) -> Option<String> {
    let Some(Value::Object(told)) = reply.value() else { return None };
    told.get("version")?.as_str().filter(|_| told.len() == 1).map(str::to_owned)
}

fn recognise(reply: &Reply) -> Option<Recognised> {
    (&*reply.body == b"Ollama is running").then(Recognised::default)
}

#[cfg(test)]
mod tests;
