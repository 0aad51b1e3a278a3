use std::sync::OnceLock;

use local_llm_engine::transport::Clients;
use napi_derive::napi;
use tokio::runtime::{Builder, Handle, Runtime};

use crate::guard::{self, guarded};

/// One worker: hyper's connection task then runs where its bytes are parsed. Handing them to another core costs more
/// than parsing them.
const WORKERS: usize = 1;

/// The runtime of this process. It is never shut down: a call that outlives its thread is cancelled, not waited for.
///
/// # Errors
/// When the system gives no thread.
pub fn handle() -> napi::Result<&'static Handle> {
    static RUNTIME: OnceLock<std::io::Result<Runtime>> = OnceLock::new();
    let runtime = RUNTIME.get_or_init(|| {
        guard::keep_panics_quiet();
        Builder::new_multi_thread()
            .worker_threads(WORKERS)
            .thread_name("local-llm-provider")
            .enable_all()
            .build()
    });
    match runtime {
        Ok(runtime) => Ok(runtime.handle()),
        Err(error) => Err(napi::Error::from_reason(format!("No thread could be started: {error}"))),
    }
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
