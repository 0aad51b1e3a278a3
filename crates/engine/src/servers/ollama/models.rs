//! What it has, what of it runs, and how.

use futures_util::future::{join, join3};
use serde_json::json;

use super::{Mode, VERSION, no_ollama, version_of};
use crate::{
    error::{Error, Result},
    protocol::{
        Dialect, is_page,
        ollama::{Ollama, decode_running},
        openai::OpenAi,
    },
    servers::{Ask, Place, Question, Survey, list_models},
    types::ModelInfo,
};

/// The list counts; the others only add to it.
pub async fn survey(ask: &dyn Ask, mode: Mode) -> Result<Survey> {
    let version = ask.ask(Question::get(Place::Root(VERSION)));
    let (listed, running, version) = join3(listed(ask, mode), running(ask), version).await;
    let mut models = match (listed, &version) {
        (Err(error), Err(no_version))
            if mode == Mode::Native && is_missing(&error) && is_missing(no_version) =>
        {
            return Err(if takes_chats(ask).await { error } else { no_ollama(&error) });
        }
        (listed, _) => listed?,
    };
    if let Ok(running) = running {
        for model in &mut models {
            add_how_it_runs(model, &running);
        }
    }
    let version = version.ok().and_then(|reply| version_of(&reply));
    Ok(Survey { models, version, ..Survey::default() })
}

/// The server has nothing at this path.
pub fn is_missing(error: &Error) -> bool {
    matches!(error.status, Some(404 | 405 | 501)) && !is_page(error)
}

/// Whether there is a chat of Ollama's, be it alone: a gateway may let nothing else through.
async fn takes_chats(ask: &dyn Ask) -> bool {
    let chat = Question::post(Place::Root(Ollama.chat_path()), json!({}));
    ask.any_reply(chat).await.is_ok_and(|reply| !matches!(reply.status, 404 | 405 | 501))
}

/// The same list in both modes. One that only speaks OpenAI's protocol has another.
async fn listed(ask: &dyn Ask, mode: Mode) -> Result<Vec<ModelInfo>> {
    match own_list(ask).await {
        Err(error) if mode == Mode::OpenAi && error.status.is_some() => list_models(&OpenAi, ask).await,
        outcome => outcome,
    }
}

async fn own_list(ask: &dyn Ask) -> Result<Vec<ModelInfo>> {
    let reply = ask.ask(Question::get(Place::Root(Ollama.models_path()))).await?;
    Ollama.decode_models(&reply.body).map_err(|error| with_status(error, reply.status))
}

pub async fn running(ask: &dyn Ask) -> Result<Vec<ModelInfo>> {
    let reply = ask.ask(Question::get(Place::Root("/api/ps"))).await?;
    decode_running(&reply.body).map_err(|error| with_status(error, reply.status))
}

/// A model, and the context that it runs with.
pub async fn with_how_it_runs(
    ask: &dyn Ask,
    model: impl Future<Output = Result<ModelInfo>>,
) -> Result<ModelInfo> {
    let (model, running) = join(model, running(ask)).await;
    let mut model = model?;
    if let Ok(running) = running {
        add_how_it_runs(&mut model, &running);
    }
    Ok(model)
}

/// Sizes are left as they are: what runs tells how much memory it takes.
fn add_how_it_runs(model: &mut ModelInfo, running: &[ModelInfo]) {
    let running = running.iter().find(|it| it.is_named(&model.name));
    model.loaded = Some(running.is_some());
    if let Some(running) = running {
        // Not what it was trained with: that may be far more.
        model.context_length = running.context_length;
    }
}

fn with_status(mut error: Error, status: u16) -> Error {
    error.status = Some(status);
    error
}
