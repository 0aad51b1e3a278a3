use super::{Impostor, Probe, Recognised, Reply};

/// It emulates Ollama, llama.cpp and OpenAI: <https://lite.koboldai.net/koboldcpp_api>.
pub static IMPOSTOR: Impostor =
    Impostor { port: 5001, probe: Probe { path: "/api/extra/version", recognise } };

fn recognise(reply: &Reply) -> Option<Recognised> {
    let told = reply.value().filter(|told| told["result"] == "KoboldCpp")?;
    Some(Recognised { version: told["version"].as_str().map(str::to_owned) })
}
