//! Whether a request went out on a connection that was waiting in the pool. reqwest does not tell.

use std::{
    cell::Cell,
    task::{Context, Poll},
};

use tower_layer::Layer;
use tower_service::Service;

tokio::task_local! {
    static OPENED: Cell<bool>;
}

/// Runs `request` and tells whether a connection was opened for it.
pub async fn noting_connections<T>(request: impl Future<Output = T>) -> (T, bool) {
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
