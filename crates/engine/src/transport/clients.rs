use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::OnceLock,
    time::Duration,
};

use reqwest::{Client, ClientBuilder, redirect};
use tokio::sync::OnceCell;

use super::pooled::NoteConnections;
use crate::{
    endpoint::Address,
    error::{Code, Error, Result},
};

/// The HTTP clients of a process. They hold the pools of connections, so there is one of each.
#[derive(Debug, Default)]
pub struct Clients {
    plain: OnceLock<Client>,
    secure: OnceCell<Client>,
}

/// Servers close idle connections after 5 s (llama.cpp, uvicorn, Node): ours are gone before.
const POOL_IDLE: Duration = Duration::from_secs(4);

/// As many as a tool talks over at once; more would only keep sockets of streams that ended.
const POOL_SIZE: usize = 16;

/// Behind a NAT, a silent connection is forgotten after a few minutes.
const TCP_KEEPALIVE: Duration = Duration::from_secs(30);

impl Clients {
    pub(super) async fn client(&self, address: &Address) -> Result<Client> {
        if !address.is_https() {
            // Without root certificates it costs next to nothing to build.
            if let Some(client) = self.plain.get() {
                return Ok(client.clone());
            }
            let client = build(builder().tls_certs_only([]))?;
            return Ok(self.plain.get_or_init(|| client).clone());
        }
        let client = self.secure.get_or_try_init(|| async {
            // Reading the system's certificates takes milliseconds.
            tokio::task::spawn_blocking(|| build(builder()))
                .await
                .unwrap_or_else(|_| Err(Error::new(Code::Connection, "TLS could not be set up")))
        });
        client.await.cloned()
    }
}

fn builder() -> ClientBuilder {
    // The first one stays; a second call finds it installed.
    _ = rustls::crypto::ring::default_provider().install_default();
    let localhost = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
    Client::builder()
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
        .user_agent(concat!("local-llm-provider/", env!("CARGO_PKG_VERSION")))
}

fn build(builder: ClientBuilder) -> Result<Client> {
    builder.build().map_err(|error| Error::new(Code::Connection, format!("TLS could not be set up: {error}")))
}
