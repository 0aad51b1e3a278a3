use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

use reqwest::{ClientBuilder, redirect};
use tokio::sync::OnceCell;

use super::{pooled::NoteConnections, tls};
use crate::{
    endpoint::Route,
    error::{Code, Error, Result},
};

/// The HTTP clients of a process: one for each route, as long as somebody uses it.
#[derive(Debug, Default)]
pub struct Clients {
    known: Mutex<Vec<Weak<HttpClient>>>,
}

/// The connections of one route, for all its providers.
#[derive(Debug)]
pub struct HttpClient {
    pub(super) route: Route,
    client: OnceCell<reqwest::Client>,
}

/// Servers close idle connections after 5 s (llama.cpp, uvicorn, Node): ours are gone before.
const POOL_IDLE: Duration = Duration::from_secs(4);

/// As many as a tool talks over at once; more would only keep sockets of streams that ended.
const POOL_SIZE: usize = 16;

/// Behind a NAT, a silent connection is forgotten after a few minutes.
const TCP_KEEPALIVE: Duration = Duration::from_secs(30);

impl Clients {
    /// The client of `route`. Opens no connection and reads no certificate yet.
    #[must_use]
    pub fn of(&self, route: &Route) -> Arc<HttpClient> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|client| client.strong_count() > 0);
        if let Some(client) = known.iter().filter_map(Weak::upgrade).find(|client| client.route == *route) {
            return client;
        }
        let client = Arc::new(HttpClient { route: route.clone(), client: OnceCell::new() });
        known.push(Arc::downgrade(&client));
        client
    }
}

impl HttpClient {
    pub(super) async fn client(&self) -> Result<&reqwest::Client> {
        self.client
            .get_or_try_init(|| async {
                let Some(tls) = self.route.tls.clone() else {
                    // Without root certificates it costs next to nothing to build.
                    return build(builder(&self.route)?.tls_certs_only([]));
                };
                let builder = builder(&self.route)?;
                // Reading the system's certificates takes milliseconds.
                tokio::task::spawn_blocking(move || {
                    build(builder.tls_backend_preconfigured(tls::config(&tls)?))
                })
                .await
                .unwrap_or_else(|_| Err(Error::new(Code::Connection, "TLS could not be set up")))
            })
            .await
    }
}

fn builder(route: &Route) -> Result<ClientBuilder> {
    // The first one stays; a second call finds it installed.
    _ = rustls::crypto::ring::default_provider().install_default();
    let localhost = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
    let mut builder = reqwest::Client::builder()
        // A cancelled call must be a closed connection, and a slow reader must not hold up others.
        .http1_only()
        .redirect(redirect::Policy::none())
        .referer(false)
        .retry(reqwest::retry::never())
        // Reading the environment is for the thread of the caller.
        .no_proxy()
        // The system often knows only one of them, and the server listens on the other.
        .resolve_to_addrs("localhost", &localhost.map(|address| SocketAddr::new(address, 0)))
        .pool_idle_timeout(POOL_IDLE)
        .pool_max_idle_per_host(POOL_SIZE)
        .tcp_keepalive(TCP_KEEPALIVE)
        .tcp_nodelay(true)
        .connector_layer(NoteConnections)
        .user_agent(concat!("local-llm-provider/", env!("CARGO_PKG_VERSION")));
    if let Some(proxy) = &route.proxy {
        // Its own words may show the password.
        let given = reqwest::Proxy::all(proxy.url())
            .map_err(|_| Error::configuration(format!("{} is no proxy", proxy.origin())))?;
        builder = builder.proxy(given);
    }
    #[cfg(unix)]
    if let Some(path) = &route.unix_socket {
        builder = builder.unix_socket(path.as_path());
    }
    Ok(builder)
}

fn build(builder: ClientBuilder) -> Result<reqwest::Client> {
    builder.build().map_err(|error| Error::new(Code::Connection, format!("TLS could not be set up: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(socket: &str) -> Route {
        Route { unix_socket: Some(socket.into()), ..Route::default() }
    }

    #[test]
    fn equal_routes_share_a_client_as_long_as_somebody_uses_it() {
        let clients = Clients::default();
        let one = clients.of(&Route::default());
        assert!(Arc::ptr_eq(&one, &clients.of(&Route::default())));
        assert!(!Arc::ptr_eq(&one, &clients.of(&route("/a"))));
        for number in 0..1000 {
            drop(clients.of(&route(&number.to_string())));
        }
        assert_eq!(clients.known.lock().unwrap().len(), 2);
        assert!(Arc::ptr_eq(&one, &clients.of(&Route::default())));
        assert_eq!(clients.known.lock().unwrap().len(), 1);
    }
}
