//! Loading and unloading, which only a router does.

use std::{pin::pin, time::Duration};

use futures_util::future::{Either, select};
use serde_json::{Map, Value, json};

use super::props::Props;
use crate::{
    error::{Code, Error, Result},
    servers::{Ask, Place, Question},
    types::LoadProgress,
    wire::SseReader,
};

/// How often a router is asked how far it is.
const EVERY: Duration = Duration::from_millis(200);

/// The longest event that is read: one tells all of a model that was loaded.
const MAX_EVENT_BYTES: usize = 1 << 20;

/// Resolves once the model is loaded: the router answers at once, also for a model that then fails.
pub async fn load(ask: &dyn Ask, name: &str, extra: Map<String, Value>) -> Result<Value> {
    must_be_router(ask).await?;
    let mut body = Map::from_iter([("model".to_owned(), name.into())]);
    body.extend(extra);
    let begun = ask.ask(Question::post(Place::Root("/models/load"), body.into())).await;
    if let Err(error) = begun {
        // It is refused for one that runs already, or is about to.
        let state = State::ask(ask, name).await?;
        if error.status != Some(400) || !state.is_running() {
            return Err(error);
        }
    }
    let (loaded, progress) = (pin!(until_loaded(ask, name)), pin!(tell_progress(ask, name)));
    match select(loaded, progress).await {
        Either::Left((outcome, _)) => outcome?,
        Either::Right(((), loaded)) => loaded.await?,
    }
    Ok(Value::Null)
}

/// Resolves once the model runs no more.
pub async fn unload(ask: &dyn Ask, name: &str) -> Result<Value> {
    must_be_router(ask).await?;
    let begun = ask.ask(Question::post(Place::Root("/models/unload"), json!({ "model": name }))).await;
    let mut state = State::ask(ask, name).await?;
    match begun {
        // It is refused for one that does not run.
        Err(error) if error.status != Some(400) || state.is_running() => return Err(error),
        _ => {}
    }
    while state.is_running() {
        tokio::time::sleep(EVERY).await;
        state = State::ask(ask, name).await?;
    }
    Ok(Value::Null)
}

async fn must_be_router(ask: &dyn Ask) -> Result<()> {
    if Props::ask(ask, "/props").await?.is_router {
        return Ok(());
    }
    let message = "This llama.cpp server has one model for as long as it runs: it loads and unloads none";
    let hint =
        "Start llama-server without a model, with `--models-dir` or `--models-preset`: then it is a router.";
    Err(Error::new(Code::Unsupported, message).hint(hint))
}

async fn until_loaded(ask: &dyn Ask, name: &str) -> Result<()> {
    let mut told = String::new();
    loop {
        let state = State::ask(ask, name).await?;
        if state.is_loaded() {
            return Ok(());
        }
        if !state.is_running() {
            return Err(state.failure(name));
        }
        if state.value != told {
            ask.tell(LoadProgress { status: state.value.clone(), done: None, total: None });
            told = state.value;
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// Tells how far the model is, as long as the router tells it.
async fn tell_progress(ask: &dyn Ask, name: &str) {
    let Ok(mut body) = ask.open(Question::get(Place::Root("/models/sse"))).await else { return };
    let mut reader = SseReader::new(MAX_EVENT_BYTES);
    while let Ok(Some(bytes)) = body.next().await {
        reader.feed(&bytes);
        while let Ok(Some(frame)) = reader.next() {
            if let Some(progress) = progress_of(frame.data, name) {
                ask.tell(progress);
            }
        }
    }
}

/// In percent of the part of the model that is being loaded.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 100")]
fn progress_of(event: &[u8], name: &str) -> Option<LoadProgress> {
    let event: Value = serde_json::from_slice(event).ok()?;
    let data = event.get("data").filter(|_| event.get("model").is_some_and(|model| model == name))?;
    let progress = data.get("progress")?;
    let done = progress.get("value")?.as_f64()?.clamp(0.0, 1.0) * 100.0;
    let status = [data.get("status"), progress.get("current")].map(|word| word.and_then(Value::as_str));
    let status = status.into_iter().flatten().collect::<Vec<_>>().join(" ");
    Some(LoadProgress { status, done: Some(done.round() as u64), total: Some(100) })
}

/// What a router says of one of its models.
struct State {
    value: String,
    exit_code: Option<i64>,
}

impl State {
    async fn ask(ask: &dyn Ask, name: &str) -> Result<Self> {
        let reply = ask.ask(Question::get(Place::Root("/models"))).await?;
        let list = reply.json()?;
        let models = list.get("data").and_then(Value::as_array).ok_or_else(|| reply.unexpected())?;
        Self::of(models, name).ok_or_else(|| unknown(models, name))
    }

    fn of(models: &[Value], name: &str) -> Option<Self> {
        let aliases =
            |model: &Value| model.get("aliases").and_then(Value::as_array).cloned().unwrap_or_default();
        let is_it = |model: &&Value| model["id"] == name || aliases(model).iter().any(|alias| alias == name);
        let status = models.iter().find(is_it)?.get("status")?;
        let value = status.get("value")?.as_str()?.to_owned();
        Some(Self { value, exit_code: status.get("exit_code").and_then(Value::as_i64) })
    }

    /// A model that sleeps wakes when it is asked.
    fn is_loaded(&self) -> bool {
        matches!(self.value.as_str(), "loaded" | "sleeping")
    }

    /// It is loaded, or on its way there.
    fn is_running(&self) -> bool {
        !matches!(self.value.as_str(), "unloaded" | "failed")
    }

    fn failure(&self, name: &str) -> Error {
        let message = match self.exit_code {
            Some(code) => format!("{name} failed to load: its server ended with exit code {code}"),
            None => format!("{name} was unloaded before it was loaded"),
        };
        let mut error = Error::new(Code::Server, message).hint("The router's log tells why.");
        error.retryable = false;
        error
    }
}

fn unknown(models: &[Value], name: &str) -> Error {
    let names: Vec<_> =
        models.iter().filter_map(|model| model.get("id")?.as_str().map(str::to_owned)).collect();
    let mut error = Error::new(Code::ModelNotFound, format!("The router has no model {name}"))
        .hint("`listModels()` tells which it has.");
    error.available_models = Some(names);
    error
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::servers::recorded::Recorded;

    fn router() -> Recorded {
        Recorded::default().case("GET /props", "llama.cpp/router-props")
    }

    #[tokio::test(start_paused = true)]
    async fn a_model_is_loaded_once_the_router_says_so() {
        let router = router()
            .case("POST /models/load", "llama.cpp/router-load")
            .case("GET /models", "llama.cpp/router-models-loading")
            .case("GET /models", "llama.cpp/router-models-sleeping")
            .case("GET /models/sse", "llama.cpp/router-models-sse-progress");
        load(&router, "large", Map::from_iter([("x".into(), 1.into())])).await.unwrap();
        assert_eq!(router.sent(), [json!({ "model": "large", "x": 1 })]);
        let percent =
            |done| LoadProgress { status: "loading text_model".into(), done: Some(done), total: Some(100) };
        let loading = LoadProgress { status: "loading".into(), ..LoadProgress::default() };
        assert_eq!(*router.told.lock().unwrap(), [loading, percent(0), percent(100)]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_model_that_fails_to_load_is_an_error_that_tells_its_exit_code() {
        let router = router()
            .case("POST /models/load", "llama.cpp/router-load-broken")
            .case("GET /models", "llama.cpp/router-models-failed");
        let error = load(&router, "broken", Map::new()).await.unwrap_err();
        assert_eq!((error.code, error.retryable), (Code::Server, false));
        assert!(error.message.contains("exit code 1"), "{error}");
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_done_already_is_done() {
        let router = router()
            .case("POST /models/load", "llama.cpp/router-load-loaded")
            .case("POST /models/unload", "llama.cpp/router-unload")
            .case("GET /models", "llama.cpp/router-models-sleeping");
        load(&router, "sleepy", Map::new()).await.unwrap();
        unload(&router, "tiny-chat").await.unwrap();
        let running = unload(&router, "large").await.unwrap_err();
        assert_eq!((running.code, running.message.as_str()), (Code::InvalidRequest, "model is not running"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_model_that_the_router_does_not_know_is_an_error_with_those_that_it_knows() {
        let router = router()
            .case("POST /models/load", "llama.cpp/router-load-missing")
            .case("GET /models", "llama.cpp/router-models-sleeping");
        let error = load(&router, "tinny", Map::new()).await.unwrap_err();
        assert_eq!(error.code, Code::ModelNotFound);
        assert!(error.available_models.as_ref().unwrap().contains(&"tiny-chat".into()));
    }

    #[tokio::test]
    async fn a_server_of_one_model_says_that_it_is_no_router() {
        let server = Recorded::default().case("GET /props", "llama.cpp/get-props");
        for outcome in [load(&server, "tiny", Map::new()).await, unload(&server, "tiny").await] {
            let error = outcome.unwrap_err();
            assert_eq!(error.code, Code::Unsupported);
            assert!(error.hint.as_ref().unwrap().contains("--models-dir"), "{error}");
        }
        assert_eq!(server.asked.lock().unwrap().len(), 2, "nothing but what it is was asked");
    }
}
