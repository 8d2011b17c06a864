//! Lets a page's time pass until the page has nothing left to do.

use std::time::{Duration, Instant};

use serde::de::DeserializeOwned;
use serde_json::json;

use super::devtools::DevTools;
use super::page::ChromiumPage;
use super::virtual_clock::Activity;
use super::virtual_time::{INSTANT, SLICE};
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
        self.release_motion(devtools).await?;
        self.restart_timelines().await?;
        let mut has_moved = false;
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
                self.time.lock().observed.quiet = 0.0;
                continue;
            }
            if activity.unanswered && self.wait_for_worker(devtools).await? {
                self.time.lock().observed.quiet = 0.0;
                has_moved = true;
                continue;
            }
            let requests = devtools.events().page_requests(capture.wait_for_network);
            let is_answered = self.time.lock().observed.note_messages(activity.messages);
            let step = if is_answered {
                Some(1.0)
            } else if requests.is_empty() {
                self.next_step(activity, capture, thoroughness)
            } else if requests == self.time.lock().unheld {
                let may_wait = self.wait_in_real_time().await;
                if may_wait || devtools.events().has_document_requests() {
                    // Tasks read what has arrived.
                    self.pass_instant(devtools).await?;
                    return Ok(waiting(has_moved));
                }
                self.next_step(activity, capture, thoroughness)
            } else {
                // The clock stands until they are answered. Those for which it does
                // not are waited for above, in the same millisecond.
                Some(INSTANT)
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
            let mut clock = self.time.lock();
            let quiet = clock.observed.quiet + step;
            clock.observed.quiet = if is_active { 0.0 } else { quiet };
            clock.has_acted |= is_active;
            // The browser does not wait for those that are still in flight.
            clock.unheld = requests;
        }
        let is_over = self.time.lock().is_endless;
        if is_over {
            self.hold_motion(devtools).await?;
            self.restart_images().await?;
        }
        {
            let mut clock = self.time.lock();
            (clock.is_at_rest, clock.has_acted) = (true, false);
            clock.is_still = clock.observed.quiet > 0.0 && !clock.is_endless;
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

    /// Holds motion that is not stopped by name, in all frames of the page. It stands
    /// from the next frame on. The browser adds noise to times between two tenths of
    /// a millisecond.
    async fn hold_motion(&self, devtools: &DevTools) -> Result<(), BrowserError> {
        self.time.lock().is_held = true;
        let hold = "(globalThis.__tintype?.holdMotion(), 0)";
        self.ask_all::<u32>(devtools, hold).await?;
        self.finish_instants(devtools).await?;
        self.pass_time(devtools, 1.0).await?;
        self.issue_frame(None).await?;
        // Animations out of reach of scripts, as in closed declarative shadow roots.
        self.set_playback_rate(0).await
    }

    /// Lets animations that were held play again.
    async fn restart_timelines(&self) -> Result<(), BrowserError> {
        if !self.time.lock().timelines_are_held {
            return Ok(());
        }
        self.set_playback_rate(1).await
    }

    /// Sets the speed of the timelines of all documents, relative to page time.
    async fn set_playback_rate(&self, rate: u8) -> Result<(), BrowserError> {
        let speed = json!({ "playbackRate": rate });
        self.cdp("Animation.setPlaybackRate", speed).await?;
        self.time.lock().timelines_are_held = rate == 0;
        Ok(())
    }

    /// Lets such motion go on where steps may start more of it.
    async fn release_motion(&self, devtools: &DevTools) -> Result<(), BrowserError> {
        if !(self.state.has_acted && self.time.lock().is_held) {
            return Ok(());
        }
        self.time.lock().is_held = false;
        let release = "(globalThis.__tintype?.releaseMotion(), 0)";
        self.ask_all::<u32>(devtools, release).await.map(drop)
    }

    /// The answers of all frames of the page to one expression.
    async fn ask_all<T: DeserializeOwned + Send>(
        &self,
        devtools: &DevTools,
        expression: &str,
    ) -> Result<Vec<T>, BrowserError> {
        let contexts = devtools.events().contexts();
        if contexts.len() < 2 {
            return Ok(vec![self.ask(expression).await?]);
        }
        let mut answers = Vec::new();
        for context in contexts {
            let call =
                json!({ "expression": expression, "returnByValue": true, "contextId": context });
            // A frame may be gone by now.
            let Ok(answer) = self.cdp("Runtime.evaluate", call).await else {
                continue;
            };
            let answer = answer["result"]["value"].clone();
            answers.extend(serde_json::from_value::<T>(answer).ok());
        }
        Ok(answers)
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
        capture: &CaptureSettings,
        thoroughness: Thoroughness,
    ) -> Option<f64> {
        let mut clock = self.time.lock();
        let used = clock.passed - clock.active_since;
        let left = pace::time_limit(clock.is_endless, capture) - used;
        let next = activity.next.filter(|next| *next <= left);
        let may_move = activity.frames || activity.moving;
        let quiet = clock.observed.quiet;
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
        let mut all = Activity::default();
        for one in self.ask_all::<Activity>(devtools, ASK).await? {
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
