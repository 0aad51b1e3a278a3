use tokio_util::sync::CancellationToken;

use super::{Client, Hooks, chat::Call};
use crate::{
    error::Result,
    types::{Answer, CompletionRequest, Sink},
};

impl Client {
    /// Goes on with a text. Its events go to `sink` as they come.
    ///
    /// # Errors
    /// All kinds, with what had arrived in `partial`; `unsupported` where the server has no text completions.
    pub async fn complete<S: Sink>(
        &self,
        request: CompletionRequest,
        hooks: &dyn Hooks,
        cancel: &CancellationToken,
        sink: &mut S,
    ) -> Result<Answer> {
        let hooks = &self.attentive(hooks);
        let mut call = Call::new(self, hooks, request.timeout, cancel, sink);
        let outcome = call.run_completion(request).await;
        call.ended(outcome, Some("text completions")).await
    }
}
