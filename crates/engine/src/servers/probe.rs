use super::Reply;

/// A question whose answer tells a server from all others: several answer each other's paths, so the body decides.
#[derive(Debug, Clone, Copy)]
pub struct Probe {
    /// Below the root.
    pub path: &'static str,
    /// What an answer says, whatever its status, if this server gave it.
    pub recognise: fn(&Reply) -> Option<Recognised>,
    /// Where others answer the same: what else has to be answered.
    pub witness: Option<Witness>,
}

/// An answer that a [`Probe`] is believed with only.
#[derive(Debug, Clone, Copy)]
pub struct Witness {
    /// Below the root.
    pub path: &'static str,
    pub agrees: fn(&Reply) -> bool,
}

impl Probe {
    pub const fn new(path: &'static str, recognise: fn(&Reply) -> Option<Recognised>) -> Self {
        Self { path, recognise, witness: None }
    }

    #[must_use]
    pub const fn only_if(self, path: &'static str, agrees: fn(&Reply) -> bool) -> Self {
        Self { witness: Some(Witness { path, agrees }), ..self }
    }

    /// All that has to be asked for it.
    pub fn paths(&self) -> impl Iterator<Item = &'static str> {
        [Some(self.path), self.witness.map(|witness| witness.path)].into_iter().flatten()
    }

    /// What the answers say, if this server gave them.
    pub fn recognised<'a>(&self, answered: impl Fn(&str) -> Option<&'a Reply>) -> Option<Recognised> {
        let agrees = |witness: Witness| answered(witness.path).is_some_and(witness.agrees);
        (self.recognise)(answered(self.path)?).filter(|_| self.witness.is_none_or(agrees))
    }
}

/// What an answer to a [`Probe`] told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recognised {
    pub version: Option<String>,
}
