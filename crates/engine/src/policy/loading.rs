use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};

/// A model can be loaded long before the server wishes to be asked again.
const LONGEST_WISH: Duration = Duration::from_secs(5);

/// How long to wait, each time, before a server that is loading its model is asked again. Never ends: that is for
/// the clock of the first token.
#[derive(Debug)]
pub struct Loading(ExponentialBackoff);

impl Default for Loading {
    fn default() -> Self {
        Self(
            ExponentialBuilder::new()
                .with_min_delay(Duration::from_millis(100))
                .with_max_delay(Duration::from_secs(2))
                .without_max_times()
                .build(),
        )
    }
}

impl Loading {
    /// `wish`: when the server wants to be asked again, in milliseconds.
    pub fn delay(&mut self, wish: Option<u64>) -> Duration {
        let wish = Duration::from_millis(wish.unwrap_or(0)).min(LONGEST_WISH);
        self.0.next().unwrap_or_default().max(wish)
    }
}
