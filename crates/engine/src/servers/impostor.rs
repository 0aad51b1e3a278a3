use super::Probe;

/// A server that speaks OpenAI's protocol, has no class of its own, and answers like servers that have one.
pub struct Impostor {
    /// Where it listens unless its users say otherwise.
    pub port: u16,
    pub probe: Probe,
}
