use serde::Serialize;
use tokio_util::sync::CancellationToken;
use url::Url;

use super::{Client, Hooks, asker::Asker, metadata::wrong_base};
use crate::{
    discovery::{CERTAINTY, Finding, Identity, identify},
    error::{Code, Error, Result},
    servers::{Kind, Settings},
    types::{Diagnosis, Timeouts},
};

/// Which server it is, for the caller.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Identified {
    /// The name of its kind.
    pub server: &'static str,
    /// The key variables of its kind may be sent there, though nobody but the server itself says what it is.
    pub is_trusted: bool,
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
                Finding::Server(Identity { kind, .. }) => {
                    if let Some(base) = self.better_base(kind, &asker).await {
                        let message = format!("No chat is taken below {}", self.base_url());
                        return Err(Error::new(Code::Protocol, message).hint(wrong_base(&base)));
                    }
                    return Ok(Identified {
                        server: kind.facts.name,
                        is_trusted: self.endpoint.is_here() || kind.facts.guards_keys(),
                    });
                }
                Finding::Nothing(error) => error,
                Finding::Stranger { words, fix } => {
                    let message = format!("No LLM server is recognised at {}: {words}", self.base_url());
                    let mut error = Error::new(Code::Protocol, message);
                    error.hint = fix;
                    error
                }
            };
            let mut diagnosis = Diagnosis::default();
            match error.code {
                Code::Protocol => {
                    let (words, fix) = (error.message.as_str(), error.hint.as_deref());
                    self.explain_stranger(&mut diagnosis, words, fix, &asker).await;
                }
                _ => self.explain_silence(&mut diagnosis, &error).await,
            }
            error.hint = diagnosis.fix().map(str::to_owned).or(error.hint.take());
            Err(error)
        };
        watch.run(work).await.and_then(|outcome| outcome).map_err(|error| self.finished(error, ""))
    }

    /// What is at the address. Where its name alone says which server it is, nobody has to be asked.
    pub(super) async fn finding(&self, asker: &Asker<'_>) -> Finding {
        match self.vendor() {
            Some(kind) => Finding::Server(Identity { kind, version: None }),
            None => identify(asker, CERTAINTY).await,
        }
    }

    /// The base below which the server takes chats, if it takes none below the given one.
    async fn better_base(&self, kind: &Kind, asker: &Asker<'_>) -> Option<String> {
        let server = (kind.open)(&Settings::default()).ok()?;
        let is_elsewhere = server.dialect().chat_path() != self.dialect().chat_path();
        if is_elsewhere || self.vendor().is_some() || self.may_take_chats(asker).await {
            return None;
        }
        self.other_base(asker).await
    }

    fn vendor(&self) -> Option<&'static Kind> {
        Kind::of_host(Url::parse(&self.base_url()).ok()?.host_str()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{client::ClientConfig, transport::Clients};

    #[test]
    fn a_vendor_is_known_by_its_host() {
        for (base, name) in [
            ("https://api.groq.com/openai/v1", Some("groq")),
            ("https://mine.openai.azure.com/openai/v1", Some("openai")),
            ("http://localhost:8000/v1", None),
            ("https://api.groq.com.example/v1", None),
        ] {
            let mut config = ClientConfig::default();
            config.endpoint.definition.base_url = base.into();
            let client = Client::new(config, &Clients::default()).unwrap();
            assert_eq!(client.vendor().map(|kind| kind.facts.name), name, "{base}");
        }
    }
}
