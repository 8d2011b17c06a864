//! What is done to a page before it is captured: with the mouse and the
//! keyboard of the browser, as a person would.
//!
//! Where an element has to be, the page says (`page/steps.js`); the input
//! itself comes through WebDriver's actions, so that the page cannot tell it
//! from a person's.

use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::{Value, json};

use super::input::Input;
use super::settle::{Thoroughness, settle};
use crate::browser::error::{BrowserError, StepFailure};
use crate::config::UnsetVariable;
use crate::manifest::{CaptureSettings, Step, Theme, WaitFor};

/// The pause between two looks at a page that is not ready for a step.
const PAUSE: Duration = Duration::from_millis(20);

/// How many keys go to the browser at once.
const KEYS_AT_ONCE: usize = 100;

/// What the page says to a step.
#[derive(Debug, Deserialize)]
struct Answer {
    /// Why the step cannot be done yet.
    reason: Option<String>,
    /// Where the mouse has to go, in CSS pixels of the viewport.
    x: Option<f64>,
    y: Option<f64>,
}

/// Why a step was not done: the page's fault, or the browser's.
enum Fault {
    Page(String),
    Browser(BrowserError),
}

impl From<BrowserError> for Fault {
    /// A script that throws is the page's fault.
    fn from(error: BrowserError) -> Self {
        match error {
            BrowserError::Refused { reason, .. } => Self::Page(reason),
            BrowserError::Unsettled(unsettled) => Self::Page(unsettled.to_string()),
            other => Self::Browser(other),
        }
    }
}

/// Brings the loaded page to rest and does a story's steps, one after the
/// other; after each of them the page is brought to rest again. Each has
/// the story's time.
///
/// # Errors
/// [`BrowserError::Step`] with the step that could not be done and the
/// reason, or what the browser said.
pub(in crate::browser) async fn perform_steps(
    page: &mut impl Input,
    steps: &[Step],
    theme: &Theme,
    capture: &CaptureSettings,
    started: Instant,
) -> Result<(), BrowserError> {
    settle(page, capture, Thoroughness::Quick, started).await?;
    for (index, step) in steps.iter().enumerate() {
        tracing::debug!(kind = step.kind(), target = step.target(), "a step");
        page.mark_acted();
        if let Err(fault) = perform_step(page, step, theme, capture).await {
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
) -> Result<(), Fault> {
    let started = Instant::now();
    let limit = capture.timeout;
    let unset = |error: UnsetVariable| Fault::Page(error.to_string());
    match step {
        Step::Hover(selector) => mouse(page, selector, "hover", limit).await?,
        Step::Click(selector) => mouse(page, selector, "click", limit).await?,
        Step::Focus(selector) => {
            ask(page, "focus", selector, "", limit).await?;
        }
        Step::ScrollTo(selector) => {
            ask(page, "scroll", selector, "", limit).await?;
        }
        Step::Type { into, text } => {
            let text = text.fill_in().map_err(unset)?;
            ask(page, "field", into, "", limit).await?;
            type_text(page, text.reveal()).await?;
        }
        Step::Select { r#in, value } => {
            let value = value.fill_in().map_err(unset)?;
            ask(page, "select", r#in, value.reveal(), limit).await?;
        }
        Step::Press(chord) => press(page, chord.keys()).await?,
        Step::WaitFor(condition) => wait_for(page, condition, limit).await?,
        Step::Script(script) => {
            let call = format!("(async () => {{ {script}\n }})()");
            if outcome(page, &call, started, limit).await?.is_none() {
                let seconds = limit.as_secs_f32();
                let reason = format!("it has not come to its end, for {seconds} s");
                return Err(Fault::Page(reason));
            }
        }
    }
    page.frame().await?;
    page.reapply_theme(theme).await?;
    settle(page, capture, Thoroughness::Quick, started).await?;
    // A page that has come in the meantime is has_theme as well.
    Ok(page.reapply_theme(theme).await?)
}

/// Asks the page until it has nothing to say against the step.
async fn ask(
    page: &impl Input,
    question: &str,
    selector: &str,
    value: &str,
    limit: Duration,
) -> Result<Answer, Fault> {
    let arguments = [question, selector, value].map(Value::from);
    let started = Instant::now();
    loop {
        let mut answer: Answer = page.call("performAction", &arguments).await?;
        let Some(reason) = answer.reason.take() else {
            return Ok(answer);
        };
        if started.elapsed() > limit {
            let seconds = limit.as_secs_f32();
            return Err(Fault::Page(format!("{reason}, for {seconds} s")));
        }
        page.frame().await?;
        tokio::time::sleep(PAUSE).await;
    }
}

/// Moves the mouse over an element, and clicks there.
async fn mouse(
    page: &impl Input,
    selector: &str,
    what: &str,
    limit: Duration,
) -> Result<(), Fault> {
    let answer = ask(page, "point", selector, what, limit).await?;
    let at = (answer.x.unwrap_or_default(), answer.y.unwrap_or_default());
    Ok(page.point(at, selector, what == "click").await?)
}

async fn type_text(page: &impl Input, text: &str) -> Result<(), BrowserError> {
    // What the field held is selected: without a text it is deleted.
    let delete = ['\u{e017}'];
    let keys: Vec<char> = text
        .chars()
        .map(|letter| if letter == '\n' { '\u{e007}' } else { letter })
        .collect();
    let keys = if keys.is_empty() { &delete } else { &*keys };
    for part in keys.chunks(KEYS_AT_ONCE) {
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
            ask(page, "present", selector, "", limit).await?;
        }
        WaitFor::Delay(delay) => tokio::time::sleep(*delay).await,
        WaitFor::Expression(expression) => {
            let call = format!(
                "(async () => Boolean(await (0, eval)({})))()",
                json!(expression)
            );
            let started = Instant::now();
            while outcome(page, &call, started, limit).await? != Some(true) {
                if started.elapsed() > limit {
                    let seconds = limit.as_secs_f32();
                    return Err(Fault::Page(format!("it is not true, for {seconds} s")));
                }
                page.frame().await?;
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
    Ok(())
}

/// What a promise of the page comes to, or none if it takes longer than the
/// `limit` from `started`. It may need frames, which nobody could draw while a
/// single command waits for it.
async fn outcome(
    page: &impl Input,
    promise: &str,
    started: Instant,
    limit: Duration,
) -> Result<Option<bool>, Fault> {
    let pursue = format!("__tintype.startPromise({promise})");
    page.evaluate::<Value>(&pursue).await?;
    loop {
        let outcome: Option<bool> = page.call("promiseResult", &[]).await?;
        if outcome.is_some() || started.elapsed() > limit {
            return Ok(outcome);
        }
        page.frame().await?;
        tokio::time::sleep(PAUSE).await;
    }
}

fn down(key: char) -> Value {
    json!({ "type": "keyDown", "value": key })
}

fn up(key: char) -> Value {
    json!({ "type": "keyUp", "value": key })
}
