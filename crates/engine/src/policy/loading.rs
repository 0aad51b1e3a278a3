use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};

/// How long to wait, each time, before a server that is loading its model is asked again. Never ends: that is for
/// the clock of the first token.
pub fn loading_delays() -> impl Iterator<Item = Duration> {
    ExponentialBuilder::new()
        .with_min_delay(Duration::from_millis(100))
        .with_max_delay(Duration::from_secs(2))
        .without_max_times()
        .build()
}
