use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use serde::{Deserialize, Deserializer, de};

use crate::error::Error;

/// How often, and after which waits, a request is sent again. Crosses from JavaScript in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RetryOptions {
    /// 0: never.
    pub max_retries: u64,
    /// The first wait is at most so long; each next one, twice as long.
    #[serde(deserialize_with = "milliseconds")]
    pub base_delay: Duration,
    /// No single wait is longer.
    #[serde(deserialize_with = "milliseconds")]
    pub max_delay: Duration,
    /// Nor are all waits of a call together.
    #[serde(deserialize_with = "milliseconds")]
    pub max_total: Duration,
}

impl Default for RetryOptions {
    fn default() -> Self {
        Self {
            max_retries: 2,
            base_delay: Duration::from_millis(500),
            max_delay: Duration::from_secs(30),
            max_total: Duration::from_secs(60),
        }
    }
}

/// The retries of one call.
#[derive(Debug)]
pub struct Retries {
    backoff: ExponentialBackoff,
    max_delay: Duration,
    /// How many are left.
    left: u64,
    /// How much waiting is left.
    waiting_left: Duration,
}

impl Retries {
    pub fn new(options: RetryOptions) -> Self {
        let RetryOptions { max_retries, base_delay, max_delay, max_total } = options;
        let backoff = ExponentialBuilder::new()
            .with_min_delay(base_delay.min(max_delay))
            .with_max_delay(max_delay)
            .without_max_times();
        Self { backoff: backoff.build(), max_delay, left: max_retries, waiting_left: max_total }
    }

    /// How long to wait before the request is sent again that failed with `error`; `None`: it is not. `left` is what
    /// the call's clocks leave.
    ///
    /// What the server wishes is waited at least. A wish that goes too far is for the caller to decide on, at once.
    pub fn delay(&mut self, error: &Error, left: Option<Duration>) -> Option<Duration> {
        self.left = if error.retryable { self.left.checked_sub(1)? } else { return None };
        let ceiling = self.backoff.next()?;
        // Full jitter: clients that failed together do not come back together.
        let own = Duration::from_millis(fastrand::u64(0..=whole_milliseconds(ceiling)));
        let longest = left.map_or(self.waiting_left, |left| left.min(self.waiting_left)).min(self.max_delay);
        let delay = match error.retry_after {
            None => own,
            Some(wish) if Duration::from_millis(wish) > longest => return None,
            Some(wish) => {
                let jitter = fastrand::u64(0..=wish / 10);
                own.max(Duration::from_millis(wish + jitter)).min(longest)
            }
        };
        self.waiting_left = self.waiting_left.checked_sub(delay)?;
        (delay <= longest).then_some(delay)
    }
}

fn whole_milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn milliseconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let value = f64::deserialize(deserializer)?;
    // A century is no limit, and further no clock can count.
    Duration::try_from_secs_f64((value / 1000.0).min(3.0e9))
        .map_err(|_| de::Error::custom("expected milliseconds, 0 or more"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::error::Code;

    fn options(json: &str) -> RetryOptions {
        serde_json::from_str(json).unwrap()
    }

    fn failure(retry_after: Option<u64>) -> Error {
        let mut error = Error::new(Code::RateLimit, "slow down");
        error.retry_after = retry_after;
        error
    }

    #[test]
    fn what_is_not_set_has_its_default() {
        assert_eq!(options("{}"), RetryOptions::default());
        let set = options(r#"{"maxRetries":5,"baseDelay":1.5}"#);
        assert_eq!((set.max_retries, set.base_delay), (5, Duration::from_micros(1500)));
        assert_eq!(set.max_total, RetryOptions::default().max_total);
        let wrong = serde_json::from_str::<RetryOptions>(r#"{"maxDelay":-1}"#).unwrap_err();
        assert!(wrong.to_string().contains("milliseconds"), "{wrong}");
    }

    #[test]
    fn waits_are_drawn_below_a_ceiling_that_doubles() {
        let options = options(r#"{"maxRetries":4,"baseDelay":100,"maxDelay":300}"#);
        let mut longest = [Duration::ZERO; 4];
        for _ in 0..1000 {
            let mut retries = Retries::new(options);
            for longest in &mut longest {
                *longest = (*longest).max(retries.delay(&failure(None), None).unwrap());
            }
        }
        let ceilings = [100, 200, 300, 300].map(Duration::from_millis);
        for (longest, ceiling) in longest.into_iter().zip(ceilings) {
            assert!(longest <= ceiling && longest > ceiling.mul_f64(0.8), "{longest:?} of {ceiling:?}");
        }
    }

    #[test]
    fn a_wish_is_waited_at_least_and_one_that_goes_too_far_not_at_all() {
        let options = options(r#"{"baseDelay":1,"maxDelay":1000,"maxTotal":1500}"#);
        let wished = |wish, left| Retries::new(options).delay(&failure(Some(wish)), left);
        for wish in [100, 999, 1000] {
            let delay = wished(wish, None).unwrap();
            assert!((wish..=1000).contains(&whole_milliseconds(delay)), "{delay:?} for {wish}");
        }
        assert_eq!(wished(1001, None), None);
        assert_eq!(wished(100, Some(Duration::from_millis(99))), None, "the call would end before");
        assert_eq!(wished(u64::MAX, None), None);
        let mut retries = Retries::new(options);
        assert!(retries.delay(&failure(Some(1000)), None).is_some());
        assert_eq!(retries.delay(&failure(Some(600)), None), None, "too much together");
    }

    #[test]
    fn what_is_not_retryable_is_not_sent_again() {
        let mut error = failure(Some(1));
        error.retryable = false;
        assert_eq!(Retries::new(RetryOptions::default()).delay(&error, None), None);
        assert_eq!(Retries::new(options(r#"{"maxRetries":0}"#)).delay(&failure(None), None), None);
    }

    proptest! {
        #[test]
        fn neither_count_nor_waiting_is_exceeded(
            max_retries in 0..20_u64,
            base_delay in 0..2000_u64,
            max_delay in 0..5000_u64,
            max_total in 0..20_000_u64,
            left in proptest::option::of(0..20_000_u64),
            wishes in proptest::collection::vec(proptest::option::of(0..6000_u64), 40),
        ) {
            let [base_delay, max_delay, max_total] = [base_delay, max_delay, max_total].map(Duration::from_millis);
            let mut retries = Retries::new(RetryOptions { max_retries, base_delay, max_delay, max_total });
            let mut left = left.map(Duration::from_millis);
            let (mut count, mut waited) = (0, Duration::ZERO);
            for wish in wishes {
                let Some(delay) = retries.delay(&failure(wish), left) else { break };
                count += 1;
                waited += delay;
                prop_assert!(delay <= max_delay);
                prop_assert!(wish.is_none_or(|wish| delay >= Duration::from_millis(wish)));
                prop_assert!(left.is_none_or(|left| delay <= left));
                left = left.map(|left| left.saturating_sub(delay));
            }
            prop_assert!(count <= max_retries);
            prop_assert!(waited <= max_total);
        }
    }
}
