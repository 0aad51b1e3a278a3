//! What hides in an answer's text: found while it streams, wherever the pieces are cut. And the JSON of
//! models.

pub mod json_repair;
mod reasoning;

pub use reasoning::{Piece, ReasoningSplitter};
