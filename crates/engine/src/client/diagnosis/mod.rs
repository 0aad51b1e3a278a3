//! Why a query would not work, found out without asking one.

mod chat;
mod key;
mod model;
mod nearest;
mod silence;
mod stranger;

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::{Client, Hooks, asker::Asker, metadata::within, redact};
use crate::{
    discovery::{Finding, Identity},
    endpoint::Proxy,
    error::{Code, Error, MAX_MESSAGE, Result, truncate},
    servers::Kind,
    types::{Clock, Diagnosis, Timeouts},
};

pub(super) use model::obstacle;

impl Client {
    /// Looks at everything that a query needs, as far as the first thing that hides the rest.
    ///
    /// # Errors
    /// `aborted`
    pub async fn diagnose(
        &self,
        timeout: Option<Timeouts>,
        hooks: &dyn Hooks,
        cancel: &CancellationToken,
    ) -> Result<Diagnosis> {
        let hooks = &self.attentive(hooks);
        let mut watch = self.watch(timeout, cancel);
        watch.asks();
        let mut diagnosis = Diagnosis::default();
        let limit = self.metadata_limit(timeout);
        let examined = watch.run(self.examine(&mut diagnosis, limit, hooks)).await;
        match examined.and_then(|outcome| outcome) {
            Ok(()) => {}
            Err(error) if error.code == Code::Aborted => return Err(self.finished(error, "")),
            Err(error) => diagnosis.fails("time", error.message.clone(), fix_of(&error)),
        }
        let redactor = self.redactor();
        for text in diagnosis.texts_mut() {
            truncate(text, 2 * MAX_MESSAGE);
            redact(&redactor, text);
            truncate(text, MAX_MESSAGE);
        }
        Ok(diagnosis)
    }

    async fn examine(
        &self,
        diagnosis: &mut Diagnosis,
        limit: Option<Duration>,
        hooks: &dyn Hooks,
    ) -> Result<()> {
        let asker = match Asker::new(self, hooks).await {
            Ok(asker) => asker,
            Err(error) if error.code == Code::Configuration => {
                diagnosis.fails("key", error.message.clone(), fix_of(&error));
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        // The rest of the time is for finding out why nobody answers.
        let some = limit.map(|limit| limit / 2);
        let late = || Finding::Nothing(Error::timeout(Clock::Metadata, some.unwrap_or_default()));
        match within(some, self.finding(&asker)).await.unwrap_or_else(late) {
            Finding::Nothing(error) => self.explain_silence(diagnosis, &error).await,
            Finding::Stranger { words, fix } => {
                self.explain_stranger(diagnosis, &words, fix.as_deref(), &asker).await;
            }
            Finding::Server(identity) => {
                self.pass_connection(diagnosis);
                diagnosis.passes("protocol", "What answers there is an LLM server");
                self.check_server(diagnosis, &identity);
                self.check_chat(diagnosis, identity.kind, &asker).await;
            }
        }
        Ok(())
    }

    /// All that must be well for anybody to answer.
    fn pass_connection(&self, diagnosis: &mut Diagnosis) {
        let base = self.base_url();
        let route = &self.endpoint.route;
        diagnosis.passes("address", format!("{base} is asked"));
        if let Some(proxy) = &route.proxy {
            diagnosis.passes("proxy", through(proxy));
        }
        diagnosis.passes(
            "connection",
            match &route.unix_socket {
                Some(path) => format!("The unix socket {} takes connections", path.display()),
                None => format!("{base} takes connections"),
            },
        );
    }

    /// Whether the server is of the kind that the provider is made for.
    fn check_server(&self, diagnosis: &mut Diagnosis, identity: &Identity) {
        let (own, found) = (self.server.facts(), &identity.kind.facts);
        diagnosis.server = Some(found.name);
        if let Some((found, fix)) = self.taken_for_another(identity) {
            // It may speak the same protocol.
            diagnosis.advises("server", false, found, fix);
        } else if own.name != found.name && found.name == Kind::unknown().facts.name {
            let own = own.display_name;
            diagnosis.passes("server", format!("The server does not say whether it is {own}"));
        } else {
            diagnosis.passes("server", format!("The server is {}", named(identity)));
        }
    }

    /// What is found, and what to do, where the server is known to be of another kind than the provider is made for.
    pub(super) fn taken_for_another(&self, identity: &Identity) -> Option<(String, String)> {
        let (own, found) = (self.server.facts(), &identity.kind.facts);
        let unknown = Kind::unknown().facts.name;
        let is_another = ![own.name, unknown].contains(&found.name) && own.name != unknown;
        is_another.then(|| {
            let own = own.display_name;
            (
                format!("The server is {}, and this provider is made for {own}", named(identity)),
                format!("Use the provider that is made for it: `createProvider('{}', …)`.", found.name),
            )
        })
    }
}

/// `vLLM 0.14.1`
fn named(Identity { kind, version }: &Identity) -> String {
    let version = version.as_ref().map(|version| format!(" {version}")).unwrap_or_default();
    format!("{}{version}", kind.facts.display_name)
}

fn through(proxy: &Proxy) -> String {
    format!("The way leads through the proxy {}, from {}", proxy.shown(), proxy.origin())
}

/// What to do about `error`.
fn fix_of(error: &Error) -> String {
    error.hint.clone().unwrap_or_else(|| "Look at the server's log.".to_owned())
}
