//! Whether a request went out on a connection that was waiting in the pool, which reqwest does not tell; and what
//! is done where the server had closed it.

use std::{
    cell::Cell,
    task::{Context, Poll},
    time::Duration,
};

use tokio::time::Instant;
use tower_layer::Layer;
use tower_service::Service;

use super::failure;

tokio::task_local! {
    static OPENED: Cell<bool>;
}

/// How soon a connection from the pool shows that it was closed. Later, the server may have read the request.
const STALE_WITHIN: Duration = Duration::from_millis(100);

/// Whether a call has had a connection from the pool replaced. Once is enough: a server that closes each has a reason.
#[derive(Debug, Default)]
pub struct Replaced(bool);

impl Replaced {
    /// Runs `send`, and once more where its connection from the pool was closed at once and without a byte of an
    /// answer: the server had most likely closed it while it waited there, and has not read the request.
    pub(super) async fn replacing<T, F: Future<Output = Result<T, reqwest::Error>>>(
        &mut self,
        send: impl Fn() -> F,
    ) -> Result<T, reqwest::Error> {
        let sent_at = Instant::now();
        match noting_connections(send()).await {
            (Err(error), false)
                if !self.0 && failure::is_closed(&error) && sent_at.elapsed() <= STALE_WITHIN =>
            {
                self.0 = true;
                send().await
            }
            (outcome, _) => outcome,
        }
    }
}

/// Runs `request` and tells whether a connection was opened for it.
async fn noting_connections<T>(request: impl Future<Output = T>) -> (T, bool) {
    let noted = async {
        let outcome = request.await;
        (outcome, OPENED.with(Cell::get))
    };
    OPENED.scope(Cell::new(false), noted).await
}

/// Around the connector: takes note of each connection that is opened for the request that is being sent.
#[derive(Debug, Clone, Copy)]
pub struct NoteConnections;

#[derive(Debug, Clone)]
pub struct Noting<S>(S);

impl<S> Layer<S> for NoteConnections {
    type Service = Noting<S>;

    fn layer(&self, connector: S) -> Noting<S> {
        Noting(connector)
    }
}

impl<S: Service<Target>, Target> Service<Target> for Noting<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, target: Target) -> S::Future {
        // Outside of a request, nobody wants to know.
        _ = OPENED.try_with(|opened| opened.set(true));
        self.0.call(target)
    }
}
