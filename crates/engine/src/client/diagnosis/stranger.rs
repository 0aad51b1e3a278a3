use crate::{
    client::{Client, asker::Asker, metadata::wrong_base},
    discovery::Finding,
    error::Code,
    servers::Kind,
    types::Diagnosis,
};

impl Client {
    /// Something answers, but not as an LLM server does: it says `words`.
    pub(in crate::client) async fn explain_stranger(
        &self,
        diagnosis: &mut Diagnosis,
        words: &str,
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
        // A server may have a chat and no list. What is no chat has no wish for messages.
        let is_chat = match self.knock(asker).await {
            Err(error) => error.code == Code::ModelLoading,
            Ok(()) => self.wants_messages(asker).await,
        };
        if is_chat {
            diagnosis.passes("protocol", "What answers there is an LLM server");
            return self.check_chat(diagnosis, Kind::unknown(), asker).await;
        }
        let fix = match (self.beside().await, &self.endpoint.route.proxy) {
            (Some(other), _) => other.fix(),
            (None, Some(proxy)) => {
                format!("Check the address, and the proxy {}: it may be the one who answers.", proxy.shown())
            }
            (None, None) => "Check host and port: no LLM server answers there.".to_owned(),
        };
        diagnosis.fails("protocol", format!("At {base} is no LLM server: {words}"), fix);
    }
}
