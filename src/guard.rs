use std::{
    cell::RefCell,
    panic::{self, AssertUnwindSafe, catch_unwind},
};

use napi::{Error, Result};

thread_local! {
    /// Where this thread panicked last.
    static PLACE: RefCell<String> = const { RefCell::new(String::new()) };
}

/// From now on a panic prints nothing: it reaches the caller as an error.
pub fn keep_panics_quiet() {
    panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        PLACE.with_borrow_mut(|last| *last = place);
    }));
}

/// Runs what JavaScript called. A panic in a synchronous function would end the whole process; here it is thrown.
pub fn guarded<T>(function: impl FnOnce() -> T) -> Result<T> {
    catch_unwind(AssertUnwindSafe(function)).map_err(|panic| Error::from_reason(message(panic.as_ref())))
}

/// What a panic of this thread says, for a report. Words that were put together while it ran are left out: they may
/// quote a prompt or a key.
pub fn message(panic: &(dyn std::any::Any + Send)) -> String {
    let place = PLACE.with_borrow(Clone::clone);
    let words = panic.downcast_ref::<&str>().copied().unwrap_or("without a word");
    format!("A fault in local-llm-provider itself: {words} (at {place}). Please report it.")
}
