//! What hides in an answer's text: found while it streams, wherever the pieces are cut.

mod reasoning;

pub use reasoning::{Piece, ReasoningSplitter};
