use std::time::Duration;

use futures_util::future::{join, join_all};

use super::{Client, fix_of, through};
use crate::{
    client::{asker::Asker, metadata::within},
    discovery::{Finding, Identity, identify},
    endpoint::{Address, Endpoint},
    error::{Code, Error},
    servers::{self, Kind},
    transport::{Peeked, peek},
    types::Diagnosis,
};

/// How long other servers of the same machine are looked for.
const BESIDE_WITHIN: Duration = Duration::from_secs(1);

const STUCK: &str =
    "The server is busy or stuck, or it is another program: look at its log, or check the port.";

impl Client {
    /// Nobody answered: why.
    pub(in crate::client) async fn explain_silence(&self, diagnosis: &mut Diagnosis, error: &Error) {
        let base = self.base_url();
        let (found, fix) = (error.message.as_str(), fix_of(error));
        if error.system_code == Some("ENOTFOUND") {
            return diagnosis.fails("address", found, fix);
        }
        diagnosis.passes("address", format!("{base} is asked"));
        let route = &self.endpoint.route;
        if let Some(proxy) = &route.proxy {
            return diagnosis.fails("proxy", format!("{}: {found}", through(proxy)), fix);
        }
        if route.unix_socket.is_some() {
            return diagnosis.fails("connection", found, fix);
        }
        let (peeked, beside) = join(self.peeked(), self.beside()).await;
        let other = beside.map(|other| other.fix());
        let Some(peeked) = peeked else {
            return diagnosis.fails("connection", found, other.unwrap_or(fix));
        };
        diagnosis.passes("connection", format!("{base} takes connections"));
        match peeked {
            _ if error.code == Code::Timeout => diagnosis.fails(
                "protocol",
                format!("{base} takes connections, but answers nothing: {found}"),
                self.endpoint.way().map_or_else(|| STUCK.to_owned(), |way| format!("{STUCK} {way}")),
            ),
            _ if self.endpoint.address.is_https() => diagnosis.fails("tls", found, fix),
            Peeked::Tls => diagnosis.fails(
                "protocol",
                format!("What listens at {base} speaks TLS"),
                "Write https:// in place of http://.",
            ),
            Peeked::Words(words) => diagnosis.fails(
                "protocol",
                format!("What listens at {base} is no LLM server: it says {words:?}"),
                other.unwrap_or_else(|| "Check the port: another program listens there.".to_owned()),
            ),
            Peeked::Silent => diagnosis.fails("protocol", found, other.unwrap_or(fix)),
        }
    }

    /// What the port does that speaks no HTTP.
    pub(in crate::client) async fn peeked(&self) -> Option<Peeked> {
        peek(self.own_address()?).await
    }

    /// The address, where connections go straight to it.
    fn own_address(&self) -> Option<&Address> {
        let Endpoint { address, route, .. } = &self.endpoint;
        (route.proxy.is_none() && route.unix_socket.is_none()).then_some(address)
    }

    /// An LLM server that answers elsewhere on the same machine: at the same port first.
    pub(super) async fn beside(&self) -> Option<Beside> {
        let address = self.own_address()?;
        let (host, port) = (address.host()?, address.port()?);
        let other_family = match host.as_str() {
            "127.0.0.1" => Some("[::1]"),
            "[::1]" => Some("127.0.0.1"),
            _ => None,
        };
        let ports = servers::ports().into_iter().filter(|other| *other != port).map(|port| (None, port));
        let places = other_family.map(|host| (Some(host), port)).into_iter().chain(ports);
        let asked = places.map(|(other_host, port)| {
            let place = address.beside(other_host.unwrap_or(&host), port);
            async move {
                let asker = Asker::anonymous(self, place);
                match within(Some(BESIDE_WITHIN), identify(&asker, BESIDE_WITHIN / 2)).await? {
                    Finding::Server(Identity { kind, .. }) => Some(Beside { kind, other_host, port }),
                    Finding::Stranger { .. } | Finding::Nothing(_) => None,
                }
            }
        });
        join_all(asked).await.into_iter().flatten().next()
    }
}

/// Another server of the same machine's.
pub(super) struct Beside {
    kind: &'static Kind,
    /// Where it is not the host that was asked.
    other_host: Option<&'static str>,
    port: u16,
}

impl Beside {
    pub fn fix(&self) -> String {
        let (port, name) = (self.port, self.kind.facts.display_name);
        match self.other_host {
            Some(host) => format!("Use `host: 'localhost'`: {name} listens at {host}:{port} only."),
            None => format!("Use `port: {port}`: {name} answers there."),
        }
    }
}
