use serde::Serialize;

/// Why a query would work, or would not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagnosis {
    /// A query would work, as far as can be told without one.
    pub ok: bool,
    /// What answers at the address, by the name of its kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server: Option<&'static str>,
    pub checks: Vec<Check>,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// Stable; for programs.
    pub id: &'static str,
    pub ok: bool,
    /// What was seen.
    pub found: String,
    /// What to do, in one sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
}

impl Default for Diagnosis {
    fn default() -> Self {
        Self { ok: true, server: None, checks: Vec::new() }
    }
}

impl Diagnosis {
    pub fn passes(&mut self, id: &'static str, found: impl Into<String>) {
        self.checks.push(Check { id, ok: true, found: found.into(), fix: None });
    }

    /// A query would fail.
    pub fn fails(&mut self, id: &'static str, found: impl Into<String>, fix: impl Into<String>) {
        self.ok = false;
        self.advises(id, false, found, fix);
    }

    /// A query would work all the same.
    pub fn advises(&mut self, id: &'static str, ok: bool, found: impl Into<String>, fix: impl Into<String>) {
        self.checks.push(Check { id, ok, found: found.into(), fix: Some(fix.into()) });
    }

    /// All texts that a server had a say in.
    pub fn texts_mut(&mut self) -> impl Iterator<Item = &mut String> {
        self.checks.iter_mut().flat_map(|check| std::iter::once(&mut check.found).chain(&mut check.fix))
    }

    /// What mends the first thing that is wrong.
    #[must_use]
    pub fn fix(&self) -> Option<&str> {
        self.checks.iter().find(|check| !check.ok)?.fix.as_deref()
    }
}
