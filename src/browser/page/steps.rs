//! Performs a story's steps before its screenshot.
//!
//! The page finds the elements (`scripts/page/steps.js`); mouse and keyboard
//! input goes through the browser, as a user's does.

use std::pin::Pin;
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::{Value, json};

use super::info::Thoroughness;
use super::input::Input;
use super::poll::{Deadline, Polled, poll_until};
use super::settle::settle;
use crate::browser::error::{BrowserError, StepFailure};
use crate::config::UnsetVariable;
use crate::manifest::{CaptureSettings, Step, Theme, WaitFor};
use crate::model::{PerformedStep, StepStatus};

/// Lets the engines that show a story wait for each other at its `sync` steps.
pub trait StepBarrier: Send + Sync {
    /// Waits until all engines have arrived at a point. The error says who did
    /// not come.
    fn meet<'a>(
        &'a self,
        point: &'a str,
    ) -> Pin<Box<dyn Future<Output = Result<(), String>> + Send + 'a>>;

    /// Notes that a step has ended. There are `of` steps.
    fn step_ended(&self, _step: &PerformedStep, _of: usize) {}
}

/// The number of keys in one command.
const KEYS_PER_COMMAND: usize = 100;

/// The page's reply to a step.
#[derive(Debug, Deserialize)]
struct StepReply {
    /// Why the step cannot be performed yet.
    reason: Option<String>,
    /// The point for the mouse, in CSS pixels of the viewport.
    x: Option<f64>,
    y: Option<f64>,
}

/// Why a step failed: an error of the page, or of the browser.
enum Fault {
    Page(String),
    Browser(BrowserError),
}

impl From<BrowserError> for Fault {
    /// An exception in a script is an error of the page.
    fn from(error: BrowserError) -> Self {
        match error {
            BrowserError::Refused { reason, .. } => Self::Page(reason),
            BrowserError::Unsettled(unsettled) => Self::Page(unsettled.to_string()),
            other => Self::Browser(other),
        }
    }
}

/// Performs steps one after the other. The page is waited for before the first
/// and after each of them. Each has the story's time. The other engines are met
/// at `barrier`.
///
/// # Errors
/// [`BrowserError::Step`] with the step that failed and the reason, or the
/// browser's error.
pub(in crate::browser) async fn perform_steps(
    page: &mut impl Input,
    steps: &[Step],
    theme: &Theme,
    capture: &CaptureSettings,
    started: Instant,
    barrier: Option<&dyn StepBarrier>,
) -> Result<(), BrowserError> {
    page.state_mut().steps.clear();
    settle(page, capture, Thoroughness::Quick, started).await?;
    for (index, step) in steps.iter().enumerate() {
        tracing::debug!(
            kind = step.kind(),
            target = step.target(),
            "performing a step"
        );
        page.state_mut().has_acted = true;
        page.resume();
        let begun = Instant::now();
        let performed = perform_step(page, step, theme, capture, barrier).await;
        let ended = PerformedStep {
            number: index + 1,
            kind: step.kind().to_owned(),
            target: step.target(),
            status: match performed {
                Ok(()) => StepStatus::Passed,
                Err(_) => StepStatus::Failed,
            },
            ms: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
        };
        if let Some(barrier) = barrier {
            barrier.step_ended(&ended, steps.len());
        }
        page.state_mut().steps.push(ended);
        if let Err(fault) = performed {
            return Err(match fault {
                Fault::Browser(error) => error,
                Fault::Page(reason) => BrowserError::Step(Box::new(StepFailure {
                    number: index + 1,
                    of: steps.len(),
                    kind: step.kind(),
                    target: step.target(),
                    reason,
                    login: None,
                    picture: None,
                })),
            });
        }
    }
    Ok(())
}

async fn perform_step(
    page: &mut impl Input,
    step: &Step,
    theme: &Theme,
    capture: &CaptureSettings,
    barrier: Option<&dyn StepBarrier>,
) -> Result<(), Fault> {
    // The time that the other engines take is not that of the page.
    if let (Step::Sync(point), Some(barrier)) = (step, barrier) {
        barrier.meet(point).await.map_err(Fault::Page)?;
    }
    let started = Instant::now();
    let limit = capture.timeout;
    let unset = |error: UnsetVariable| Fault::Page(error.to_string());
    match step {
        Step::Hover(selector) => mouse(page, selector, "hover", limit).await?,
        Step::Click(selector) => mouse(page, selector, "click", limit).await?,
        Step::Focus(selector) => {
            perform_action(page, "focus", selector, "", limit).await?;
        }
        Step::ScrollTo(selector) => {
            perform_action(page, "scroll", selector, "", limit).await?;
        }
        Step::Type { into, text } => {
            let text = text.fill_in().map_err(unset)?;
            perform_action(page, "field", into, "", limit).await?;
            type_text(page, text.reveal()).await?;
        }
        Step::Select { r#in, value } => {
            let value = value.fill_in().map_err(unset)?;
            perform_action(page, "select", r#in, value.reveal(), limit).await?;
        }
        Step::Press(chord) => press(page, chord.keys()).await?,
        Step::Sync(_) => {}
        Step::WaitFor(condition) => wait_for(page, condition, limit).await?,
        Step::Script(script) => {
            let call = format!("(async () => {{ {script}\n }})()");
            let deadline = Deadline { started, limit };
            if promise_result(page, &call, deadline).await?.is_none() {
                let seconds = limit.as_secs_f32();
                let reason = format!("it has not finished within {seconds} s");
                return Err(Fault::Page(reason));
            }
        }
    }
    page.proceed().await?;
    page.reapply_theme(theme).await?;
    settle(page, capture, Thoroughness::Quick, started).await?;
    // A page that has come in the meantime is has_theme as well.
    Ok(page.reapply_theme(theme).await?)
}

/// Performs an action in the page as soon as the page allows it.
async fn perform_action(
    page: &impl Input,
    action: &str,
    selector: &str,
    value: &str,
    limit: Duration,
) -> Result<StepReply, Fault> {
    let arguments = [action, selector, value].map(Value::from);
    let deadline = Deadline::of(limit);
    let check = |mut reply: StepReply| {
        Ok(match reply.reason.take() {
            None => Polled::Ready(reply),
            Some(reason) => Polled::Pending(reason),
        })
    };
    let reply = poll_until(page, ("performAction", &arguments), deadline, check).await?;
    reply.map_err(|reason| Fault::Page(format!("{reason} after {} s", limit.as_secs_f32())))
}

/// Moves the mouse over an element, and clicks there for `click`.
async fn mouse(
    page: &impl Input,
    selector: &str,
    action: &str,
    limit: Duration,
) -> Result<(), Fault> {
    let reply = perform_action(page, "point", selector, action, limit).await?;
    let at = (reply.x.unwrap_or_default(), reply.y.unwrap_or_default());
    Ok(page.point(at, selector, action == "click").await?)
}

async fn type_text(page: &impl Input, text: &str) -> Result<(), BrowserError> {
    // The field's content is selected: an empty text deletes it.
    let delete = ['\u{e017}'];
    let keys: Vec<char> = text
        .chars()
        .map(|letter| if letter == '\n' { '\u{e007}' } else { letter })
        .collect();
    let keys = if keys.is_empty() { &delete } else { &*keys };
    for part in keys.chunks(KEYS_PER_COMMAND) {
        let strokes = part.iter().flat_map(|key| [down(*key), up(*key)]);
        keyboard(page, strokes.collect()).await?;
    }
    Ok(())
}

async fn press(page: &impl Input, keys: &[char]) -> Result<(), BrowserError> {
    let downs = keys.iter().map(|key| down(*key));
    let ups = keys.iter().rev().map(|key| up(*key));
    keyboard(page, downs.chain(ups).collect()).await
}

async fn keyboard(page: &impl Input, strokes: Vec<Value>) -> Result<(), BrowserError> {
    let keyboard = json!({ "type": "key", "id": "keyboard", "actions": strokes });
    page.input(keyboard).await
}

async fn wait_for(page: &impl Input, condition: &WaitFor, limit: Duration) -> Result<(), Fault> {
    match condition {
        WaitFor::Selector(selector) => {
            perform_action(page, "present", selector, "", limit).await?;
        }
        WaitFor::Delay(delay) => page.wait(*delay).await?,
        WaitFor::Expression(expression) => {
            let call = format!(
                "(async () => Boolean(await (0, eval)({})))()",
                json!(expression)
            );
            let deadline = Deadline::of(limit);
            while promise_result(page, &call, deadline).await? != Some(true) {
                if deadline.has_passed() {
                    let seconds = limit.as_secs_f32();
                    return Err(Fault::Page(format!("it is not true after {seconds} s")));
                }
                page.proceed().await?;
            }
        }
    }
    Ok(())
}

/// The result of a promise in the page, `None` if it is pending at the deadline.
/// The promise may need frames, so no single command waits for it.
async fn promise_result(
    page: &impl Input,
    promise: &str,
    deadline: Deadline,
) -> Result<Option<bool>, Fault> {
    let start = format!("__tintype.startPromise({promise})");
    match page.evaluate::<Value>(&start).await {
        // It has left its document at once. The next one has no such promise.
        Err(error) if error.is_of_left_document() => {}
        started => drop(started?),
    }
    let check = |reply: Option<bool>| {
        Ok(match reply {
            Some(result) => Polled::Ready(result),
            None => Polled::Pending(()),
        })
    };
    let result = poll_until(page, ("promiseResult", &[]), deadline, check).await?;
    Ok(result.ok())
}

fn down(key: char) -> Value {
    json!({ "type": "keyDown", "value": key })
}

fn up(key: char) -> Value {
    json!({ "type": "keyUp", "value": key })
}
