use futures_util::future::join;

use super::{Client, fix_of};
use crate::{
    client::{asker::Asker, knowledge::Purpose, metadata::has_no_list},
    error::{Code, Error, Result},
    servers::{Kind, Settings, Survey},
    types::Diagnosis,
};

impl Client {
    /// What a chat needs of an LLM server: its path, the key, the model.
    pub(super) async fn check_chat(&self, diagnosis: &mut Diagnosis, kind: &Kind, asker: &Asker<'_>) {
        self.server.settle(asker).await;
        let (survey, chat) = join(self.survey(asker), self.knock(asker)).await;
        if !self.check_path(diagnosis, &chat, asker).await {
            return;
        }
        let errors = [survey.as_ref().err(), chat.as_ref().err()];
        if !self.check_key(diagnosis, errors, asker).await {
            return;
        }
        if let Some(error) = errors.into_iter().flatten().find(|error| error.code == Code::ModelLoading) {
            let found = format!("The server is loading its model: {}", error.message);
            return diagnosis.fails("model", found, "Wait until it is loaded: `waitUntilReady()` does.");
        }
        if let Err(error) = &chat {
            return diagnosis.fails(
                "chat",
                format!("The server takes no chat now: {}", error.message),
                fix_of(error),
            );
        }
        match survey {
            Ok(survey) => self.check_model(diagnosis, kind, &survey, asker).await,
            Err(error) if has_no_list(&error) => {
                let found = "The server has no model list: what it has cannot be told".to_owned();
                diagnosis.passes("model", found);
            }
            Err(error) => {
                diagnosis.fails(
                    "model",
                    format!("The models cannot be listed: {}", error.message),
                    fix_of(&error),
                );
            }
        }
    }

    /// Whether chats are taken below the base URL.
    async fn check_path(&self, diagnosis: &mut Diagnosis, chat: &Result<()>, asker: &Asker<'_>) -> bool {
        let base = self.base_url();
        let is_wrong = |error: &&Error| error.wrong_path;
        let Some(error) = chat.as_ref().err().filter(is_wrong) else {
            diagnosis.passes("base-path", format!("Chats are taken below {base}"));
            return true;
        };
        let found = format!("No chat is taken below {base}: {}", error.message);
        diagnosis.fails("base-path", found, self.way_out(error, asker).await);
        false
    }

    async fn check_model(&self, diagnosis: &mut Diagnosis, kind: &Kind, survey: &Survey, asker: &Asker<'_>) {
        let configured = self.model.as_deref();
        if self.lists_nothing(survey, kind) {
            return diagnosis.passes("model", "The server lists no model: what it has cannot be told");
        }
        let own = self.survey_as(kind, asker).await;
        let survey = own.as_ref().unwrap_or(survey);
        if !super::model::check(diagnosis, configured, survey) {
            return;
        }
        let Some(name) = configured.or_else(|| Purpose::Chat.choice(survey).map(|model| model.name.as_str()))
        else {
            return;
        };
        // The server that answers knows what it lacks, whatever it was taken for.
        let lacks = match (kind.open)(&Settings::default()) {
            Ok(server) => server.lacks_for_tools(asker, name).await,
            Err(_) => None,
        };
        let model = survey.find(name);
        match (lacks, model.and_then(|model| model.capabilities.tools)) {
            (Some(lacks), _) => diagnosis.advises(
                "tools",
                false,
                "The server takes no tools",
                format!("If tools are wanted, start the server with {lacks}."),
            ),
            (None, Some(true)) => diagnosis.passes("tools", format!("{name:?} can call tools")),
            (None, Some(false)) => diagnosis.advises(
                "tools",
                false,
                format!("{name:?} cannot call tools"),
                "If tools are wanted, choose a model that can call them.",
            ),
            (None, None) => {}
        }
    }
}
