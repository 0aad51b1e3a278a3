use serde_json::Map;
use tokio_util::sync::CancellationToken;

use super::{Client, Hooks, document::DocumentCall, knowledge::Purpose};
use crate::{
    error::{Code, Error, Result},
    protocol::reranking::RankingReader,
    transport::Watch,
    types::{Ranking, RerankRequest},
};

impl Client {
    /// How well each document fits the query, the best first.
    ///
    /// # Errors
    /// All kinds; `unsupported` where the server has no reranking.
    pub async fn rerank(
        &self,
        request: RerankRequest,
        hooks: &dyn Hooks,
        cancel: &CancellationToken,
    ) -> Result<Ranking> {
        let hooks = &self.attentive(hooks);
        let mut watch = self.watch(request.timeout, cancel);
        match self.ranked(request, hooks, &mut watch).await {
            Ok(ranking) => Ok(ranking),
            Err(error) => {
                let error = self.explained(error, Some("reranking"), &mut watch, hooks).await;
                Err(self.finished(error, self.dialect().rerank_path().unwrap_or_default()))
            }
        }
    }

    async fn ranked(&self, request: RerankRequest, hooks: &dyn Hooks, watch: &mut Watch) -> Result<Ranking> {
        let RerankRequest { query, documents, top_n, model, timeout } = request;
        let count = documents.len();
        if count == 0 {
            let model = model.or_else(|| self.model.clone()).unwrap_or_default();
            return Ok(Ranking { model, ..Ranking::default() });
        }
        self.settle_within(watch, timeout, hooks).await?;
        let Some(path) = self.dialect().rerank_path() else {
            let message = format!("{} has no reranking", self.server.facts().display_name);
            return Err(Error::new(Code::Unsupported, message)
                .hint("Ask a server that has it, with a model made for it."));
        };
        let mut call = DocumentCall::new(self, hooks, watch, timeout, (Purpose::Reranking, model)).await?;
        let mut body = Map::new();
        body.insert("model".into(), call.model().into());
        body.insert("query".into(), query.into());
        body.insert("documents".into(), documents.into());
        if let Some(top_n) = top_n {
            body.insert("top_n".into(), top_n.into());
        }
        let max_bytes = self.limits.max_event_bytes;
        let mut ranking = call.ask(path, body, || RankingReader::new(count, max_bytes)).await?;
        // Not every server heeds it.
        ranking.results.truncate(top_n.unwrap_or(count));
        if ranking.model.is_empty() {
            call.model().clone_into(&mut ranking.model);
        }
        Ok(ranking)
    }
}
