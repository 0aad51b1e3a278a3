use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;

use super::{
    Client, Hooks, UNKNOWN_MODEL,
    asker::Asker,
    knowledge::Purpose,
    texts::{estimate, texts_of},
    tool_ways::tell_in_text,
};
use crate::{
    error::{Code, Result},
    servers::Countable,
    transport::Watch,
    types::{ChatRequest, Message, Part, Timeouts, ToCount, TokenCount, ToolMode},
};

impl Client {
    /// How many tokens the model makes of it: as the server counts, else about so many.
    ///
    /// # Errors
    /// `aborted`, `configuration`; a server that cannot tell is none.
    pub async fn count_tokens(
        &self,
        what: ToCount,
        hooks: &dyn Hooks,
        cancel: &CancellationToken,
    ) -> Result<TokenCount> {
        let hooks = &self.attentive(hooks);
        let counting = Counting { client: self, hooks, watch: self.watch(what.timeout(), cancel) };
        counting.run(what).await.map_err(|error| self.finished(error, ""))
    }
}

struct Counting<'a> {
    client: &'a Client,
    hooks: &'a dyn Hooks,
    watch: Watch,
}

impl Counting<'_> {
    async fn run(mut self, what: ToCount) -> Result<TokenCount> {
        self.watch.asks();
        match what {
            ToCount::Text(text) => {
                let model = self.model(None, None).await?;
                let told = self.ask(Countable::Text { text: &text, model: &model }).await?;
                Ok(told.unwrap_or_else(|| estimate_of_text(&text)))
            }
            ToCount::Chat(request) => {
                let is_all_text = request.messages.iter().flat_map(Message::parts).all(Part::is_text);
                let model = self.model(request.model.clone(), request.timeout).await?;
                let body = self.body(*request, &model);
                let told = if is_all_text { self.ask(Countable::Chat(&body)).await? } else { None };
                Ok(told.unwrap_or_else(|| estimate_of_chat(&body)))
            }
        }
    }

    async fn model(&mut self, named: Option<String>, timeout: Option<Timeouts>) -> Result<String> {
        let (client, hooks) = (self.client, self.hooks);
        let limit = client.metadata_limit(timeout);
        let found = async {
            client.settle_within(&mut self.watch, timeout, hooks).await?;
            let named = named.filter(|model| !model.is_empty()).or_else(|| client.model.clone());
            match named {
                Some(model) => Ok(Some(model)),
                None => client.find_model(Purpose::Chat, &mut self.watch, limit, hooks).await,
            }
        };
        let found = or_nothing(found.await)?;
        Ok(found.flatten().unwrap_or_else(|| UNKNOWN_MODEL.to_owned()))
    }

    /// The chat as it would be sent.
    fn body(&self, mut request: ChatRequest, model: &str) -> Map<String, Value> {
        let is_told = self.client.server.facts().tells_who_takes_tools;
        let in_text = match request.tools.tool_mode {
            ToolMode::Prompted => true,
            ToolMode::Auto => self.client.knowledge.lacks_tools(model, is_told),
            ToolMode::Native => false,
        };
        if in_text {
            tell_in_text(&mut request, model);
        }
        // What the server cannot be told is warned of where it is asked.
        self.client.chat_body(request, model, &mut Vec::new())
    }

    /// `None` where the server does not tell.
    async fn ask(&mut self, what: Countable<'_>) -> Result<Option<TokenCount>> {
        let (client, hooks) = (self.client, self.hooks);
        let question = async {
            let asker = Asker::new(client, hooks).await?;
            client.server.count_tokens(&asker, what).await
        };
        let told = or_nothing(self.watch.run(question).await.and_then(|told| told))?.flatten();
        Ok(told.map(|tokens| TokenCount { tokens, exact: true }))
    }
}

/// A server that cannot be asked tells nothing; that the caller gave up, or asked wrongly, is another matter.
fn or_nothing<T>(outcome: Result<T>) -> Result<Option<T>> {
    match outcome {
        Ok(value) => Ok(Some(value)),
        Err(error) if matches!(error.code, Code::Aborted | Code::Configuration) => Err(error),
        Err(_) => Ok(None),
    }
}

fn estimate_of_text(text: &str) -> TokenCount {
    TokenCount { tokens: estimate([("user", text)].into_iter()), exact: false }
}

/// What a template puts around each message: about so many tokens.
const AROUND: u64 = 4;

fn estimate_of_chat(body: &Map<String, Value>) -> TokenCount {
    let messages = body.get("messages").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    // Tools and calls of them stand in the prompt as JSON, more or less.
    let calls = messages.iter().filter_map(|message| message.get("tool_calls"));
    let json: Vec<_> = calls.chain(body.get("tools")).map(Value::to_string).collect();
    let texts = texts_of(body).chain(json.iter().map(|json| ("system", json.as_str())));
    TokenCount { tokens: estimate(texts) + AROUND * messages.len() as u64, exact: false }
}
