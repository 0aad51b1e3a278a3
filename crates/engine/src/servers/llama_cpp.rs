use super::{Facts, Kind, Probe, Recognised, Reply, plain::Plain};

pub static KIND: Kind = Kind {
    facts: Facts {
        name: "llama-cpp",
        display_name: "llama.cpp",
        base_url: "http://localhost:8080/v1",
        base_url_env: &["LLAMACPP_BASE_URL"],
        api_key_env: &["LLAMA_API_KEY"],
        more_ports: &[9931],
        serves_any_name: true,
        probes: &[Probe { path: "/props", recognise }],
        ..Facts::PLAIN
    },
    open: |_| Ok(Box::new(Plain(&KIND.facts))),
};

fn recognise(reply: &Reply) -> Option<Recognised> {
    let told = reply.value()?;
    let is_own = told.get("default_generation_settings").is_some()
        || reply.header("server") == Some("llama.cpp") && told.get("error").is_some();
    is_own.then(|| Recognised { version: told["build_info"].as_str().map(str::to_owned) })
}
