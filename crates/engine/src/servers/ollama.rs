use super::{Facts, Kind, Probe, Recognised, Reply, plain::Plain};

pub static KIND: Kind = Kind {
    facts: Facts {
        name: "ollama",
        display_name: "Ollama",
        base_url: "http://localhost:11434",
        base_url_env: &["OLLAMA_HOST"],
        api_key_env: &[],
        settings: &["api", "keepAlive", "numCtx"],
        settings_env: &["OLLAMA_API_MODE"],
        probes: &[Probe { path: "/api/version", recognise }],
        ..Facts::PLAIN
    },
    open: |_| Ok(Box::new(Plain(&KIND.facts))),
};

fn recognise(reply: &Reply) -> Option<Recognised> {
    let version = reply.value()?["version"].as_str()?.to_owned();
    Some(Recognised { version: Some(version) })
}
