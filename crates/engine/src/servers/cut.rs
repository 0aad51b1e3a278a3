/// What a context leaves of a prompt that is too long for it. In tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cut {
    pub context: u64,
    /// How long such a prompt then is.
    pub left: Vec<u64>,
}
