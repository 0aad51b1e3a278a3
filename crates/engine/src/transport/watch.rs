use std::{
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::time::{Instant, Sleep, sleep_until};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use super::Connected;
use crate::{
    error::{Error, Result},
    types::{Clock, Timeouts},
};

/// What can end a call before its server does: its caller, and the clocks.
pub struct Watch {
    cancelled: Pin<Box<WaitForCancellationFutureOwned>>,
    timeouts: Timeouts,
    total: Option<Instant>,
    stage: Stage,
    /// Since when the first token is waited for: set by the first connection, and kept over attempts.
    waiting: Option<Instant>,
    /// Rings at or before the next deadline; then it is looked again. So a chunk costs no timer.
    alarm: Pin<Box<Sleep>>,
}

/// Which clock runs, and since when.
#[derive(Debug, Clone)]
enum Stage {
    /// None but `total`: at work, or waiting for the consumer.
    Idle,
    Connecting {
        since: Instant,
        connected: Connected,
    },
    FirstToken {
        since: Instant,
    },
    Answer {
        last_heard: Instant,
    },
    /// The end was announced; only a count may still come.
    LastWords {
        since: Instant,
    },
    Question {
        since: Instant,
    },
}

/// How long a server that has said why it ended may take to say that it ended.
const LAST_WORDS: Duration = Duration::from_secs(2);

impl Watch {
    #[must_use]
    pub fn new(timeouts: Timeouts, cancel: CancellationToken) -> Self {
        let now = Instant::now();
        Self {
            cancelled: Box::pin(cancel.cancelled_owned()),
            total: timeouts.limit(Clock::Total).map(|limit| now + limit),
            timeouts,
            stage: Stage::Idle,
            waiting: None,
            alarm: Box::pin(sleep_until(now + Duration::from_secs(24 * 3600))),
        }
    }

    /// A question about the server begins: `metadata` runs until [`pause`](Self::pause).
    pub fn asks(&mut self) {
        self.stage = Stage::Question { since: Instant::now() };
    }

    /// An attempt begins: `connect` runs until `connected` is told.
    pub fn connects(&mut self, connected: Connected) {
        self.stage = Stage::Connecting { since: Instant::now(), connected };
    }

    /// The first token is waited for, also between attempts.
    pub fn waits_for_first_token(&mut self) {
        let connected = match &self.stage {
            Stage::Connecting { connected, .. } => connected.since(),
            _ => None,
        };
        let since = *self.waiting.get_or_insert_with(|| connected.unwrap_or_else(Instant::now));
        self.stage = Stage::FirstToken { since };
    }

    /// The server showed that it is at work on the prompt.
    pub fn progresses(&mut self) {
        let since = Instant::now();
        self.waiting = Some(since);
        self.stage = Stage::FirstToken { since };
    }

    /// Something of an answer that has begun arrived.
    pub fn hears(&mut self) {
        self.stage = Stage::Answer { last_heard: Instant::now() };
    }

    /// The server said why the answer ends.
    pub fn waits_for_last_words(&mut self) {
        if !matches!(self.stage, Stage::LastWords { .. }) {
            self.stage = Stage::LastWords { since: Instant::now() };
        }
    }

    /// No clock runs but `total`.
    pub fn pause(&mut self) {
        self.stage = Stage::Idle;
    }

    /// An answer is here, and its end is judged; another one is a new wait.
    pub fn is_answered(&mut self) {
        self.waiting = None;
        self.pause();
    }

    /// How long may be rested: what is left of the clocks that run meanwhile.
    #[must_use]
    pub fn left(&self) -> Option<Duration> {
        let question = match self.stage {
            Stage::Question { since } => self.timeouts.limit(Clock::Metadata).map(|limit| since + limit),
            _ => None,
        };
        let end = [question, self.total].into_iter().flatten().min();
        end.map(|end| end.saturating_duration_since(Instant::now()))
    }

    /// Rests between two attempts. That counts on no clock but `total` and, within a question, `metadata`.
    ///
    /// # Errors
    /// `aborted`, `timeout`
    pub async fn rest(&mut self, delay: Duration) -> Result<()> {
        if let Stage::Connecting { connected, .. } = &self.stage {
            self.waiting = self.waiting.or(connected.since());
        }
        if !matches!(self.stage, Stage::Question { .. }) {
            self.pause();
        }
        let since = Instant::now();
        self.run(tokio::time::sleep(delay)).await?;
        self.waiting = self.waiting.map(|waiting| waiting + since.elapsed());
        Ok(())
    }

    /// Runs `future` to its end, unless the caller or a clock ends it.
    ///
    /// # Errors
    /// `aborted`, `timeout`
    pub async fn run<T>(&mut self, future: impl Future<Output = T>) -> Result<T> {
        let mut future = std::pin::pin!(future);
        poll_fn(|context| {
            if self.cancelled.as_mut().poll(context).is_ready() {
                return Poll::Ready(Err(Error::aborted()));
            }
            // What has arrived counts more than that the time is up.
            if let Poll::Ready(value) = future.as_mut().poll(context) {
                return Poll::Ready(Ok(value));
            }
            self.poll_expired(context).map(Err)
        })
        .await
    }

    fn poll_expired(&mut self, context: &mut Context<'_>) -> Poll<Error> {
        let mut from = None;
        while let Some(look) = self.next_look(from) {
            if look < self.alarm.deadline() || self.alarm.is_elapsed() {
                self.alarm.as_mut().reset(look);
            }
            if self.alarm.as_mut().poll(context).is_pending() {
                break;
            }
            let now = Instant::now();
            if let Some((_, clock, limit)) = self.deadline().filter(|(deadline, ..)| now >= *deadline) {
                return Poll::Ready(Error::timeout(clock, limit));
            }
            from = Some(now);
        }
        Poll::Pending
    }

    /// When the clocks are to be looked at: at the next deadline, or where that may have changed unnoticed.
    fn next_look(&self, from: Option<Instant>) -> Option<Instant> {
        let deadline = self.deadline().map(|(deadline, ..)| deadline);
        let unnoticed = match &self.stage {
            // That the connection stands is told to another task.
            Stage::Connecting { since, connected } if connected.since().is_none() => self
                .timeouts
                .limit(Clock::FirstToken)
                .map(|limit| from.or(self.waiting).unwrap_or(*since) + limit),
            _ => None,
        };
        [deadline, unnoticed].into_iter().flatten().min()
    }

    /// The deadline that comes first.
    fn deadline(&self) -> Option<(Instant, Clock, Duration)> {
        let running =
            |since: Instant, clock| self.timeouts.limit(clock).map(|limit| (since + limit, clock, limit));
        let stage = match &self.stage {
            Stage::Idle => None,
            Stage::Connecting { since, connected } => match connected.since() {
                None => running(*since, Clock::Connect),
                Some(connected) => running(self.waiting.unwrap_or(connected), Clock::FirstToken),
            },
            Stage::FirstToken { since } => running(*since, Clock::FirstToken),
            Stage::Answer { last_heard } => running(*last_heard, Clock::Idle),
            Stage::LastWords { since } => Some((*since + LAST_WORDS, Clock::Idle, LAST_WORDS)),
            Stage::Question { since } => running(*since, Clock::Metadata),
        };
        let total = self.total.zip(self.timeouts.limit(Clock::Total));
        let total = total.map(|(deadline, limit)| (deadline, Clock::Total, limit));
        [stage, total].into_iter().flatten().min_by_key(|(deadline, ..)| *deadline)
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use super::*;

    fn watch(timeouts: &str) -> Watch {
        Watch::new(serde_json::from_str(timeouts).unwrap(), CancellationToken::new())
    }

    async fn clock_that_runs_out(watch: &mut Watch) -> Clock {
        watch.run(pending::<()>()).await.unwrap_err().clock.unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn each_stage_has_its_clock_and_total_runs_over_all() {
        let mut watch = watch(r#"{"connect":10,"firstToken":20,"idle":30,"metadata":40,"total":75}"#);
        let started = Instant::now();
        watch.connects(Connected::default());
        assert_eq!(clock_that_runs_out(&mut watch).await, Clock::Connect);
        watch.waits_for_first_token();
        assert_eq!(clock_that_runs_out(&mut watch).await, Clock::FirstToken);
        watch.hears();
        assert_eq!(clock_that_runs_out(&mut watch).await, Clock::Idle);
        watch.asks();
        assert_eq!(clock_that_runs_out(&mut watch).await, Clock::Total);
        assert_eq!(started.elapsed(), Duration::from_millis(75));
    }

    #[tokio::test(start_paused = true)]
    async fn zero_is_no_limit() {
        let mut watch = watch(r#"{"firstToken":0}"#);
        watch.waits_for_first_token();
        let day = Duration::from_secs(24 * 3600 * 3);
        watch.run(tokio::time::sleep(day)).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_heard_restarts_idle_and_our_own_pause_stops_it() {
        let mut watch = watch(r#"{"idle":30}"#);
        for _ in 0..5 {
            watch.hears();
            watch.run(tokio::time::sleep(Duration::from_millis(29))).await.unwrap();
        }
        watch.pause();
        watch.run(tokio::time::sleep(Duration::from_secs(10))).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn progress_restarts_the_wait_for_the_first_token_and_attempts_share_it() {
        let mut watch = watch(r#"{"firstToken":30}"#);
        watch.waits_for_first_token();
        watch.run(tokio::time::sleep(Duration::from_millis(20))).await.unwrap();
        watch.progresses();
        watch.run(tokio::time::sleep(Duration::from_millis(20))).await.unwrap();
        watch.waits_for_first_token();
        let since = Instant::now();
        assert_eq!(clock_that_runs_out(&mut watch).await, Clock::FirstToken);
        assert_eq!(since.elapsed(), Duration::from_millis(10));
    }

    #[tokio::test(start_paused = true)]
    async fn a_rest_counts_on_no_clock_but_total() {
        let mut watch = watch(r#"{"connect":1,"firstToken":30,"total":1000}"#);
        watch.waits_for_first_token();
        watch.run(tokio::time::sleep(Duration::from_millis(20))).await.unwrap();
        watch.rest(Duration::from_millis(500)).await.unwrap();
        assert_eq!(watch.left(), Some(Duration::from_millis(480)));
        watch.waits_for_first_token();
        let since = Instant::now();
        assert_eq!(clock_that_runs_out(&mut watch).await, Clock::FirstToken);
        assert_eq!(since.elapsed(), Duration::from_millis(10));
        let late = watch.rest(Duration::from_secs(5)).await.unwrap_err();
        assert_eq!(late.clock, Some(Clock::Total));
    }

    #[tokio::test(start_paused = true)]
    async fn a_rest_within_a_question_counts_on_its_clock() {
        let mut watch = watch(r#"{"metadata":40}"#);
        assert_eq!(watch.left(), None);
        watch.asks();
        watch.rest(Duration::from_millis(30)).await.unwrap();
        assert_eq!(watch.left(), Some(Duration::from_millis(10)));
        assert_eq!(clock_that_runs_out(&mut watch).await, Clock::Metadata);
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_token_is_waited_for_since_the_connection_though_nobody_tells_that_it_stands() {
        for timeouts in [r#"{"connect":1000,"firstToken":20}"#, r#"{"connect":0,"firstToken":20}"#] {
            let mut watch = watch(timeouts);
            let connected = Connected::default();
            watch.connects(connected.clone());
            let started = Instant::now();
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_millis(5)).await;
                connected.stands();
            });
            assert_eq!(clock_that_runs_out(&mut watch).await, Clock::FirstToken);
            assert_eq!(started.elapsed(), Duration::from_millis(25));
        }
    }

    #[tokio::test]
    async fn cancelling_wins_over_everything() {
        let cancel = CancellationToken::new();
        cancel.cancel();
        let mut watch = Watch::new(Timeouts::default(), cancel);
        let error = watch.run(async { 1 }).await.unwrap_err();
        assert_eq!(error.code, crate::error::Code::Aborted);
    }
}
