//! Deltas into one answer, and the verdict on it: complete, cut by its limit, or broken off. Knows no dialect.

mod assembly;
mod reading;

pub use reading::Reading;
