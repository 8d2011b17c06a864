//! Asks a page again until it has an answer.

use std::time::{Duration, Instant};

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::page_time::PageTime;
use crate::browser::error::BrowserError;

/// The number of answers after which the page probably waits for something
/// outside of it, and is asked less often.
const EAGER_ANSWERS: u32 = 12;

/// The longest pause between two answers.
const MAX_PAUSE: Duration = Duration::from_millis(50);

/// The time limit of a condition.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deadline {
    pub(super) started: Instant,
    pub(super) limit: Duration,
}

impl Deadline {
    /// A time limit that starts now.
    pub(super) fn of(limit: Duration) -> Self {
        Self {
            started: Instant::now(),
            limit,
        }
    }

    pub(super) fn has_passed(self) -> bool {
        self.started.elapsed() > self.limit
    }
}

/// The outcome of one answer.
pub(super) enum Polled<T, P> {
    Ready(T),
    /// Not yet, with what is pending.
    Pending(P),
}

/// Calls a function of the page's library until `check` accepts its answer.
/// After each answer one frame is drawn, because the page may need it to go on.
/// Returns what was pending in the last answer when the deadline has passed.
pub(super) async fn poll_until<A, T, P>(
    page: &impl PageTime,
    (function, arguments): (&str, &[Value]),
    deadline: Deadline,
    mut check: impl FnMut(A) -> Result<Polled<T, P>, BrowserError> + Send,
) -> Result<Result<T, P>, BrowserError>
where
    A: DeserializeOwned + Send,
    T: Send,
    P: Send,
{
    for answers in 1_u32.. {
        let answer = page.call(function, arguments).await?;
        match check(answer)? {
            Polled::Ready(value) => return Ok(Ok(value)),
            Polled::Pending(pending) if deadline.has_passed() => return Ok(Err(pending)),
            Polled::Pending(_) => {}
        }
        page.proceed().await?;
        let pause = Duration::from_millis(answers.saturating_sub(EAGER_ANSWERS).into());
        tokio::time::sleep(pause.min(MAX_PAUSE)).await;
    }
    unreachable!("the loop ends by its answers only")
}
