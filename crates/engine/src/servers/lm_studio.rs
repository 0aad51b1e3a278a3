use super::{Facts, Kind, Probe, Recognised, Reply, plain::Plain};

pub static KIND: Kind = Kind {
    facts: Facts {
        name: "lm-studio",
        display_name: "LM Studio",
        base_url: "http://localhost:1234/v1",
        base_url_env: &["LMSTUDIO_BASE_URL"],
        api_key_env: &["LMSTUDIO_API_KEY"],
        serves_any_name: true,
        probes: &[Probe { path: "/api/v0/models", recognise }],
        ..Facts::PLAIN
    },
    open: |_| Ok(Box::new(Plain(&KIND.facts))),
};

fn recognise(reply: &Reply) -> Option<Recognised> {
    reply.value()?["data"][0].get("compatibility_type").map(|_| Recognised::default())
}
