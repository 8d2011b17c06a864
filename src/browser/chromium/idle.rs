//! Lets a page's time pass until the page has nothing left to do.

use std::time::{Duration, Instant};

use serde_json::json;

use super::devtools::DevTools;
use super::page::ChromiumPage;
use super::virtual_clock::Activity;
use super::virtual_time::SLICE;
use crate::browser::error::BrowserError;
use crate::browser::page::{MAX_DRIVING, Page, Progress, Thoroughness, pace};
use crate::manifest::CaptureSettings;

/// Page time without a change of pixels after which a page is sampled less often,
/// in milliseconds. It may still begin to move.
const STILL: f64 = 1_000.0;

/// Page time between two frames while scripts ask for frames and change nothing,
/// in milliseconds.
const WAITING: f64 = 250.0;

/// Real time between two looks at requests and workers that live in real time.
const PAUSE: Duration = Duration::from_millis(5);

/// How often work in real time is waited for: it may never end.
const MAX_WAITS: u32 = 400;

/// How often the message of a worker that has no task to run is waited for: at
/// first in real time, in which it may read or compile, then with page time, in
/// which its timers fire.
const WORKER_WAITS: std::ops::Range<u32> = 20..70;

/// Page time for each of the later waits, in milliseconds.
const WORKER_STEP: f64 = 100.0;

/// After this many messages from workers, page time passes at its usual pace: the
/// workers may never be silent.
const MAX_REPLIES: u32 = 200;

impl ChromiumPage {
    /// Lets page time pass in steps, with a frame after each, until the page
    /// has nothing left to do or its time is over.
    pub(super) async fn run_until_idle(
        &self,
        devtools: &DevTools,
        capture: &CaptureSettings,
        thoroughness: Thoroughness,
    ) -> Result<Progress, BrowserError> {
        let begun = Instant::now();
        {
            let mut clock = self.time.lock();
            if clock.is_at_rest {
                return Ok(Progress::AtRest);
            }
            clock.waits_for_scripts = capture.wait_for_network;
        }
        let (mut quiet, mut has_moved) = (0.0, false);
        let (mut messages, mut replies) = (None, 0);
        let waiting = |has_moved| {
            if has_moved {
                Progress::Moved
            } else {
                Progress::Waiting
            }
        };
        loop {
            // What a worker answers comes with the next step.
            if !self.workers_are_idle(devtools).await? {
                return Ok(waiting(has_moved));
            }
            let activity = self.activity(devtools).await?;
            if activity.working && self.wait_in_real_time().await {
                self.pass_instant(devtools).await?;
                self.issue_frame(None).await?;
                quiet = 0.0;
                continue;
            }
            if activity.unanswered && self.wait_for_worker(devtools).await? {
                (quiet, has_moved) = (0.0, true);
                continue;
            }
            let requests = devtools.events().page_requests(capture.wait_for_network);
            let has_message = messages.is_some_and(|before| before != activity.messages);
            messages = Some(activity.messages);
            if has_message {
                quiet = 0.0;
                replies += 1;
            }
            let step = if has_message && replies <= MAX_REPLIES {
                Some(1.0)
            } else if requests.is_empty() {
                self.next_step(activity, quiet, capture, thoroughness)
            } else if requests == self.time.lock().unheld {
                if self.wait_in_real_time().await {
                    return Ok(waiting(has_moved));
                }
                self.next_step(activity, quiet, capture, thoroughness)
            } else {
                // The clock stands until they are answered.
                Some(1.0)
            };
            let Some(step) = step else {
                // What a worker has sent meanwhile may have changed the page.
                if !devtools.events().workers().is_empty() && !has_moved {
                    self.issue_frame(None).await?;
                }
                break;
            };
            if begun.elapsed() > MAX_DRIVING {
                return Ok(Progress::Overrun);
            }
            self.finish_instants(devtools).await?;
            if !self.pass_time(devtools, step).await? {
                return Ok(waiting(has_moved));
            }
            has_moved = true;
            let frame = self.issue_frame(None).await?;
            // What a timer or a response has started may take another step.
            let is_active = requests != self.time.lock().unheld
                || activity.next.is_some_and(|next| next <= step)
                || frame["hasDamage"] == true;
            quiet = if is_active { 0.0 } else { quiet + step };
            let mut clock = self.time.lock();
            clock.has_acted |= is_active;
            // The browser does not wait for those that are still in flight.
            clock.unheld = requests;
        }
        if self.time.lock().is_endless {
            self.restart_images().await?;
        }
        {
            let mut clock = self.time.lock();
            (clock.is_at_rest, clock.has_acted) = (true, false);
            clock.is_still = quiet > 0.0 && !clock.is_endless;
        }
        Ok(if has_moved {
            Progress::Moved
        } else {
            Progress::AtRest
        })
    }

    /// Waits a little for work and requests that do not stop the clock. Returns
    /// whether they may still be waited for.
    async fn wait_in_real_time(&self) -> bool {
        tokio::time::sleep(PAUSE).await;
        let mut clock = self.time.lock();
        clock.waits += 1;
        clock.waits < MAX_WAITS
    }

    /// Waits a little for the message of a worker. Returns whether it may still be
    /// waited for.
    async fn wait_for_worker(&self, devtools: &DevTools) -> Result<bool, BrowserError> {
        let waits = {
            let mut clock = self.time.lock();
            clock.worker_waits += 1;
            clock.worker_waits
        };
        if waits > WORKER_WAITS.end {
            return Ok(false);
        }
        tokio::time::sleep(PAUSE).await;
        if waits < WORKER_WAITS.start {
            self.pass_instant(devtools).await?;
        } else {
            self.finish_instants(devtools).await?;
            self.pass_time(devtools, WORKER_STEP).await?;
        }
        self.issue_frame(None).await?;
        Ok(true)
    }

    /// Sends animated images back to their beginning, in a frame in which those
    /// of style sheets are not shown.
    async fn restart_images(&self) -> Result<(), BrowserError> {
        let restart = "globalThis.__tintype?.restartImages() ?? 0";
        self.ask::<u32>(restart).await?;
        self.issue_frame(None).await?;
        let show = "globalThis.__tintype?.showRestartedImages(), 0";
        self.ask::<u32>(show).await?;
        self.issue_frame(None).await.map(drop)
    }

    /// The length of the next step in milliseconds, or none where the page has
    /// nothing left to do or its time is over.
    fn next_step(
        &self,
        activity: Activity,
        quiet: f64,
        capture: &CaptureSettings,
        thoroughness: Thoroughness,
    ) -> Option<f64> {
        let mut clock = self.time.lock();
        let used = clock.passed - clock.active_since;
        let left = pace::time_limit(clock.is_endless, capture) - used;
        let next = activity.next.filter(|next| *next <= left);
        let may_move = activity.frames || activity.moving;
        let enough = pace::quiet_time(thoroughness, clock.has_acted);
        if next.is_none() && !may_move && quiet >= enough {
            return None;
        }
        if left < 1.0 {
            clock.is_endless = true;
            return None;
        }
        let seems_still = quiet >= STILL;
        let moving = pace::frame_interval(used);
        let frame = if seems_still { WAITING } else { moving };
        let step = match next {
            Some(next) if activity.frames => next.clamp(1.0, frame),
            None if activity.frames => frame,
            None if activity.moving && seems_still => pace::MAX_STEP,
            // Nothing happens before the next timer.
            Some(next) if seems_still || (!may_move && quiet >= enough) => {
                next.clamp(moving, pace::MAX_STEP)
            }
            Some(next) => next.clamp(1.0, moving),
            // Nothing is known to be due: one frame at the end of that time.
            None if !may_move => (enough - quiet).max(moving),
            None => moving,
        };
        Some(step.min(left))
    }

    /// Stops animations, and asks all frames of the page what they have still
    /// to do.
    async fn activity(&self, devtools: &DevTools) -> Result<Activity, BrowserError> {
        const ASK: &str = "(globalThis.__tintype?.stopAllAnimations(), \
                           globalThis.__tintypeTime?.state() ?? {frames: false, moving: false})";
        let contexts = devtools.events().contexts();
        if contexts.len() < 2 {
            return self.ask(ASK).await;
        }
        let mut all = Activity::default();
        for context in contexts {
            let call = json!({ "expression": ASK, "returnByValue": true, "contextId": context });
            // A frame may be gone by now.
            let Ok(answer) = self.cdp("Runtime.evaluate", call).await else {
                continue;
            };
            let answer = answer["result"]["value"].clone();
            let Ok(one) = serde_json::from_value::<Activity>(answer) else {
                continue;
            };
            all.next = match (all.next, one.next) {
                (Some(one), Some(other)) => Some(f64::min(one, other)),
                (one, other) => one.or(other),
            };
            all.frames |= one.frames;
            all.moving |= one.moving;
            all.messages += one.messages;
            all.unanswered |= one.unanswered;
            all.working |= one.working;
        }
        Ok(all)
    }

    /// Whether no worker has a request in flight or a task to run. Workers live
    /// in real time.
    async fn workers_are_idle(&self, devtools: &DevTools) -> Result<bool, BrowserError> {
        for (session, _) in devtools.events().workers() {
            let nothing = json!({ "expression": "0" });
            let session = Some(session.as_str());
            let run = devtools.call_in(session, "Runtime.evaluate", nothing, SLICE);
            if run.await.is_err()
                && devtools
                    .events()
                    .workers()
                    .iter()
                    .any(|(id, _)| Some(id.as_str()) == session)
            {
                return Ok(false);
            }
        }
        if devtools.events().has_worker_requests() {
            tokio::time::sleep(PAUSE).await;
            return Ok(false);
        }
        Ok(true)
    }
}
