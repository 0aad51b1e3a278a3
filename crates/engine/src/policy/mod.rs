//! When a request is sent again. Knows no chat.

mod loading;
mod retry;

use std::time::Duration;

pub use loading::Loading;
pub use retry::RetryOptions;

use crate::{
    error::{Code, Error, Result},
    transport::Watch,
};
use retry::Retries;

/// A request that may have to be sent more than once.
pub trait Repeatable: Send {
    type Answer: Send;

    /// Whether the model must be loaded to answer. (To a question about the server, *loading* is an answer.)
    const NEEDS_MODEL: bool;

    /// Sends it once and reads what comes.
    fn attempt(&mut self) -> impl Future<Output = Result<Self::Answer>> + Send;

    /// Whether it was changed as `error` demands, so that it can be sent at once. That is no retry.
    fn amend(&mut self, _error: &Error) -> bool {
        false
    }

    /// The next attempt will be made after a wait.
    fn waits(&mut self, _wait: Wait<'_>) {}

    /// The clocks of the call.
    fn watch(&mut self) -> &mut Watch;
}

/// What is waited for between two attempts.
#[derive(Debug)]
pub enum Wait<'a> {
    /// The server's model.
    Loading,
    /// That what made the last attempt fail with `error` has passed.
    Retry { delay: Duration, error: &'a Error },
}

/// Sends `request` until it is answered, or fails in a way that another attempt would not mend or must not follow.
///
/// # Errors
/// That of the last attempt; `aborted` and `timeout` also from a wait.
pub async fn repeat<R: Repeatable>(request: &mut R, options: RetryOptions) -> Result<R::Answer> {
    let mut retries = Retries::new(options);
    let mut loading = Loading::default();
    loop {
        let error = match request.attempt().await {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        // What was handed out once is never asked for again.
        if error.begun {
            return Err(error);
        }
        if error.code == Code::ModelLoading {
            if !R::NEEDS_MODEL {
                return Err(error);
            }
            request.waits(Wait::Loading);
            wait_while_loading(request.watch(), loading.delay(error.retry_after), &error).await?;
        } else if !request.amend(&error) {
            let left = request.watch().left();
            let Some(delay) = retries.delay(&error, left) else { return Err(error) };
            request.waits(Wait::Retry { delay, error: &error });
            request.watch().rest(delay).await?;
        }
    }
}

/// Loading is part of the wait for the first token, and so counts on its clock.
async fn wait_while_loading(watch: &mut Watch, delay: Duration, error: &Error) -> Result<()> {
    watch.waits_for_first_token();
    watch.run(tokio::time::sleep(delay)).await.map_err(|mut late| {
        if late.code == Code::Timeout {
            late.message = format!("{}; the server last said: {}", late.message, error.message);
        }
        late
    })
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;
    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::types::{Clock, Timeouts};

    /// Fails as it is told, then answers. Each attempt takes 10 ms.
    struct Scripted<const NEEDS_MODEL: bool> {
        failures: Vec<Error>,
        amends: bool,
        attempts: usize,
        waits: Vec<Option<Duration>>,
        watch: Watch,
    }

    impl<const NEEDS_MODEL: bool> Repeatable for Scripted<NEEDS_MODEL> {
        type Answer = ();

        const NEEDS_MODEL: bool = NEEDS_MODEL;

        async fn attempt(&mut self) -> Result<()> {
            self.watch.waits_for_first_token();
            self.watch.run(tokio::time::sleep(Duration::from_millis(10))).await?;
            self.attempts += 1;
            if self.failures.is_empty() { Ok(()) } else { Err(self.failures.remove(0)) }
        }

        fn amend(&mut self, _: &Error) -> bool {
            std::mem::take(&mut self.amends)
        }

        fn waits(&mut self, wait: Wait<'_>) {
            self.waits.push(match wait {
                Wait::Loading => None,
                Wait::Retry { delay, .. } => Some(delay),
            });
        }

        fn watch(&mut self) -> &mut Watch {
            &mut self.watch
        }
    }

    fn scripted<const NEEDS_MODEL: bool>(
        failures: impl IntoIterator<Item = Error>,
        timeouts: &str,
    ) -> Scripted<NEEDS_MODEL> {
        let timeouts: Timeouts = serde_json::from_str(timeouts).unwrap();
        let watch = Watch::new(timeouts, CancellationToken::new());
        Scripted {
            failures: failures.into_iter().collect(),
            amends: false,
            attempts: 0,
            waits: vec![],
            watch,
        }
    }

    fn chat(failures: impl IntoIterator<Item = Error>) -> Scripted<true> {
        scripted(failures, "{}")
    }

    fn fault() -> Error {
        Error::new(Code::Server, "boom")
    }

    fn wishing(retry_after: u64) -> Error {
        let mut error = Error::new(Code::RateLimit, "slow down");
        error.retry_after = Some(retry_after);
        error
    }

    #[tokio::test(start_paused = true)]
    async fn what_passes_is_sent_again_after_the_wait_that_is_told() {
        let mut request = chat([fault(), wishing(7000)]);
        let started = Instant::now();
        repeat(&mut request, RetryOptions::default()).await.unwrap();
        let waits: Vec<_> = request.waits.iter().map(|wait| wait.unwrap()).collect();
        assert!(waits[0] <= Duration::from_millis(500) && waits[1] >= Duration::from_secs(7), "{waits:?}");
        let waited = waits.iter().sum::<Duration>();
        assert_eq!((started.elapsed(), request.attempts), (waited + Duration::from_millis(30), 3));
    }

    #[tokio::test(start_paused = true)]
    async fn the_last_failure_is_told_once_the_retries_are_used_up() {
        let mut request = chat([fault(), fault(), Error::new(Code::Connection, "the last"), fault()]);
        let error = repeat(&mut request, RetryOptions::default()).await.unwrap_err();
        assert_eq!((error.message.as_str(), request.attempts), ("the last", 3));
    }

    #[tokio::test(start_paused = true)]
    async fn every_kind_of_failure_is_repeated_that_calls_itself_retryable_and_no_other() {
        let all = [
            Code::Configuration,
            Code::Connection,
            Code::Authentication,
            Code::Permission,
            Code::RateLimit,
            Code::Quota,
            Code::ModelNotFound,
            Code::ContextLengthExceeded,
            Code::InvalidRequest,
            Code::ContentFilter,
            Code::ModelLoading,
            Code::OutOfMemory,
            Code::Server,
            Code::Stream,
            Code::Protocol,
            Code::EmptyCompletion,
            Code::Aborted,
            Code::Unsupported,
        ];
        let clocks = [Clock::Connect, Clock::FirstToken, Clock::Idle, Clock::Metadata, Clock::Total];
        let timeouts = clocks.map(|clock| Error::timeout(clock, Duration::from_secs(1)));
        let mut repeated = Vec::new();
        for error in all.map(|code| Error::new(code, "")).into_iter().chain(timeouts) {
            let mut request = chat([error.clone()]);
            let is_repeated = repeat(&mut request, RetryOptions::default()).await.is_ok();
            assert_eq!(is_repeated, error.retryable, "{error}");
            if is_repeated {
                repeated.push((error.code, error.clock));
            }
        }
        assert_eq!(
            repeated,
            [
                (Code::Connection, None),
                (Code::RateLimit, None),
                (Code::ModelLoading, None),
                (Code::Server, None),
                (Code::EmptyCompletion, None),
                (Code::Timeout, Some(Clock::Connect)),
            ]
        );
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_had_begun_is_never_asked_for_again() {
        for mut error in [fault(), Error::new(Code::ModelLoading, "")] {
            error.begun = true;
            let mut request = Scripted { amends: true, ..chat([error]) };
            repeat(&mut request, RetryOptions::default()).await.unwrap_err();
            assert_eq!(request.attempts, 1);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_changed_request_is_sent_at_once_and_costs_no_retry() {
        let refused = Error::new(Code::InvalidRequest, "no such field");
        let mut request = Scripted { amends: true, ..chat([refused, fault(), fault()]) };
        repeat(&mut request, RetryOptions::default()).await.unwrap();
        assert_eq!((request.attempts, request.waits.len()), (4, 2));
    }

    #[tokio::test(start_paused = true)]
    async fn a_model_is_waited_for_until_the_first_token_is_overdue_and_costs_no_retry() {
        let loading = || Error::new(Code::ModelLoading, "Loading model");
        let mut request = chat((0..9).map(|_| loading()).chain([fault(), fault()]));
        repeat(&mut request, RetryOptions::default()).await.unwrap();
        assert_eq!((request.attempts, request.waits.iter().flatten().count()), (12, 2));

        let mut request = scripted::<true>((0..99).map(|_| loading()), r#"{"firstToken":5000}"#);
        let started = Instant::now();
        let error = repeat(&mut request, RetryOptions::default()).await.unwrap_err();
        assert_eq!((error.clock, started.elapsed()), (Some(Clock::FirstToken), Duration::from_secs(5)));
        assert!(error.message.ends_with("the server last said: Loading model"), "{error}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_for_a_retry_is_no_wait_for_the_first_token() {
        let mut request = scripted::<true>([wishing(5000)], r#"{"firstToken":100}"#);
        repeat(&mut request, RetryOptions::default()).await.unwrap();
        assert_eq!(request.attempts, 2);
    }

    #[tokio::test(start_paused = true)]
    async fn to_a_question_loading_is_an_answer() {
        let mut question = scripted::<false>([Error::new(Code::ModelLoading, "Loading model")], "{}");
        let error = repeat(&mut question, RetryOptions::default()).await.unwrap_err();
        assert_eq!((error.code, question.attempts), (Code::ModelLoading, 1));
    }

    #[tokio::test(start_paused = true)]
    async fn a_wish_that_the_call_cannot_outlast_is_told_at_once() {
        let mut request = scripted::<true>([wishing(5000)], r#"{"total":5000}"#);
        let started = Instant::now();
        let error = repeat(&mut request, RetryOptions::default()).await.unwrap_err();
        assert_eq!((error.code, error.retry_after), (Code::RateLimit, Some(5000)));
        assert_eq!(started.elapsed(), Duration::from_millis(10));
    }

    #[tokio::test(start_paused = true)]
    async fn a_cancel_ends_a_wait_at_once() {
        let cancel = CancellationToken::new();
        let watch = Watch::new(Timeouts::default(), cancel.clone());
        let mut request = Scripted { watch, ..chat([wishing(20_000)]) };
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs(3)).await;
            cancel.cancel();
        });
        let started = Instant::now();
        let error = repeat(&mut request, RetryOptions::default()).await.unwrap_err();
        assert_eq!((error.code, started.elapsed()), (Code::Aborted, Duration::from_secs(3)));
    }
}
