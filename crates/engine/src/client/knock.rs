use std::time::Duration;

use serde_json::json;

use super::{Client, asker::Asker, metadata::within};
use crate::{
    error::{Code, Error, Result},
    protocol::Failure,
    servers::{Ask, Place, Question, Reply},
};

/// How long it is waited for what a path says of chats. That there are none is said at once.
const KNOCK_WITHIN: Duration = Duration::from_secs(1);

impl Client {
    /// Asks for a chat without a message. Nothing is generated for it; but who may not ask, what is still loading and
    /// where no chat is: that is said before.
    ///
    /// # Errors
    /// What would make every chat fail, too.
    pub(super) async fn knock(&self, asker: &Asker<'_>) -> Result<()> {
        let error = match asker.ask(self.empty_chat()).await {
            // What a server does not know, it may answer with 200.
            Ok(reply) if has_error(&reply) => Failure::of_body(&reply.body).into_error(),
            Ok(_) => return Ok(()),
            Err(error) if error.status.is_none() => return Err(error),
            Err(error) => error,
        };
        if concerns_every_chat(&error) { Err(error) } else { Ok(()) }
    }

    /// Whether nothing says that no chat is taken there.
    pub(super) async fn may_take_chats(&self, asker: &Asker<'_>) -> bool {
        let knocked = within(Some(KNOCK_WITHIN), self.knock(asker)).await;
        !knocked.is_some_and(|knocked| knocked.is_err_and(|error| error.wrong_path))
    }

    /// Whether chats are refused for want of a key, where the list of models may be open to all.
    pub(super) async fn wants_key(&self, asker: &Asker<'_>) -> Option<Error> {
        let knocked = within(Some(KNOCK_WITHIN), self.knock(asker)).await?;
        knocked.err().filter(|error| error.code == Code::Authentication)
    }

    /// Whether chats are taken of everybody. `asker` has no key. What is not refused for the message that is missing may
    /// have failed before anybody looked for one.
    pub(super) async fn is_open(&self, asker: &Asker<'_>) -> bool {
        match asker.ask(self.empty_chat()).await {
            Ok(reply) => !has_error(&reply),
            Err(error) => matches!(error.status, Some(400 | 422)) && !concerns_every_chat(&error),
        }
    }

    /// How a chat without a message is answered by what may be no LLM server.
    pub(super) async fn welcome(&self, asker: &Asker<'_>) -> Welcome {
        match asker.any_reply(self.empty_chat()).await {
            Ok(reply) if matches!(reply.status, 400 | 422) && has_error(&reply) => Welcome::WantsMessages,
            Ok(reply) if fails(&reply) => Welcome::Fails,
            _ => Welcome::Nothing,
        }
    }

    fn empty_chat(&self) -> Question<'static> {
        // A server that answers it all the same shall not do so at length.
        Question::post(Place::Api(self.dialect().chat_path()), json!({ "max_tokens": 1 }))
    }
}

/// Something is wrong there just now. What has a page for it, or cannot do what is asked (501), is another program, unless it
/// is a gateway.
fn fails(reply: &Reply) -> bool {
    let is_gateway = matches!(reply.status, 502..=504);
    is_gateway || reply.status == 500 && has_error(reply)
}

pub(super) enum Welcome {
    /// It is refused as one, which what is no chat does not do.
    WantsMessages,
    Fails,
    Nothing,
}

fn has_error(reply: &Reply) -> bool {
    reply.value().is_some_and(|told| told.get("error").or_else(|| told.get("detail")).is_some())
}

/// It is not about the message that is missing.
fn concerns_every_chat(error: &Error) -> bool {
    error.wrong_path
        || matches!(error.status, Some(300..400 | 502..=504))
        || matches!(
            error.code,
            Code::Authentication
                | Code::Permission
                | Code::RateLimit
                | Code::Quota
                | Code::ModelLoading
                | Code::OutOfMemory
        )
}
