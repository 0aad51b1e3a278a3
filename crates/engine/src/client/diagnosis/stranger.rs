use serde_json::Value;

use super::key::is_about_key;
use crate::{
    client::{Client, asker::Asker, knock::Welcome, metadata::wrong_base},
    discovery::Finding,
    error::{Code, Error},
    servers::Kind,
    types::Diagnosis,
};

impl Client {
    /// Something answers, but not as an LLM server does: it says `words`. `fix`: what to do about that, where it is known.
    pub(in crate::client) async fn explain_stranger(
        &self,
        diagnosis: &mut Diagnosis,
        words: &str,
        fix: Option<&str>,
        asker: &Asker<'_>,
    ) {
        self.pass_connection(diagnosis);
        let base = self.base_url();
        if let Some(other) = self.other_base(asker).await {
            diagnosis.passes("protocol", format!("An LLM server answers at {other}"));
            if let Finding::Server(identity) = self.finding(&asker.at(other.clone())).await {
                self.check_server(diagnosis, &identity);
            }
            return diagnosis.fails("base-path", format!("Below {base}: {words}"), wrong_base(&other));
        }
        match self.knock(asker).await {
            // Many refuse what they do not know with 403, proxies among them.
            Err(error) if error.status == Some(403) && !is_told_as_by_apis(&error) => {}
            Err(error) if is_about_key(&error) => {
                diagnosis.passes("protocol", format!("What answers there tells nobody what it is: {words}"));
                self.check_key(diagnosis, [Some(&error), None], asker).await;
                return;
            }
            Err(error) if error.code == Code::ModelLoading => {
                return self.check_unlisted(diagnosis, asker).await;
            }
            Err(error) if matches!(error.status, Some(502..=504)) => {
                return failing(diagnosis, &error.message);
            }
            Err(_) => {}
            // A server may have a chat and no list.
            Ok(()) => match self.welcome(asker).await {
                Welcome::WantsMessages => return self.check_unlisted(diagnosis, asker).await,
                Welcome::Fails => return failing(diagnosis, words),
                Welcome::Nothing => {}
            },
        }
        let fix = match (fix, self.beside().await, &self.endpoint.route.proxy) {
            (Some(fix), ..) => fix.to_owned(),
            (None, Some(other), _) => other.fix(),
            (None, None, Some(proxy)) => {
                format!("Check the address, and the proxy {}: it may be the one who answers.", proxy.shown())
            }
            (None, None, None) => "Check host and port: no LLM server answers there.".to_owned(),
        };
        diagnosis.fails("protocol", format!("At {base} is no LLM server: {words}"), fix);
    }

    async fn check_unlisted(&self, diagnosis: &mut Diagnosis, asker: &Asker<'_>) {
        diagnosis.passes("protocol", "What answers there is an LLM server");
        self.check_chat(diagnosis, Kind::unknown(), asker).await;
    }
}

/// In JSON, as an error.
fn is_told_as_by_apis(error: &Error) -> bool {
    let body: Option<Value> = error.body.as_deref().and_then(|body| serde_json::from_str(body).ok());
    body.is_some_and(|body| body.get("error").or_else(|| body.get("detail")).is_some())
}

/// Be it an LLM server or the gateway before one: it says `words`.
fn failing(diagnosis: &mut Diagnosis, words: &str) {
    diagnosis.passes("protocol", "What answers there fails before it tells what it is");
    let fix = "Wait if it is starting; else its log, or that of the gateway before it, tells why.";
    diagnosis.fails("chat", format!("It takes no chat now: {words}"), fix);
}
