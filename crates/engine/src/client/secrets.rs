use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::BoxFuture;
use secrecy::{ExposeSecret, SecretString};

use super::Hooks;
use crate::{endpoint::is_secret_name, error::Result};

/// Secrets that the caller's code gave while calls ran, the latest last: those of the calls that still run, and the
/// latest few, because a server may repeat what it was sent before.
#[derive(Default)]
pub struct GivenSecrets(Mutex<Vec<Arc<SecretString>>>);

/// How many are known at least. A token that rotates must not fill the memory.
const KEPT: usize = 64;

impl GivenSecrets {
    /// From now on, no error shows `secret`, at least as long as what is returned lives.
    fn keep(&self, secret: SecretString) -> Arc<SecretString> {
        let mut secrets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = secrets.iter().find(|known| known.expose_secret() == secret.expose_secret()).cloned();
        let kept = known.unwrap_or_else(|| {
            let new = Arc::new(secret);
            secrets.push(new.clone());
            new
        });
        let mut surplus = secrets.len().saturating_sub(KEPT);
        secrets.retain(|secret| {
            let goes = surplus > 0 && Arc::strong_count(secret) == 1;
            surplus -= usize::from(goes);
            !goes
        });
        kept
    }

    pub fn all(&self) -> Vec<Arc<SecretString>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The hooks of one call. As long as it lives, no error shows the secrets that they gave.
pub struct Attentive<'a> {
    hooks: &'a dyn Hooks,
    secrets: &'a GivenSecrets,
    held: Mutex<Vec<Arc<SecretString>>>,
}

impl<'a> Attentive<'a> {
    pub fn new(hooks: &'a dyn Hooks, secrets: &'a GivenSecrets) -> Self {
        Self { hooks, secrets, held: Mutex::default() }
    }

    fn hold(&self, secret: SecretString) {
        let kept = self.secrets.keep(secret);
        self.held.lock().unwrap_or_else(PoisonError::into_inner).push(kept);
    }
}

impl Hooks for Attentive<'_> {
    fn changes_headers(&self) -> bool {
        self.hooks.changes_headers()
    }

    fn changes_body(&self) -> bool {
        self.hooks.changes_body()
    }

    fn api_key(&self) -> BoxFuture<'_, Result<SecretString>> {
        Box::pin(async {
            let key = self.hooks.api_key().await?;
            self.hold(key.clone());
            Ok(key)
        })
    }

    fn request_headers(
        &self,
        headers: Vec<(String, String)>,
    ) -> BoxFuture<'_, Result<Vec<(String, String)>>> {
        Box::pin(async {
            let changed = self.hooks.request_headers(headers).await?;
            for (_, value) in changed.iter().filter(|(name, _)| is_secret_name(name)) {
                self.hold(value.as_str().into());
            }
            Ok(changed)
        })
    }

    fn request_body(&self, body: String) -> BoxFuture<'_, Result<String>> {
        self.hooks.request_body(body)
    }

    fn validate(&self, answer: String) -> BoxFuture<'_, Result<Option<String>>> {
        self.hooks.validate(answer)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::future::join_all;
    use tokio::{
        io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
        net::TcpListener,
        sync::Barrier,
    };
    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::{
        client::{Client, ClientConfig},
        transport::Clients,
        types::{ChatRequest, Event, Events, Sink},
    };

    /// Gives another key each time: as a key or as a header.
    #[derive(Default)]
    struct Keys {
        as_header: bool,
        given: AtomicUsize,
    }

    impl Keys {
        fn next(&self) -> String {
            format!("sk-{:03}-secret", self.given.fetch_add(1, Ordering::Relaxed))
        }
    }

    impl Hooks for Keys {
        fn changes_headers(&self) -> bool {
            self.as_header
        }

        fn changes_body(&self) -> bool {
            false
        }

        fn api_key(&self) -> BoxFuture<'_, Result<SecretString>> {
            Box::pin(async { Ok(self.next().into()) })
        }

        fn request_headers(&self, _: Vec<(String, String)>) -> BoxFuture<'_, Result<Vec<(String, String)>>> {
            Box::pin(async {
                Ok(vec![("authorization".into(), self.next()), ("x-team".into(), "tools".into())])
            })
        }

        fn request_body(&self, body: String) -> BoxFuture<'_, Result<String>> {
            Box::pin(async { Ok(body) })
        }
    }

    struct Nowhere;

    impl Events for Nowhere {
        fn event(&mut self, _: Event<'_>) {}
    }

    impl Sink for Nowhere {
        fn flush(&mut self) {}

        fn has_room(&self) -> bool {
            true
        }

        async fn room(&self) {}
    }

    const CALLS: usize = 100;

    /// The base URL of a server that repeats the key of each request in an error, once all calls are there.
    async fn indiscreet_server() -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}/v1", listener.local_addr().unwrap());
        let barrier = Arc::new(Barrier::new(CALLS));
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let barrier = barrier.clone();
                tokio::spawn(async move {
                    let mut lines = BufReader::new(socket);
                    let mut key = String::new();
                    while !key.starts_with("authorization: ") {
                        key.clear();
                        lines.read_line(&mut key).await.unwrap();
                    }
                    barrier.wait().await;
                    let answer =
                        format!("HTTP/1.1 400 No\r\nConnection: close\r\n\r\nnot with {}", key.trim());
                    lines.write_all(answer.as_bytes()).await.unwrap();
                });
            }
        });
        base
    }

    /// A client of an indiscreet server, whose key comes from a function, or from a hook as a header.
    async fn client(as_header: bool) -> Client {
        let mut config = ClientConfig { model: Some("m".into()), ..ClientConfig::default() };
        config.endpoint.definition.base_url = indiscreet_server().await;
        config.endpoint.has_api_key_function = !as_header;
        Client::new(config, &Clients::default()).unwrap()
    }

    #[tokio::test]
    async fn no_error_shows_the_key_of_any_call_that_runs() {
        for as_header in [false, true] {
            let client = client(as_header).await;
            let hooks = Keys { as_header, ..Keys::default() };
            let cancel = CancellationToken::new();
            let calls = (0..CALLS).map(async |_| {
                client.chat(ChatRequest::default(), &hooks, &cancel, &mut Nowhere).await.unwrap_err()
            });
            for error in join_all(calls).await {
                let body = error.body.as_deref().unwrap();
                assert!(body.starts_with("not with") && !body.contains("secret"), "{body}");
            }
        }
    }

    #[tokio::test]
    async fn no_question_about_the_server_shows_the_key_of_any_that_runs() {
        let (client, hooks, cancel) = (client(false).await, Keys::default(), CancellationToken::new());
        let asked = join_all((0..CALLS / 2).map(async |_| client.status(None, &hooks, &cancel).await));
        let listed = join_all((0..CALLS / 2).map(async |_| client.list_models(None, &hooks, &cancel).await));
        let (asked, listed) = tokio::join!(asked, listed);
        let asked = asked.into_iter().map(|status| status.unwrap().error.unwrap());
        for said in asked.chain(listed.into_iter().map(|list| list.unwrap_err().message.clone())) {
            assert!(said.contains("not with") && !said.contains("secret"), "{said}");
        }
    }

    fn known(secrets: &GivenSecrets) -> Vec<String> {
        secrets.all().iter().map(|secret| secret.expose_secret().to_owned()).collect()
    }

    #[tokio::test]
    async fn headers_are_secret_by_their_names() {
        let (secrets, keys) = (GivenSecrets::default(), Keys::default());
        Attentive::new(&keys, &secrets).request_headers(Vec::new()).await.unwrap();
        assert_eq!(known(&secrets), ["sk-000-secret"]);
    }

    #[tokio::test]
    async fn of_calls_that_ended_the_latest_secrets_are_known() {
        let (secrets, keys) = (GivenSecrets::default(), Keys::default());
        let running = Attentive::new(&keys, &secrets);
        running.api_key().await.unwrap();
        for _ in 0..CALLS {
            Attentive::new(&keys, &secrets).api_key().await.unwrap();
        }
        let known = known(&secrets);
        assert_eq!(known.len(), KEPT);
        assert_eq!((&*known[0], &*known[KEPT - 1]), ("sk-000-secret", "sk-100-secret"));
    }
}
