use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::{Client, Hooks, asker::Asker};
use crate::{
    discovery::{Finding, Identity, identify},
    error::{Code, Error, Result},
    types::{Diagnosis, Timeouts},
};

/// Which server it is, for the caller.
#[derive(Debug, Serialize)]
pub struct Identified {
    /// The name of its kind.
    pub server: &'static str,
}

impl Client {
    /// Which server answers at the address. The key goes along.
    ///
    /// # Errors
    /// All kinds: why no LLM server is there, with what mends it as the hint.
    pub async fn identify(
        &self,
        timeout: Option<Timeouts>,
        hooks: &dyn Hooks,
        cancel: &CancellationToken,
    ) -> Result<Identified> {
        let hooks = &self.attentive(hooks);
        let mut watch = self.watch(timeout, cancel);
        watch.asks();
        let work = async {
            let asker = Asker::new(self, hooks).await?;
            let mut error = match self.finding(&asker).await {
                Finding::Server(Identity { kind, .. }) => return Ok(Identified { server: kind.facts.name }),
                Finding::Nothing(error) => error,
                Finding::Stranger(words) => {
                    Error::new(Code::Protocol, format!("No LLM server at {}: {words}", self.base_url()))
                }
            };
            let mut diagnosis = Diagnosis::default();
            match error.code {
                Code::Protocol => self.explain_stranger(&mut diagnosis, &error.message, &asker).await,
                _ => self.explain_silence(&mut diagnosis, &error).await,
            }
            error.hint = diagnosis.fix().map(str::to_owned).or(error.hint.take());
            Err(error)
        };
        watch.run(work).await.and_then(|outcome| outcome).map_err(|error| self.finished(error, ""))
    }

    /// What is at the address. Where its name alone says which server it is, nobody has to be asked: that goes here.
    pub(super) async fn finding(&self, asker: &Asker<'_>) -> Finding {
        identify(asker).await
    }
}
