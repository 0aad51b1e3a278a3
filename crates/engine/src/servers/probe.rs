use super::Reply;

/// A question whose answer tells a server from all others: several answer each other's paths, so the body decides.
#[derive(Debug, Clone, Copy)]
pub struct Probe {
    /// Below the root.
    pub path: &'static str,
    /// What an answer says, whatever its status, if this server gave it.
    pub recognise: fn(&Reply) -> Option<Recognised>,
}

/// What an answer to a [`Probe`] told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recognised {
    pub version: Option<String>,
}
