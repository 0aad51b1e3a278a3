//! When an attempt is repeated. Knows no chat.

mod loading;

pub use loading::loading_delays;
