//! Which server is at an address. Its answers decide, because several servers have each other's paths.

mod heard;

use std::time::Duration;

use futures_util::{StreamExt, stream::FuturesUnordered};
use tokio::time::{Instant, timeout_at};

use crate::{
    error::{Code, Error},
    servers::{ALL, Ask, Kind, Place, Probe, Question},
};
use heard::Heard;

/// What is at an address.
pub enum Finding {
    Server(Identity),
    /// Something that speaks HTTP, but not as an LLM server does at this path: what it says, and what to do about that.
    Stranger {
        words: String,
        fix: Option<String>,
    },
    /// No answer.
    Nothing(Error),
}

/// Which server it is.
#[derive(Clone)]
pub struct Identity {
    pub kind: &'static Kind,
    pub version: Option<String>,
}

/// How a kind of server is recognised.
type Suspect = (&'static Kind, &'static [Probe]);

/// The list of models of a server that is known by nothing else.
const LIST: Place<'static> = Place::Root("/v1/models");

/// The same, where the API is not below `/v1`.
const OTHER_LIST: Place<'static> = Place::Api("/models");

/// What a person would see there.
const PAGE: Place<'static> = Place::Root("/");

/// How long all other answers are waited for, at least, once there was one.
const PATIENCE: Duration = Duration::from_millis(500);

/// How long the answers of those are waited for, at most, that another server was only taken before because they are slow.
pub const CERTAINTY: Duration = Duration::from_secs(2);

/// Finds out what is at the address that `ask` asks. `certainty`: [`CERTAINTY`], or less where there is less time.
pub async fn identify(ask: &dyn Ask, certainty: Duration) -> Finding {
    identify_among(ask, &suspects(), certainty).await
}

/// All, in the order in which they are recognised.
fn suspects() -> Vec<Suspect> {
    ALL.iter().map(|kind| (*kind, kind.facts.probes)).collect()
}

async fn identify_among(ask: &dyn Ask, suspects: &[Suspect], certainty: Duration) -> Finding {
    let asked_at = Instant::now();
    // One question first: where nobody answers it, the others would only be in the way.
    let first = match ask.any_reply(Question::get(LIST)).await {
        Ok(reply) => reply,
        Err(error) if matches!(error.code, Code::Protocol | Code::Stream) => {
            return Finding::Stranger { words: error.message.clone(), fix: error.hint.clone() };
        }
        Err(error) => return Finding::Nothing(error),
    };
    let heard_at = Instant::now();
    let patience = PATIENCE + 2 * asked_at.elapsed();
    let mut heard = Heard::default();
    heard.take(LIST, Some(first));
    let mut asking: FuturesUnordered<_> = places(suspects)
        .into_iter()
        .map(|place| async move { (place, ask.any_reply(Question::get(place)).await.ok()) })
        .collect();
    while !heard.is_certain(suspects) {
        // Whoever plays another is asked for before that one, and may be the slower of the two.
        let limit = if heard.knows_any(suspects) { patience.max(certainty) } else { patience };
        match timeout_at(heard_at + limit, asking.next()).await {
            Ok(Some((place, reply))) => heard.take(place, reply),
            Ok(None) | Err(_) => break,
        }
    }
    match heard.identity(suspects) {
        Some(identity) => Finding::Server(identity),
        None => Finding::Stranger { words: heard.words(), fix: None },
    }
}

/// What is asked for besides [`LIST`], each once.
fn places(suspects: &[Suspect]) -> Vec<Place<'static>> {
    let probes = suspects.iter().flat_map(|(_, probes)| *probes).flat_map(Probe::paths).map(Place::Root);
    let mut places = vec![OTHER_LIST, PAGE];
    for place in probes {
        if place != LIST && !places.contains(&place) {
            places.push(place);
        }
    }
    places
}

#[cfg(test)]
mod tests;
