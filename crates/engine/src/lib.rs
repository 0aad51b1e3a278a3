//! The engine: everything about LLM servers, wires and failures. It knows nothing of Node.
//!
//! The modules are floors: each uses only those that stand above it in this list.

pub mod types;

pub mod error;

pub mod endpoint;

pub mod wire;

pub mod text;

pub mod protocol;

pub mod chat;

pub mod transport;

pub mod policy;

pub mod servers;

pub mod negotiate;

pub mod discovery;

pub mod client;
