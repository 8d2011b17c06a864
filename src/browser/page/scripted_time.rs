//! The time of a page whose browser has no virtual time: a script keeps it
//! (`scripts/scripted`), with the same meaning.
//!
//! The page's clock stands still while requests are pending, and is advanced in
//! steps with a frame after each, until the page has nothing left to do.

use std::future::Future;
use std::ops::ControlFlow;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::{Value, json};

use super::alongside::alongside;
use super::info::Thoroughness;
use super::pace;
use super::progress::{MAX_DRIVING, Progress};
use super::traits::Page;
use crate::browser::driver::COMMAND_TIMEOUT;
use crate::browser::error::BrowserError;
use crate::manifest::CaptureSettings;

/// Page time that passes with a frame while the page is waited for, in
/// milliseconds.
const FRAME: f64 = 20.0;

/// How often the page is told to let time pass as in reality, since it may
/// navigate meanwhile.
const LIVE_PAUSE: Duration = Duration::from_millis(50);

/// Real time between two looks at work in real time.
const WORK_PAUSE: Duration = Duration::from_millis(5);

/// How often work of the browser is waited for: it may never end.
const MAX_WORK_WAITS: u32 = 400;

/// How often the message of a worker is waited for: it may never come.
const MAX_WORKER_WAITS: u32 = 200;

/// The clock of one tab.
#[derive(Debug, Default)]
pub(in crate::browser) struct ScriptedTime(Mutex<Option<ScriptedClock>>);

#[derive(Clone, Debug, Default)]
struct ScriptedClock {
    /// The page time since the story was loaded, in milliseconds.
    passed: f64,
    /// The page time at the last navigation, input or change of look.
    active_since: f64,
    /// The page time since anything was due.
    quiet: f64,
    /// Whether requests of scripts are waited for.
    waits_for_scripts: bool,
    /// A timer or an answer has come since the page was at rest.
    has_acted: bool,
    /// Nothing is left to do.
    is_at_rest: bool,
    /// The page was still moving when its time was over.
    is_endless: bool,
    /// Milliseconds until the next timer, when the page was last asked.
    next: Option<f64>,
    /// The requests that the page itself knows of.
    pending: Vec<String>,
    /// How often the page was waited for because of work in real time.
    waits: u32,
    /// The number of messages from workers so far.
    messages: u64,
}

/// The pending work of a page, as its script reports it.
#[derive(Debug, Default, Deserialize)]
struct ScriptedActivity {
    /// The milliseconds by which the clock was advanced.
    passed: f64,
    /// Milliseconds until the next timer.
    next: Option<f64>,
    /// Whether frame callbacks are pending.
    frames: bool,
    /// Whether there is content that may move without any script.
    moving: bool,
    /// The addresses of pending requests.
    pending: Vec<String>,
    /// The number of messages from workers so far.
    #[serde(default)]
    messages: u64,
    /// Whether the page waits for a message from a worker.
    #[serde(default)]
    unanswered: bool,
    /// Whether the page waits for work that the browser does in real time.
    #[serde(default)]
    working: bool,
}

impl ScriptedTime {
    /// Starts the clock of a story whose page will be loaded.
    pub(in crate::browser) fn start(&self, capture: &CaptureSettings) {
        *self.lock() = capture.virtual_time.then(|| ScriptedClock {
            waits_for_scripts: capture.wait_for_network,
            ..ScriptedClock::default()
        });
    }

    /// Whether a script keeps the page's time.
    pub(in crate::browser) fn is_on(&self) -> bool {
        self.lock().is_some()
    }

    /// Notes that the page has something to do again.
    pub(in crate::browser) fn resume(&self) {
        if let Some(clock) = self.lock().as_mut() {
            clock.is_at_rest = false;
            clock.quiet = 0.0;
            clock.active_since = clock.passed;
        }
    }

    /// The requests that the page itself knows of.
    pub(in crate::browser) fn pending(&self) -> Vec<String> {
        let clock = self.lock();
        clock.as_ref().map_or_else(Vec::new, |c| c.pending.clone())
    }

    /// The page time that has passed since the last navigation or input, where
    /// a script keeps it.
    fn used(&self) -> f64 {
        let clock = self.lock();
        clock.as_ref().map_or(0.0, |c| c.passed - c.active_since)
    }

    /// Whether work in real time is waited for once more.
    fn waits_for_work(&self, activity: &ScriptedActivity) -> bool {
        let mut clock = self.lock();
        let Some(clock) = clock.as_mut() else {
            return false;
        };
        let waits = activity.working && clock.waits < MAX_WORK_WAITS
            || activity.unanswered && clock.waits < MAX_WORKER_WAITS;
        clock.waits += u32::from(waits);
        waits
    }

    fn lock(&self) -> MutexGuard<'_, Option<ScriptedClock>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Gives the page the time and the frame that it needs to go on.
pub(in crate::browser) async fn proceed(
    page: &impl Page,
    time: &ScriptedTime,
) -> Result<(), BrowserError> {
    if advance(page, time, FRAME).await?.passed > 0.0 {
        return Ok(());
    }
    page.frame().await
}

/// Lets this much page time pass. Requests hold it up.
pub(in crate::browser) async fn wait(
    page: &impl Page,
    time: &ScriptedTime,
    length: Duration,
) -> Result<(), BrowserError> {
    if !time.is_on() {
        tokio::time::sleep(length).await;
        return Ok(());
    }
    let mut last_step = Instant::now();
    let mut left = length.as_secs_f64() * 1_000.0;
    while left >= 1.0 {
        let passed = advance(page, time, left.min(pace::frame_interval(0.0)))
            .await?
            .passed;
        left -= passed;
        if passed > 0.0 {
            last_step = Instant::now();
        } else if last_step.elapsed() > COMMAND_TIMEOUT {
            return Err(BrowserError::Timeout {
                command: format!("requests of the page ({})", time.pending().join(", ")),
                limit: COMMAND_TIMEOUT,
            });
        } else {
            page.frame().await?;
        }
    }
    Ok(())
}

/// Lets page time pass in steps until the page has nothing left to do or its
/// time is over.
pub(in crate::browser) async fn run_until_idle(
    page: &impl Page,
    time: &ScriptedTime,
    capture: &CaptureSettings,
    thoroughness: Thoroughness,
) -> Result<Progress, BrowserError> {
    if time.lock().as_ref().is_none_or(|clock| clock.is_at_rest) {
        return Ok(Progress::AtRest);
    }
    let begun = Instant::now();
    let mut has_moved = false;
    let mut activity = advance(page, time, 0.0).await?;
    loop {
        if !activity.pending.is_empty() {
            return Ok(if has_moved {
                Progress::Moved
            } else {
                Progress::Waiting
            });
        }
        if begun.elapsed() > MAX_DRIVING {
            return Ok(Progress::Overrun);
        }
        if time.waits_for_work(&activity) {
            tokio::time::sleep(WORK_PAUSE).await;
            activity = advance(page, time, 0.0).await?;
            continue;
        }
        let Some(step) = next_step(time, &activity, capture, thoroughness) else {
            break;
        };
        activity = advance(page, time, step).await?;
        has_moved |= activity.passed > 0.0;
    }
    page.call::<Value>("stopAllAnimations", &[]).await?;
    Ok(if has_moved {
        Progress::Moved
    } else {
        Progress::AtRest
    })
}

/// Advances the page's clock, unless requests are pending.
async fn advance(
    page: &impl Page,
    time: &ScriptedTime,
    step: f64,
) -> Result<ScriptedActivity, BrowserError> {
    let waits_for_scripts = match time.lock().as_ref() {
        Some(clock) => clock.waits_for_scripts,
        None => return Ok(ScriptedActivity::default()),
    };
    let outside = page.requests_outside(waits_for_scripts);
    let step = if outside.is_empty() { step } else { 0.0 };
    let options = json!({ "network": waits_for_scripts });
    let call = format!("window.__tintypeTime?.advance({step}, {options}) ?? null");
    let activity: Option<ScriptedActivity> = page.ask(&call).await?;
    let mut activity = activity.unwrap_or_default();
    for address in outside {
        if !activity.pending.contains(&address) {
            activity.pending.push(address);
        }
    }
    if let Some(clock) = time.lock().as_mut() {
        clock.passed += activity.passed;
        clock.pending.clone_from(&activity.pending);
        let has_fired = clock.next.is_some_and(|next| next <= activity.passed);
        let has_message = clock.messages != activity.messages;
        clock.messages = activity.messages;
        let is_active = has_fired
            || has_message
            || activity.working
            || activity.frames
            || activity.moving
            || !activity.pending.is_empty();
        clock.has_acted |= is_active;
        clock.next = activity.next;
        clock.quiet = if is_active {
            0.0
        } else {
            clock.quiet + activity.passed
        };
    }
    Ok(activity)
}

/// The length of the next step in milliseconds, or none where the page has
/// nothing left to do or its time is over.
fn next_step(
    time: &ScriptedTime,
    activity: &ScriptedActivity,
    capture: &CaptureSettings,
    thoroughness: Thoroughness,
) -> Option<f64> {
    let used = time.used();
    let mut clock = time.lock();
    let clock = clock.as_mut()?;
    let left = pace::time_limit(clock.is_endless, capture) - used;
    let next = activity.next.filter(|next| *next <= left);
    let is_moving = activity.frames || activity.moving;
    if next.is_none()
        && !is_moving
        && clock.quiet >= pace::quiet_time(thoroughness, clock.has_acted)
    {
        (clock.is_at_rest, clock.has_acted) = (true, false);
        return None;
    }
    if left < 1.0 {
        clock.is_endless = true;
        clock.is_at_rest = true;
        return None;
    }
    let shortest = pace::frame_interval(used);
    let step = if activity.frames {
        shortest
    } else {
        // Vector images are set to any time at once.
        let longest = if is_moving || next.is_some() {
            pace::MAX_STEP
        } else {
            shortest
        };
        next.unwrap_or(longest).clamp(shortest, longest)
    };
    Some(step.min(left))
}

/// Lets time pass as in reality while something else is done to the page.
pub(in crate::browser) async fn live_while<T>(
    page: &impl Page,
    time: &ScriptedTime,
    action: impl Future<Output = T>,
) -> T {
    if !time.is_on() {
        return action.await;
    }
    // The action fails as well where the page is gone.
    let done = alongside(action, || async {
        let _ = set_live(page, true).await;
        tokio::time::sleep(LIVE_PAUSE).await;
        ControlFlow::Continue(())
    })
    .await;
    let _ = set_live(page, false).await;
    time.resume();
    done
}

async fn set_live(page: &impl Page, is_live: bool) -> Result<(), BrowserError> {
    let call = format!("window.__tintypeTime?.setLive({is_live}), null");
    page.ask::<Value>(&call).await.map(drop)
}
