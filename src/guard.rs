use std::panic::{AssertUnwindSafe, catch_unwind};

use napi::{Error, Result};

/// Runs what JavaScript called. A panic in a synchronous function would end the whole process; here it is thrown.
pub fn guarded<T>(function: impl FnOnce() -> T) -> Result<T> {
    catch_unwind(AssertUnwindSafe(function)).map_err(|panic| Error::from_reason(message(panic.as_ref())))
}

/// What a panic says, for a report.
pub fn message(panic: &(dyn std::any::Any + Send)) -> String {
    let words =
        panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("A fault in local-llm-provider itself: {}. Please report it.", words.unwrap_or("without a word"))
}
