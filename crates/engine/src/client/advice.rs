use std::time::Duration;

use super::{Client, Hooks, asker::Asker, metadata::wrong_base};
use crate::{
    error::{Code, Error},
    servers::list_models,
    transport::Watch,
};

/// How long a server is asked, at most, for what would mend a failure.
const ADVICE_WITHIN: Duration = Duration::from_secs(2);

impl Client {
    /// `error` with what the server can be asked about it. `what`: what was asked for, `embeddings`; a chat every server
    /// has.
    pub(super) async fn explained(
        &self,
        mut error: Error,
        what: Option<&str>,
        watch: &mut Watch,
        hooks: &dyn Hooks,
    ) -> Error {
        watch.asks();
        // The failure is known: where the advice does not come in time, it is told without.
        _ = tokio::time::timeout(ADVICE_WITHIN, self.advise(&mut error, what, watch, hooks)).await;
        error
    }

    async fn advise(&self, error: &mut Error, what: Option<&str>, watch: &mut Watch, hooks: &dyn Hooks) {
        if error.code == Code::ModelNotFound {
            self.knowledge.forget_model();
            if let Ok(models) = self.asked_models(watch, hooks).await {
                let names: Vec<String> = models.into_iter().map(|model| model.name).collect();
                if names.is_empty() {
                    error.hint = Some("The server has no model: load or download one.".to_owned());
                } else {
                    error.hint = Some(format!("Set `model` to one that the server has: {}.", listed(&names)));
                    error.available_models = Some(names);
                }
            }
        } else if error.wrong_path {
            error.hint = Some(self.elsewhere(error));
            if let Some(what) = what
                && error.code == Code::InvalidRequest
                && self.has_list(watch, hooks).await
            {
                let name = self.server.facts().display_name;
                error.code = Code::Unsupported;
                error.retryable = false;
                error.message = format!("{name} has no {what} here: {}", error.message);
                error.hint = Some(format!(
                    "Ask a server that has {what}, or start this one with a model made for it."
                ));
            } else if let Some(base) = self.working_base(watch, hooks).await {
                error.hint = Some(wrong_base(&base));
            }
        }
    }

    /// Whether an LLM server's API answers at this very address.
    async fn has_list(&self, watch: &mut Watch, hooks: &dyn Hooks) -> bool {
        let question = async {
            let asker = Asker::new(self, hooks).await?;
            list_models(self.dialect(), &asker).await
        };
        matches!(watch.run(question).await, Ok(Ok(_)))
    }
}

/// Some of a long list.
fn listed(names: &[String]) -> String {
    const SHOWN: usize = 8;
    let more = names.len().saturating_sub(SHOWN);
    let shown = names[..names.len().min(SHOWN)].join(", ");
    if more == 0 { shown } else { format!("{shown} and {more} more") }
}
