//! When a server wants to be asked again: in headers of many names and forms, or in its words.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::{HeaderMap, HeaderValue};
use httpdate::parse_http_date;
use humantime::{parse_duration, parse_rfc3339_weak};

/// What a gateway puts before the names of the headers that it hands on.
const HANDED_ON: &str = "llm_provider-";

/// What a header says that is there for this: `Retry-After` and its relatives.
pub fn of_headers(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    ["", HANDED_ON].into_iter().find_map(|prefix| {
        let text = |name| text(headers.get(format!("{prefix}{name}"))?);
        let exact = text("retry-after-ms").and_then(|value| milliseconds(value.parse().ok()?));
        exact.or_else(|| time_until(text("retry-after")?, now))
    })
}

/// When the limits are reset that are used up. Servers tell them with every answer, so it counts only where one was
/// exceeded.
pub fn of_limits(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let limits = headers.iter().filter_map(|(name, value)| {
        let name = name.as_str();
        if !name.strip_prefix(HANDED_ON).unwrap_or(name).starts_with("x-ratelimit-reset") {
            return None;
        }
        let is_used_up =
            headers.get(name.replace("reset", "remaining")).is_some_and(|remaining| remaining == "0");
        Some((is_used_up, time_until(text(value)?, now)?))
    });
    let limits: Vec<_> = limits.collect();
    let used_up = limits.iter().filter_map(|(is_used_up, reset)| is_used_up.then_some(*reset)).max();
    // Where none says so, nobody knows which it was: the first to be reset may let the request pass.
    used_up.or_else(|| limits.iter().map(|(_, reset)| *reset).min())
}

/// `Please try again in 1m2.5s.`, `Retry after 40 seconds.`
pub fn of_words(words: &str) -> Option<Duration> {
    const LEADS: [&str; 4] = ["try again in ", "try again after ", "retry in ", "retry after "];
    let words = words.to_ascii_lowercase();
    LEADS.iter().find_map(|lead| {
        words.match_indices(lead).find_map(|(at, _)| span_at_start(&words[at + lead.len()..]))
    })
}

/// The longest span that `text` begins with: `2 minutes 5 seconds`.
fn span_at_start(text: &str) -> Option<Duration> {
    let words: Vec<&str> = text.split_whitespace().take(4).collect();
    (1..=words.len()).rev().find_map(|count| {
        let text = words[..count].join(" ");
        parse_duration(text.trim_end_matches(|end: char| end.is_ascii_punctuation())).ok()
    })
}

/// A span (`20`, `1m30s`, `6ms`) or a moment (a date, seconds or milliseconds since 1970), from `now` on.
fn time_until(value: &str, now: SystemTime) -> Option<Duration> {
    /// No span has so many seconds: it is a moment. Nor has a moment so many, but milliseconds.
    const MOMENT: f64 = 1e9;
    const MOMENT_IN_MILLISECONDS: f64 = 1e11;
    // What is over is to be had at once.
    let until = |moment: SystemTime| moment.duration_since(now).unwrap_or_default();
    if let Ok(number) = value.parse::<f64>() {
        if number < MOMENT {
            return Duration::try_from_secs_f64(number).ok();
        }
        let is_seconds = number < MOMENT_IN_MILLISECONDS;
        let since_1970 =
            if is_seconds { Duration::try_from_secs_f64(number).ok() } else { milliseconds(number) };
        return UNIX_EPOCH.checked_add(since_1970?).map(until);
    }
    parse_duration(value).ok().or_else(|| {
        let moment = parse_http_date(value).ok();
        moment.or_else(|| parse_rfc3339_weak(value.trim_end_matches("+00:00")).ok()).map(until)
    })
}

fn milliseconds(number: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(number / 1000.0).ok()
}

fn text(value: &HeaderValue) -> Option<&str> {
    value.to_str().ok().map(str::trim)
}

#[cfg(test)]
mod tests {
    use http::HeaderName;

    use super::*;

    /// 2026-11-21, 09:00 UTC, and half a second.
    fn now() -> SystemTime {
        UNIX_EPOCH + Duration::from_millis(1_795_251_600_500)
    }

    fn headers(lines: &str) -> HeaderMap {
        let pairs = lines.lines().map(|line| line.trim().split_once(": ").unwrap());
        pairs
            .map(|(name, value)| (HeaderName::try_from(name).unwrap(), HeaderValue::try_from(value).unwrap()))
            .collect()
    }

    #[test]
    fn a_header_says_when_in_every_form() {
        for (lines, milliseconds) in [
            ("retry-after: 7", Some(7000)),
            ("retry-after: 0", Some(0)),
            ("retry-after: 1.5", Some(1500)),
            ("retry-after: 20s", Some(20_000)),
            ("retry-after: Sat, 21 Nov 2026 09:00:10 GMT", Some(9500)),
            ("retry-after: Sat, 21 Nov 2026 08:59:00 GMT", Some(0)),
            ("retry-after-ms: 70", Some(70)),
            ("retry-after: 1\nretry-after-ms: 70", Some(70)),
            ("retry-after: 1\nretry-after-ms: soon", Some(1000)),
            ("llm_provider-retry-after: 60", Some(60_000)),
            ("llm_provider-retry-after-ms: 6", Some(6)),
            ("llm_provider-retry-after: 60\nretry-after: 1", Some(1000)),
            ("retry-after: soon", None),
            ("retry-after: -1", None),
            ("retry-after: NaN", None),
            ("retry-after: inf", None),
            ("retry-after: 1e300", None),
            ("x-request-id: 7", None),
        ] {
            let found = of_headers(&headers(lines), now());
            assert_eq!(found, milliseconds.map(Duration::from_millis), "{lines}");
        }
    }

    #[test]
    fn a_limit_says_when_it_is_reset_in_every_form() {
        for (lines, milliseconds) in [
            ("x-ratelimit-reset-requests: 1m30s", Some(90_000)),
            ("x-ratelimit-reset-requests: 6ms", Some(6)),
            ("x-ratelimit-reset-tokens: 7.66s", Some(7660)),
            ("x-ratelimit-reset-tokens: 6m0s", Some(360_000)),
            ("x-ratelimit-reset-tokens: 1h0m0s", Some(3_600_000)),
            ("x-ratelimit-reset-requests-day: 33011.382", Some(33_011_382)),
            ("x-ratelimit-reset: 1795251610", Some(9500)),
            ("x-ratelimit-reset: 1795251610000", Some(9500)),
            ("x-ratelimit-reset: 1795251000", Some(0)),
            ("x-ratelimit-reset-requests: 2026-11-21T09:00:10Z", Some(9500)),
            ("x-ratelimit-reset-requests: 2026-11-21T09:00:10.250+00:00", Some(9750)),
            ("llm_provider-x-ratelimit-reset-tokens: 12ms", Some(12)),
            // The one that is used up counts, the last of several.
            (
                "x-ratelimit-reset-requests: 1s\nx-ratelimit-remaining-requests: 5
                 x-ratelimit-reset-tokens: 6m0s\nx-ratelimit-remaining-tokens: 0",
                Some(360_000),
            ),
            (
                "x-ratelimit-reset-requests: 1s\nx-ratelimit-remaining-requests: 0
                 x-ratelimit-reset-tokens: 2s\nx-ratelimit-remaining-tokens: 0",
                Some(2000),
            ),
            ("x-ratelimit-reset-requests: 1s\nx-ratelimit-reset-tokens: 2s", Some(1000)),
            ("x-ratelimit-reset-requests: tomorrow", None),
            ("x-ratelimit-limit-requests: 60", None),
        ] {
            let found = of_limits(&headers(lines), now());
            assert_eq!(found, milliseconds.map(Duration::from_millis), "{lines}");
        }
    }

    #[test]
    fn words_say_when() {
        for (words, milliseconds) in [
            ("Rate limit reached. Please try again in 20s. Visit the page to learn more.", Some(20_000)),
            ("Please try again in 1m2.5s", Some(62_500)),
            ("Please try again in 6ms.", Some(6)),
            ("please retry after 5 seconds", Some(5000)),
            ("All are at capacity. Retry after 40 seconds.", Some(40_000)),
            ("Please retry in 12.345s!", Some(12_345)),
            ("Try again in 2 minutes 5 seconds, please", Some(125_000)),
            ("Try again in a moment; retry after 1 second", Some(1000)),
            ("try again in ", None),
            ("server busy, please try again.  maximum pending requests exceeded", None),
            ("the request took 5 seconds", None),
        ] {
            assert_eq!(of_words(words), milliseconds.map(Duration::from_millis), "{words}");
        }
    }
}
