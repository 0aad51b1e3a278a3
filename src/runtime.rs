use std::{sync::OnceLock, thread};

use local_llm_engine::transport::Clients;
use napi_derive::napi;
use tokio::runtime::{Builder, Handle};

use crate::guard::{self, guarded};

/// The runtime of this process: one thread, on which hyper's connection tasks run where their bytes are parsed. Handing
/// them to another core costs more than parsing them. It is never shut down: a call that outlives its thread is
/// cancelled, not waited for.
///
/// # Errors
/// When the system gives no thread.
pub fn handle() -> napi::Result<&'static Handle> {
    static RUNTIME: OnceLock<std::io::Result<Handle>> = OnceLock::new();
    match RUNTIME.get_or_init(start) {
        Ok(handle) => Ok(handle),
        Err(error) => Err(napi::Error::from_reason(format!("No thread could be started: {error}"))),
    }
}

/// With tokio's scheduler for many threads, of which there would be one, a short answer costs a twentieth more CPU.
fn start() -> std::io::Result<Handle> {
    guard::keep_panics_quiet();
    let runtime = Builder::new_current_thread().thread_name("local-llm-provider").enable_all().build()?;
    let handle = runtime.handle().clone();
    thread::Builder::new()
        .name("local-llm-provider".to_owned())
        .spawn(move || runtime.block_on(std::future::pending::<()>()))?;
    Ok(handle)
}

/// The connections of this process, shared by all its providers and threads.
pub fn clients() -> &'static Clients {
    static CLIENTS: OnceLock<Clients> = OnceLock::new();
    CLIENTS.get_or_init(Clients::default)
}

/// How many tasks are alive: calls, connections, timers. For tests, which ask whether anything was left behind.
#[napi]
pub fn alive_tasks() -> napi::Result<u32> {
    guarded(|| handle().map(|handle| u32::try_from(handle.metrics().num_alive_tasks()).unwrap_or(u32::MAX)))?
}
