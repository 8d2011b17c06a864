//! The state of a tab's virtual clock.

use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Deserialize;
use serde_json::Value;

/// The advance of a frame's time over the one before in which no time passes,
/// in milliseconds. The browser does not answer to two frames of one time.
const TICK: f64 = 0.01;

/// After this many messages from workers, page time passes at its usual pace: the
/// workers may never be silent.
const MAX_REPLIES: u32 = 200;

/// The clock of one tab.
#[derive(Debug, Default)]
pub(super) struct VirtualTime(Mutex<Clock>);

#[derive(Debug, Default)]
pub(super) struct Clock {
    /// The time of frames at the clock's start, and the page time since then,
    /// in milliseconds.
    pub(super) is_virtual: bool,
    pub(super) base: f64,
    pub(super) passed: f64,
    /// The time of the last frame.
    pub(super) last_frame: f64,
    /// The step that has begun and is not over.
    pub(super) running: Option<f64>,
    /// Slices without progress, and the page's own clock after the last.
    pub(super) stalled: u32,
    pub(super) reading: Value,
    /// Whether requests no longer stop the clock.
    pub(super) ignores_requests: bool,
    /// The requests in flight for which the browser does not hold the clock.
    pub(super) unheld: Vec<String>,
    /// How often the page was waited for because of work in real time.
    pub(super) waits: u32,
    /// How often the message of a worker was waited for.
    pub(super) worker_waits: u32,
    /// Whether requests of scripts are waited for.
    pub(super) waits_for_scripts: bool,
    /// The page time when the document was requested.
    pub(super) started: f64,
    /// The page time at the last navigation, input or change of look.
    pub(super) active_since: f64,
    /// A timer or an answer has come since the page was at rest.
    pub(super) has_acted: bool,
    /// Nothing is left to do.
    pub(super) is_at_rest: bool,
    /// The page is at rest, and the last frames changed nothing in the viewport.
    pub(super) is_still: bool,
    /// The page was still moving when its time was over.
    pub(super) is_endless: bool,
    /// Motion that no script has started is held where it is.
    pub(super) is_held: bool,
    /// The timelines of the page's documents stand still.
    pub(super) timelines_are_held: bool,
    /// What the page has done since its last change. The machine's speed must not
    /// decide how often it is forgotten.
    pub(super) observed: Observed,
}

/// What a page has done in its steps.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Observed {
    /// Page time without a change of pixels, in milliseconds.
    pub(super) quiet: f64,
    /// The number of messages from workers, once the page was asked.
    pub(super) messages: Option<u64>,
    /// After how many steps there were more of them.
    pub(super) replies: u32,
}

/// The pending work of a page.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
pub(super) struct Activity {
    /// Milliseconds until the next timer.
    pub(super) next: Option<f64>,
    /// Whether frame callbacks are pending.
    pub(super) frames: bool,
    /// Whether there is content that may move without any script.
    pub(super) moving: bool,
    /// The number of messages from workers so far.
    #[serde(default)]
    pub(super) messages: u64,
    /// Whether the page waits for a message from a worker.
    #[serde(default)]
    pub(super) unanswered: bool,
    /// Whether the page waits for work that the browser does in real time.
    #[serde(default)]
    pub(super) working: bool,
}

impl VirtualTime {
    pub(super) fn lock(&self) -> MutexGuard<'_, Clock> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the tab's clock is ours.
    pub(super) fn is_virtual(&self) -> bool {
        self.lock().is_virtual
    }

    /// Notes that the page has something to do again.
    pub(super) fn resume(&self) {
        let mut clock = self.lock();
        clock.is_at_rest = false;
        clock.is_still = false;
        clock.observed = Observed::default();
        clock.active_since = clock.passed;
    }

    /// The time of the next frame. It is a little later than the last.
    pub(super) fn next_frame(&self) -> f64 {
        let mut clock = self.lock();
        clock.last_frame = (clock.base + clock.passed).max(clock.last_frame + TICK);
        clock.last_frame
    }
}

impl Clock {
    pub(super) fn set_base(&mut self, answer: &Value) {
        let Some(base) = answer["virtualTimeTicksBase"].as_f64() else {
            return;
        };
        // A page in another process has its own clock.
        if (base - self.base).abs() > f64::EPSILON {
            (self.base, self.passed, self.active_since) = (base, 0.0, 0.0);
            self.started = 0.0;
            self.last_frame = 0.0;
        }
    }
}

impl Observed {
    /// Notes the number of messages from workers. Returns whether there are more
    /// than before, and page time is to wait for the page's answer.
    pub(super) fn note_messages(&mut self, messages: u64) -> bool {
        let is_answered = self.messages.is_some_and(|before| before != messages);
        self.messages = Some(messages);
        if is_answered {
            self.quiet = 0.0;
            self.replies += 1;
        }
        is_answered && self.replies <= MAX_REPLIES
    }
}
