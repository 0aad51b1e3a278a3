use futures_util::future::{Either, select};
use serde_json::Value;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{Client, Hooks, asker::Asker, discreet::Discreet};
use crate::{
    discovery::Finding,
    error::{Code, Error, Result},
    servers::Command,
    types::{Event, Events, LoadProgress, Sink, Timeouts},
};

impl Client {
    /// Has the server do something that is no chat, such as loading a model. Its progress goes to `sink`.
    ///
    /// # Errors
    /// All kinds; `unsupported` where the server has no such thing.
    pub async fn manage<S: Sink>(
        &self,
        command: Command,
        timeout: Option<Timeouts>,
        hooks: &dyn Hooks,
        cancel: &CancellationToken,
        sink: &mut S,
    ) -> Result<Value> {
        let hooks = &self.attentive(hooks);
        let sink = &mut Discreet::new(self, sink);
        let mut watch = self.watch(timeout, cancel);
        let takes_long = command.takes_long();
        if takes_long {
            watch.waits_for_first_token();
        } else {
            watch.asks();
        }
        let (tell, mut told) = mpsc::unbounded_channel::<LoadProgress>();
        let work = async {
            let asker = Asker::new(self, hooks).await?.telling(tell);
            self.server.settle(&asker).await;
            match self.server.manage(command, &asker).await {
                Err(error) if error.wrong_path => Err(self.of_another(&asker).await.unwrap_or(error)),
                outcome => outcome,
            }
        };
        let mut work = std::pin::pin!(work);
        let outcome = loop {
            let next = std::pin::pin!(told.recv());
            match watch.run(select(next, work.as_mut())).await {
                Ok(Either::Left((Some(progress), _))) => {
                    sink.event(Event::Load(&progress));
                    sink.flush();
                    if takes_long {
                        watch.progresses();
                    }
                }
                Ok(Either::Left((None, _))) => break watch.run(work).await.and_then(|outcome| outcome),
                Ok(Either::Right((outcome, _))) => break outcome,
                Err(error) => break Err(error),
            }
        };
        // What was told just before the end.
        while let Ok(progress) = told.try_recv() {
            sink.event(Event::Load(&progress));
        }
        sink.flush();
        outcome.map_err(|error| self.finished(error, ""))
    }

    /// That another kind of server answers: it knows none of this one's commands.
    async fn of_another(&self, asker: &Asker<'_>) -> Option<Error> {
        let Finding::Server(identity) = self.finding(asker).await else { return None };
        let (found, fix) = self.taken_for_another(&identity)?;
        Some(Error::new(Code::Unsupported, found).hint(fix))
    }
}
