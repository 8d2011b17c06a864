//! What is done to a page before it is captured: with the mouse and the
//! keyboard of the browser, as a person would.
//!
//! Where an element has to be, the page says (`page/steps.js`); the input
//! itself comes through WebDriver's actions, so that the page cannot tell it
//! from a person's.

use std::future::Future;
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::{Value, json};

use super::driver::Driver;
use super::error::{BrowserError, Unmet};
use super::page::Page;
use super::post::Post;
use super::session::Session;
use super::settle::{Care, settle};
use crate::config;
use crate::manifest::{CaptureSettings, Step, Theme, WaitFor};

/// Finds elements and says what stands in a step's way.
const STEPS: &str = include_str!("page/steps.js");

/// The pause between two looks at a page that is not ready for a step.
const PAUSE: Duration = Duration::from_millis(20);

/// Keeps a button that goes up from the page, until [`HEAR`].
const DEAFEN: &str = "(() => {
  const deaf = new AbortController();
  const stop = (event) => event.stopImmediatePropagation();
  for (const type of ['pointerup', 'mouseup']) addEventListener(type, stop, { capture: true, signal: deaf.signal });
  Object.defineProperty(window, '__tintypeHear', { value: () => deaf.abort(), configurable: true });
})()";

/// Ends [`DEAFEN`].
const HEAR: &str = "(() => { __tintypeHear(); delete window.__tintypeHear; })()";

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

/// A page to which something can be done.
pub(super) trait Hands: Page {
    /// Who takes the browser's input.
    fn driver(&self) -> &Driver;

    /// Notes that something has been done since the address was loaded.
    fn act(&mut self);

    /// Dresses the page if it is another than was dressed last: a step may lead
    /// to one.
    fn dress_anew(
        &mut self,
        theme: &Theme,
    ) -> impl Future<Output = Result<(), BrowserError>> + Send;

    /// Moves the mouse to a place of the viewport, where this element is, and
    /// clicks there if it shall.
    fn point(
        &self,
        at: (f64, f64),
        _selector: &str,
        click: bool,
    ) -> impl Future<Output = Result<(), BrowserError>> + Send {
        self.input(mouse_input(at.0, at.1, click))
    }

    /// Does what a mouse or a keyboard does.
    fn input(&self, device: Value) -> impl Future<Output = Result<(), BrowserError>> + Send {
        let actions = Post {
            command: "actions",
            body: json!({ "actions": [device] }),
        };
        let driver = self.driver();
        async move {
            let done = driver.client.issue_cmd(actions);
            driver.ask("input", done).await.map(drop)
        }
    }
}

impl Hands for Session {
    fn driver(&self) -> &Driver {
        &self.driver
    }

    fn act(&mut self) {
        self.acted = true;
    }

    async fn dress_anew(&mut self, theme: &Theme) -> Result<(), BrowserError> {
        if !self.dressed {
            return Ok(());
        }
        self.wear(theme, true).await
    }

    async fn point(
        &self,
        (x, y): (f64, f64),
        selector: &str,
        click: bool,
    ) -> Result<(), BrowserError> {
        if !self.drives_frames() {
            return self.input(mouse_input(x, y, click)).await;
        }
        if !click {
            return self.hover_there(x, y, selector).await;
        }
        // Where the mouse is pressed there it is, too.
        self.dispatch("mousePressed", x, y, "left").await?;
        self.dispatch("mouseReleased", x, y, "left").await
    }
}

impl Session {
    /// Moves the mouse over an element where frames are driven. A page hears of
    /// a move with its next frame, which nobody can draw while the move is
    /// waited for: the browser gives up after five seconds. A button that goes
    /// up without having been down brings the mouse there at once; of that
    /// button the page hears nothing.
    async fn hover_there(&self, x: f64, y: f64, selector: &str) -> Result<(), BrowserError> {
        self.evaluate::<Value>(DEAFEN).await?;
        self.dispatch("mouseReleased", x, y, "none").await?;
        self.evaluate::<Value>(HEAR).await?;
        self.frame().await?;
        let hovered = format!(
            "__tintype.first({})?.matches(':hover') !== false",
            json!(selector)
        );
        if !self.evaluate::<bool>(&hovered).await? {
            self.dispatch("mouseMoved", x, y, "none").await?;
        }
        Ok(())
    }

    /// Takes the mouse back to where it is in a new browser: the next page would
    /// find it where this one had it. A page that is broken keeps it.
    pub(super) async fn take_mouse_away(&self) {
        let kind = if self.drives_frames() {
            "mouseReleased"
        } else {
            "mouseMoved"
        };
        if let Err(error) = self.dispatch(kind, 0.0, 0.0, "none").await {
            tracing::warn!(%error, "the mouse stays where it is");
        }
    }

    async fn dispatch(&self, kind: &str, x: f64, y: f64, button: &str) -> Result<(), BrowserError> {
        let clicks = u32::from(button != "none");
        let event = json!({ "type": kind, "x": x, "y": y, "button": button, "clickCount": clicks });
        self.cdp("Input.dispatchMouseEvent", event).await.map(drop)
    }
}

/// Brings the loaded page to rest and does a story's steps, one after the
/// other; after each of them the page is brought to rest again. Each has
/// the story's time.
///
/// # Errors
/// [`BrowserError::Unmet`] with the step that could not be done and the
/// reason, or what the browser said.
pub(super) async fn perform(
    page: &mut impl Hands,
    steps: &[Step],
    theme: &Theme,
    capture: &CaptureSettings,
    started: Instant,
) -> Result<(), BrowserError> {
    settle(page, capture, Care::Quick, started).await?;
    for (index, step) in steps.iter().enumerate() {
        tracing::debug!(kind = step.kind(), target = step.target(), "a step");
        page.act();
        if let Err(fault) = carry_out(page, step, theme, capture).await {
            return Err(match fault {
                Fault::Browser(error) => error,
                Fault::Page(reason) => BrowserError::Unmet(Box::new(Unmet {
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

async fn carry_out(
    page: &mut impl Hands,
    step: &Step,
    theme: &Theme,
    capture: &CaptureSettings,
) -> Result<(), Fault> {
    let started = Instant::now();
    let limit = capture.timeout;
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
            let text = config::expand(text).map_err(Fault::Page)?;
            ask(page, "field", into, "", limit).await?;
            type_text(page, text.reveal()).await?;
        }
        Step::Select { r#in, value } => {
            let value = config::expand(value).map_err(Fault::Page)?;
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
    page.dress_anew(theme).await?;
    settle(page, capture, Care::Quick, started).await?;
    // A page that has come in the meantime is dressed as well.
    Ok(page.dress_anew(theme).await?)
}

/// Asks the page until it has nothing to say against the step.
async fn ask(
    page: &impl Hands,
    question: &str,
    selector: &str,
    value: &str,
    limit: Duration,
) -> Result<Answer, Fault> {
    let call = format!(
        "{}({}, {}, {})",
        STEPS.trim_end(),
        json!(question),
        json!(selector),
        json!(value)
    );
    let started = Instant::now();
    loop {
        let mut answer: Answer = page.evaluate(&call).await?;
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
    page: &impl Hands,
    selector: &str,
    what: &str,
    limit: Duration,
) -> Result<(), Fault> {
    let answer = ask(page, "point", selector, what, limit).await?;
    let at = (answer.x.unwrap_or_default(), answer.y.unwrap_or_default());
    Ok(page.point(at, selector, what == "click").await?)
}

async fn type_text(page: &impl Hands, text: &str) -> Result<(), BrowserError> {
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

async fn press(page: &impl Hands, keys: &[char]) -> Result<(), BrowserError> {
    let downs = keys.iter().map(|key| down(*key));
    let ups = keys.iter().rev().map(|key| up(*key));
    keyboard(page, downs.chain(ups).collect()).await
}

async fn keyboard(page: &impl Hands, strokes: Vec<Value>) -> Result<(), BrowserError> {
    let keyboard = json!({ "type": "key", "id": "keyboard", "actions": strokes });
    page.input(keyboard).await
}

async fn wait_for(page: &impl Hands, condition: &WaitFor, limit: Duration) -> Result<(), Fault> {
    match condition {
        WaitFor::Selector(selector) => {
            ask(page, "there", selector, "", limit).await?;
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
    page: &impl Hands,
    promise: &str,
    started: Instant,
    limit: Duration,
) -> Result<Option<bool>, Fault> {
    let pursue = format!("__tintype.pursue({promise})");
    page.evaluate::<Value>(&pursue).await?;
    loop {
        let outcome: Option<bool> = page.evaluate("__tintype.outcome()").await?;
        if outcome.is_some() || started.elapsed() > limit {
            return Ok(outcome);
        }
        page.frame().await?;
        tokio::time::sleep(PAUSE).await;
    }
}

/// A mouse that moves there, and clicks if it shall.
fn mouse_input(x: f64, y: f64, click: bool) -> Value {
    let mut actions =
        vec![json!({ "type": "pointerMove", "duration": 0, "origin": "viewport", "x": x, "y": y })];
    if click {
        actions.push(json!({ "type": "pointerDown", "button": 0 }));
        actions.push(json!({ "type": "pointerUp", "button": 0 }));
    }
    json!({
        "type": "pointer", "id": "mouse",
        "parameters": { "pointerType": "mouse" },
        "actions": actions,
    })
}

fn down(key: char) -> Value {
    json!({ "type": "keyDown", "value": key })
}

fn up(key: char) -> Value {
    json!({ "type": "keyUp", "value": key })
}
