use tokio_util::sync::CancellationToken;

use super::{Client, Hooks, document::DocumentCall, knowledge::Purpose};
use crate::{
    error::{Code, Error, Result},
    protocol::embeddings::EmbeddingsReader,
    transport::Watch,
    types::{EmbedRequest, Embeddings, Usage},
};

/// How many texts a request holds where the caller does not say. Text Embeddings Inference takes fewer, and says so.
const BATCH: usize = 256;

impl Client {
    /// One embedding for each text. The batches are sent one after the other: a server works on the texts of one side by
    /// side already.
    ///
    /// # Errors
    /// All kinds; `unsupported` where the server has no embeddings.
    pub async fn embed(
        &self,
        request: EmbedRequest,
        hooks: &dyn Hooks,
        cancel: &CancellationToken,
    ) -> Result<Embeddings> {
        let hooks = &self.attentive(hooks);
        let mut watch = self.watch(request.timeout, cancel);
        match self.embedded(request, hooks, &mut watch).await {
            Ok(embeddings) => Ok(embeddings),
            Err(error) => {
                let error = self.explained(error, Some("embeddings"), &mut watch, hooks).await;
                Err(self.finished(error, self.dialect().embeddings_path()))
            }
        }
    }

    async fn embedded(
        &self,
        request: EmbedRequest,
        hooks: &dyn Hooks,
        watch: &mut Watch,
    ) -> Result<Embeddings> {
        let EmbedRequest { input, model, dimensions, batch_size, timeout } = request;
        if input.is_empty() {
            let model = model.or_else(|| self.model.clone()).unwrap_or_default();
            return Ok(Embeddings { model, ..Embeddings::default() });
        }
        self.settle_within(watch, timeout, hooks).await?;
        let mut call = DocumentCall::new(self, hooks, watch, timeout, (Purpose::Embeddings, model)).await?;
        let mut all: Option<Embeddings> = None;
        for batch in input.chunks(batch_size.unwrap_or(BATCH).max(1)) {
            let body = self.dialect().encode_embeddings(batch, call.model(), dimensions.as_ref());
            let path = self.dialect().embeddings_path();
            let answer = call.ask(path, body, || EmbeddingsReader::new(batch.len())).await;
            let mut embeddings = answer.map_err(|error| about_batch(error, batch.len()))?;
            if let Some(wanted) = dimensions.as_ref().and_then(serde_json::Number::as_u64)
                && wanted != embeddings.width() as u64
            {
                return Err(ignored_dimensions(wanted, embeddings.width()));
            }
            if embeddings.model.is_empty() {
                call.model().clone_into(&mut embeddings.model);
            }
            all = Some(match all {
                None => embeddings,
                Some(all) => joined(all, &embeddings)?,
            });
        }
        Ok(all.unwrap_or_default())
    }
}

/// What to do where it is the number of texts that is refused.
fn about_batch(error: Error, texts: usize) -> Error {
    let is_refused = error.status == Some(413) || TOO_MANY.iter().any(|words| error.message.contains(words));
    if texts > 1 && is_refused {
        return error.hint(format!("{texts} texts were sent at once: set `batchSize` to fewer."));
    }
    error
}

/// How servers refuse a batch: Text Embeddings Inference and OpenAI.
const TOO_MANY: [&str; 3] = ["maximum allowed batch size", "array too long", "tokens per request"];

fn ignored_dimensions(wanted: u64, width: usize) -> Error {
    let message = format!("The server ignores `dimensions`: it gave {width} numbers for {wanted}");
    Error::new(Code::Unsupported, message)
        .hint("Leave `dimensions` out, or use a model that can shorten its embeddings.")
}

fn joined(mut all: Embeddings, more: &Embeddings) -> Result<Embeddings> {
    if more.width() != all.width() {
        let message = format!(
            "The server's embeddings differ in length: {} numbers in one batch, {} in another",
            all.width(),
            more.width()
        );
        return Err(Error::new(Code::Protocol, message));
    }
    all.count += more.count;
    all.numbers.extend_from_slice(&more.numbers);
    all.usage = all.usage.zip(more.usage).map(|(one, other)| Usage {
        input_tokens: one.input_tokens.saturating_add(other.input_tokens),
        output_tokens: one.output_tokens.saturating_add(other.output_tokens),
        total_tokens: one.total_tokens.saturating_add(other.total_tokens),
        cost: one.cost.zip(other.cost).map(|(one, other)| one + other),
        ..Usage::default()
    });
    Ok(all)
}
