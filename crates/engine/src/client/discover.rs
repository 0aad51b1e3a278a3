use std::collections::HashMap;

use futures_util::{FutureExt, StreamExt, future::BoxFuture, stream::FuturesUnordered};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{Client, ClientConfig, asker::Asker};
use crate::{
    discovery::{CERTAINTY, Finding, Identity, identify},
    endpoint::{Address, Definition, EndpointConfig},
    error::{Code, Error, Result},
    servers::{self, Kind},
    transport::{Clients, Watch},
    types::{Clock, Status, Timeouts},
};

/// Where servers are looked for, as `lib/` hands it over.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Search {
    /// This machine, by default.
    hosts: Option<Vec<SecretString>>,
    /// Where known servers listen, by default.
    ports: Option<Vec<u16>>,
    timeout: Timeouts,
    /// The variables of the transport, as the caller's thread sees them.
    environment: HashMap<String, SecretString>,
}

/// A server that was found.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Discovered {
    /// The name of its kind.
    pub server: &'static str,
    #[serde(rename = "baseURL")]
    pub base_url: String,
    /// It wants a key, be it for its models or only for chats.
    pub needs_key: bool,
    #[serde(flatten)]
    pub status: Status,
}

/// One address that is looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Target {
    port: u16,
    is_loopback: bool,
    /// As it was given, with its port: `http://localhost:8080`.
    given: String,
    /// The same, or one of its IP families: `http://[::1]:8080`.
    asked: String,
}

/// What was found at a target.
#[derive(Clone)]
struct Found {
    target: Target,
    identity: Identity,
    /// `None`: it did not tell in time.
    told: Option<Told>,
}

/// What a server says of itself to somebody without a key.
#[derive(Clone, Default)]
struct Told {
    status: Status,
    needs_key: bool,
}

/// What a question has told.
enum Step {
    Nobody,
    Identified(Target, Identity),
    /// Of the server with this number.
    Surveyed(usize, Told),
}

/// All servers that are found in time, by their ports. They are asked without a key.
///
/// # Errors
/// `configuration`: a host that is no address; `aborted`.
pub async fn discover(
    search: &Search,
    clients: &Clients,
    cancel: &CancellationToken,
) -> Result<Vec<Discovered>> {
    let mut watch = Watch::new(search.timeout, cancel.clone());
    let targets = search.targets(clients)?;
    let mut asking: FuturesUnordered<BoxFuture<'_, Step>> =
        targets.into_iter().map(|target| search.look(target, clients).boxed()).collect();
    let mut found: Vec<Found> = Vec::new();
    loop {
        match watch.run(asking.next()).await {
            Ok(Some(Step::Nobody)) => {}
            Ok(Some(Step::Identified(target, identity))) => {
                let (number, kind, host) = (found.len(), identity.kind, target.asked.clone());
                asking.push(search.survey(number, kind, host, clients).boxed());
                found.push(Found { target, identity, told: None });
            }
            Ok(Some(Step::Surveyed(number, told))) => found[number].told = Some(told),
            Err(error) if error.code != Code::Timeout => return Err(error),
            // Nothing is left to ask, or no time.
            Ok(None) | Err(_) => break,
        }
    }
    distinct(found).into_iter().map(|(host, found)| search.told(host, found, clients)).collect()
}

impl Search {
    /// Where to look, each once.
    fn targets(&self, clients: &Clients) -> Result<Vec<Target>> {
        let this_machine = [SecretString::from("localhost")];
        let hosts = self.hosts.as_deref().unwrap_or(&this_machine);
        let ports = self.ports.clone().unwrap_or_else(|| servers::ports().into_iter().collect());
        let mut targets = Vec::new();
        for host in hosts {
            for port in &ports {
                let base = format!("http://localhost:{port}/v1");
                for target in targets_of(
                    &self.client(Kind::unknown().facts.name, base, host.clone(), clients)?.endpoint.address,
                ) {
                    // A host with a port of its own is looked at there alone.
                    if !targets.contains(&target) {
                        targets.push(target);
                    }
                }
            }
        }
        Ok(targets)
    }

    /// A client without a key, for the server at `host`.
    fn client(&self, kind: &str, base_url: String, host: SecretString, clients: &Clients) -> Result<Client> {
        let endpoint = EndpointConfig {
            definition: Definition { base_url, ..Definition::default() },
            host: Some(host),
            api_key: Some(SecretString::default()),
            environment: self.environment.clone(),
            ..EndpointConfig::default()
        };
        Client::new(ClientConfig { kind: kind.to_owned(), endpoint, ..ClientConfig::default() }, clients)
    }

    fn client_of(&self, kind: &Kind, host: String, clients: &Clients) -> Result<Client> {
        self.client(kind.facts.name, kind.facts.base_url.to_owned(), host.into(), clients)
    }

    async fn look(&self, target: Target, clients: &Clients) -> Step {
        let Ok(client) = self.client_of(Kind::unknown(), target.asked.clone(), clients) else {
            return Step::Nobody;
        };
        let asker = Asker::anonymous(&client, client.endpoint.address.clone());
        // The rest of the time is for what it has.
        let certainty = self.timeout.limit(Clock::Total).map_or(CERTAINTY, |limit| CERTAINTY.min(limit / 2));
        match identify(&asker, certainty).await {
            Finding::Server(identity) => Step::Identified(target, identity),
            Finding::Stranger { .. } | Finding::Nothing(_) => Step::Nobody,
        }
    }

    async fn survey(&self, number: usize, kind: &Kind, host: String, clients: &Clients) -> Step {
        let asked_at = Instant::now();
        let told = match self.client_of(kind, host, clients) {
            Ok(client) => {
                let asker = Asker::anonymous(&client, client.endpoint.address.clone());
                let surveyed = client.survey(&asker).await;
                let latency = asked_at.elapsed();
                let refused = match &surveyed {
                    Ok(_) => client.wants_key(&asker).await,
                    Err(_) => None,
                };
                match (surveyed, refused) {
                    (Ok(survey), None) => {
                        Told { status: client.status_of(survey, latency), needs_key: false }
                    }
                    (_, Some(error)) | (Err(error), None) => failed(&client.finished(error, "")),
                }
            }
            Err(error) => failed(&error),
        };
        Step::Surveyed(number, told)
    }

    /// A server that was found, as it is told of.
    fn told(&self, host: String, found: Found, clients: &Clients) -> Result<Discovered> {
        let Identity { kind, version } = found.identity;
        let Told { mut status, needs_key } = found.told.unwrap_or_else(|| {
            let error = Some("The server did not say in time what it has".to_owned());
            Told { status: Status { error, ..Status::default() }, needs_key: false }
        });
        status.version = status.version.or(version);
        let base_url = self.client_of(kind, host, clients)?.base_url().into_owned();
        Ok(Discovered { server: kind.facts.name, base_url, needs_key, status })
    }
}

/// Of a server that does not say what it has.
fn failed(error: &Error) -> Told {
    let needs_key = error.code == Code::Authentication;
    let words = if needs_key { "A key is missing: " } else { "" };
    let error = Some(format!("{words}{}", error.message));
    Told { status: Status { error, ..Status::default() }, needs_key }
}

/// An address, or both of it where its name stands for this machine: IPv4 and IPv6 may be different servers'.
fn targets_of(address: &Address) -> Vec<Target> {
    let (Some(host), Some(port)) = (address.host(), address.port()) else { return Vec::new() };
    // Each kind of server has its own path where none is given.
    let path = Some(address.path()).filter(|path| *path != "/v1").unwrap_or_default();
    let scheme = if address.is_https() { "https" } else { "http" };
    let written = |host: &str| format!("{scheme}://{host}:{port}{path}");
    let families =
        if host == "localhost" && !address.is_https() { &["127.0.0.1", "[::1]"][..] } else { &[&*host] };
    let target = |family: &&str| Target {
        port,
        is_loopback: address.is_loopback(),
        given: written(&host),
        asked: written(family),
    };
    families.iter().map(target).collect()
}

/// The servers, each with the host under which it is told of: one that answers at several addresses of this machine
/// is one.
fn distinct(mut found: Vec<Found>) -> Vec<(String, Found)> {
    found.sort_by(|one, other| {
        (one.target.port, &one.target.asked).cmp(&(other.target.port, &other.target.asked))
    });
    let mut servers: Vec<Found> = Vec::new();
    for next in found {
        match servers.iter_mut().find(|known| known.is_same(&next)) {
            Some(known) if known.told.is_none() => *known = next,
            Some(_) => {}
            None => servers.push(next),
        }
    }
    let host = |server: &Found| {
        let named = servers.iter().filter(|other| other.target.given == server.target.given).count();
        if named == 1 { server.target.given.clone() } else { server.target.asked.clone() }
    };
    servers.iter().map(|server| (host(server), server.clone())).collect()
}

impl Found {
    fn is_same(&self, other: &Self) -> bool {
        // One that did not tell in time may be the other one as well.
        let has_same_models = match (&self.told, &other.told) {
            (Some(one), Some(other)) => one.status.available_models == other.status.available_models,
            _ => true,
        };
        self.target.is_loopback
            && other.target.is_loopback
            && self.target.port == other.target.port
            && self.identity.kind.facts.name == other.identity.kind.facts.name
            && self.identity.version == other.identity.version
            && has_same_models
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(given: &str, asked: &str, models: &[&str]) -> Found {
        let models = models.iter().map(|&name| name.to_owned()).collect();
        Found {
            target: Target { port: 8080, is_loopback: true, given: given.into(), asked: asked.into() },
            identity: Identity { kind: Kind::unknown(), version: None },
            told: Some(Told {
                status: Status { available_models: Some(models), ..Status::default() },
                ..Told::default()
            }),
        }
    }

    fn hosts(found: Vec<Found>) -> Vec<String> {
        distinct(found).into_iter().map(|(host, _)| host).collect()
    }

    const NAME: &str = "http://localhost:8080";
    const V4: &str = "http://127.0.0.1:8080";
    const V6: &str = "http://[::1]:8080";

    #[test]
    fn a_server_that_answers_on_both_families_is_one() {
        assert_eq!(hosts(vec![found(NAME, V6, &["m"]), found(NAME, V4, &["m"])]), [NAME]);
        assert_eq!(hosts(vec![found(NAME, V6, &["m"])]), [NAME]);
        assert_eq!(hosts(vec![found(V4, V4, &["m"]), found(NAME, V6, &["m"])]), [V4]);
    }

    #[test]
    fn a_server_that_tells_its_models_in_time_on_one_family_only_is_one() {
        let silent = |asked| Found { told: None, ..found(NAME, asked, &[]) };
        for (v6, v4) in [(silent(V6), found(NAME, V4, &["m"])), (found(NAME, V6, &["m"]), silent(V4))] {
            let servers = distinct(vec![v6, v4]);
            let models = servers.iter().map(|(host, server)| {
                (&**host, server.told.as_ref().and_then(|told| told.status.available_models.clone()))
            });
            assert_eq!(models.collect::<Vec<_>>(), [(NAME, Some(vec!["m".to_owned()]))]);
        }
    }

    #[test]
    fn two_servers_at_one_port_are_told_by_their_families() {
        assert_eq!(hosts(vec![found(NAME, V6, &["a"]), found(NAME, V4, &["b"])]), [V4, V6]);
    }

    fn targets(search: &str) -> Vec<String> {
        let search: Search = serde_json::from_str(search).unwrap();
        let targets = search.targets(&Clients::default()).unwrap();
        targets.into_iter().map(|target| target.asked).collect()
    }

    #[test]
    fn this_machine_is_looked_at_on_both_families_at_all_known_ports() {
        let all = targets("{}");
        assert_eq!(all.len(), 2 * servers::ports().len());
        for target in ["http://127.0.0.1:11434", "http://[::1]:11434", "http://127.0.0.1:5001"] {
            assert!(all.iter().any(|asked| asked == target), "{target}");
        }
    }

    #[test]
    fn hosts_are_given_in_any_shape() {
        let given = |hosts: &str| targets(&format!(r#"{{"hosts":[{hosts}],"ports":[80,8000]}}"#));
        assert_eq!(given(r#""box""#), ["http://box:80", "http://box:8000"]);
        assert_eq!(given(r#""box:81", "box:81""#), ["http://box:81"]);
        assert_eq!(given(r#""::1""#), ["http://[::1]:80", "http://[::1]:8000"]);
        assert_eq!(given(r#""https://gw.example/api/v1""#), ["https://gw.example:443/api/v1"]);
    }
}
