use crate::types::Tool;

/// What models put before the name of a tool.
const PREFIXES: [&str; 3] = ["functions.", "default_api.", "tools."];

/// The tools that a caller offers: only their names make a call.
#[derive(Debug, Clone, Default)]
pub struct Offered {
    tools: Vec<Tool>,
}

impl Offered {
    pub fn new(tools: &[Tool]) -> Self {
        Self { tools: tools.to_vec() }
    }

    pub fn is_empty(&self) -> bool {
        self.tools.is_empty()
    }

    /// Whether a name that begins with `text` may be one of them.
    pub fn may_become(&self, text: &str) -> bool {
        let text = text.trim_start();
        let begins = |text: &str| self.tools.iter().any(|tool| tool.name.starts_with(text));
        begins(text)
            || PREFIXES
                .iter()
                .any(|prefix| prefix.starts_with(text) || text.strip_prefix(prefix).is_some_and(begins))
    }

    pub fn find(&self, name: &str) -> Option<&Tool> {
        let name = name.trim();
        let named = |name: &str| self.tools.iter().find(|tool| tool.name == name);
        named(name).or_else(|| PREFIXES.iter().find_map(|prefix| named(name.strip_prefix(prefix)?)))
    }
}
