//! The binding: JavaScript values into the engine's and back. It decides nothing.
//!
//! Calls are started by plain functions; everything they give, their ends too, comes back through one [`outbox`] for
//! each JavaScript thread. So no promise can overtake an event, and no call costs a wake of its own.

#![allow(clippy::needless_pass_by_value, reason = "napi hands arguments over by value")]
#![cfg_attr(test, allow(dead_code, reason = "what registers the exports is left out of tests"))]

mod call;
mod guard;
mod json;
mod outbox;
mod packed;
mod provider;
mod runtime;
