use super::{Facts, Kind, Probe, Recognised, Reply, plain::Plain};

pub static KIND: Kind = Kind {
    facts: Facts {
        name: "openai-compatible",
        display_name: "OpenAI-compatible server",
        base_url: "http://localhost:1234/v1",
        base_url_env: &["OPENAI_COMPATIBLE_BASE_URL"],
        api_key_env: &["OPENAI_COMPATIBLE_API_KEY"],
        // koboldcpp's.
        more_ports: &[5001],
        probes: &[Probe::new("/api/extra/version", koboldcpp)],
        ..Facts::PLAIN
    },
    open: |_| Ok(Box::new(Plain(&KIND.facts))),
};

/// <https://lite.koboldai.net/koboldcpp_api>
fn koboldcpp(reply: &Reply) -> Option<Recognised> {
    let told = reply.value()?;
    let version = || Some(told.get("version")?.as_str()?.to_owned());
    (told.get("result")? == "KoboldCpp").then(|| Recognised { version: version() })
}
