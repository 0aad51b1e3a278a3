//! A prompt that is known to be too long for the model is not sent.

use std::time::Duration;

use serde_json::{Map, Value};

use super::{
    Client, Hooks,
    asker::Asker,
    metadata::within,
    texts::{is_all_text, texts_of},
};
use crate::{
    error::{Code, Error, Result},
    protocol::hint,
    servers::Countable,
    transport::Watch,
};

/// No text that people write has more than a token for so many bytes. A shorter one needs no count.
const BYTES_A_TOKEN: u64 = 2;

impl Client {
    /// Asks for the length of the prompt in `body`, where it may be longer than the context that the model was loaded
    /// with.
    ///
    /// # Errors
    /// `context_length_exceeded`, with both numbers, where the server counted them; `aborted`, `timeout`.
    pub(super) async fn check_context(
        &self,
        body: &Map<String, Value>,
        watch: &mut Watch,
        limit: Option<Duration>,
        hooks: &dyn Hooks,
    ) -> Result<()> {
        let model = body.get("model").and_then(Value::as_str).unwrap_or_default();
        let Some(context) = self.knowledge.context_of(model) else { return Ok(()) };
        let bytes: u64 = texts_of(body).map(|(_, text)| text.len() as u64).sum();
        if bytes < context.saturating_mul(BYTES_A_TOKEN) || !is_all_text(body) {
            return Ok(());
        }
        let question = self.excess(body, model, context, hooks);
        match watch.run(within(limit, question)).await?.flatten() {
            Some((tokens, context)) => Err(too_long(tokens, context)),
            None => Ok(()),
        }
    }

    /// The prompt's tokens and the context's, if they are known and too many.
    async fn excess(
        &self,
        body: &Map<String, Value>,
        model: &str,
        context: u64,
        hooks: &dyn Hooks,
    ) -> Option<(u64, u64)> {
        let asker = Asker::new(self, hooks).await.ok()?;
        let what = match body.get("prompt").and_then(Value::as_str) {
            Some(text) => Countable::Text { text, model },
            None => Countable::Chat(body),
        };
        let tokens = self.server.count_tokens(&asker, what).await.ok()??;
        if tokens <= context {
            return None;
        }
        // It may have been loaded anew meanwhile.
        self.survey(&asker).await.ok()?;
        let context = self.knowledge.context_of(model)?;
        (tokens > context).then_some((tokens, context))
    }
}

fn too_long(tokens: u64, context: u64) -> Error {
    let message = format!(
        "The prompt has {tokens} tokens, more than the context of {context} that the model was loaded with: it was not \
         sent"
    );
    let mut error = Error::new(Code::ContextLengthExceeded, message);
    error.hint = hint(error.code).map(Into::into);
    (error.prompt_tokens, error.context_length) = (Some(tokens), Some(context));
    error
}
