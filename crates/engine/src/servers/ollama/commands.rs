use serde_json::{Map, Value, json};

use super::models;
use crate::{
    error::{Code, Result},
    protocol::{
        Failure,
        ollama::{PullReader, decode_show},
    },
    servers::{Ask, Place, Question},
};

/// Resolves once all of the model is there.
pub async fn pull(ask: &dyn Ask, name: &str, extra: Option<Map<String, Value>>) -> Result<Value> {
    let mut body = Map::from_iter([("model".into(), name.into()), ("stream".into(), true.into())]);
    body.extend(extra.into_iter().flatten());
    let pulled = async {
        let mut pieces = ask.open(Question::post(Place::Root("/api/pull"), body.into())).await?;
        let mut reader = PullReader::default();
        let mut tell = |progress| ask.tell(progress);
        while let Some(piece) = pieces.next().await? {
            reader.push(&piece, &mut tell)?;
        }
        reader.finish(&mut tell)
    };
    pulled.await.map_err(|mut error| {
        if error.code == Code::ModelNotFound {
            error.hint = Some("Look its name up at https://ollama.com/library.".into());
        }
        error
    })?;
    Ok(Value::Null)
}

/// What is known of a model, and in `details` the answer itself.
pub async fn show(ask: &dyn Ask, name: &str) -> Result<Value> {
    let mut details = Value::Null;
    let shown = async {
        let reply = ask.ask(Question::post(Place::Root("/api/show"), json!({ "model": name }))).await?;
        details = reply.json()?;
        decode_show(name, &reply.body)
    };
    let mut model = json!(models::with_how_it_runs(ask, shown).await?);
    model["details"] = details;
    Ok(model)
}

pub async fn running(ask: &dyn Ask) -> Result<Value> {
    Ok(json!(models::running(ask).await?))
}

/// That it stays loaded for no time takes effect at once.
pub async fn unload(ask: &dyn Ask, name: &str) -> Result<Value> {
    let body = json!({ "model": name, "keep_alive": 0 });
    let reply = ask.ask(Question::post(Place::Root("/api/generate"), body)).await?;
    match reply.json()? {
        answer if answer.get("error").is_some() => Err(Failure::of_body(&reply.body).into_error()),
        _ => Ok(Value::Null),
    }
}
