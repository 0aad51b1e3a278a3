//! What hides in an answer's text: found while it streams, wherever the pieces are cut. And the JSON of
//! models.

pub mod format;
pub mod json_repair;
mod line;
mod marker;
mod reasoning;
mod tools;

pub use reasoning::{Piece, ReasoningSplitter, TAG_STARTS};
pub use tools::{FoundCall, ToolPiece, ToolTextSplitter, without_tools};
