//! Markers that are found although a text comes in pieces.

/// Whether a marker begins here, and its length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Match {
    Yes(usize),
    /// Not enough text to know.
    MayBe,
    No,
}

/// Whether `text` begins with `marker`.
pub fn begins(marker: &str, text: &str) -> Match {
    if text.starts_with(marker) {
        Match::Yes(marker.len())
    } else if marker.starts_with(text) {
        Match::MayBe
    } else {
        Match::No
    }
}
