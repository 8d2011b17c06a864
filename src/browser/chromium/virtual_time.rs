//! Virtual time: a page's clock stands still, and passes only in steps of ours
//! with a frame after each, until the page has nothing left to do.
//!
//! The browser stops the clock by itself while a request is pending, so that
//! the network's speed does not decide what a page has done by a given time.

use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::devtools::{DevTools, DevToolsError};
use super::page::ChromiumPage;
use super::virtual_clock::{Activity, Clock};
use crate::browser::driver::COMMAND_TIMEOUT;
use crate::browser::error::BrowserError;
use crate::browser::page::{Page, Progress, Thoroughness};
use crate::manifest::CaptureSettings;

/// The time at which the browser's own clock starts: 2026-01-01T12:00:00Z, in
/// seconds since the Unix epoch.
const START: u32 = 1_767_268_800;

/// How long a step waits for pending requests before the page is examined
/// again.
const SLICE: Duration = Duration::from_millis(100);

/// After this many slices without a pending request the clock no longer waits
/// for requests: they are of a kind that never ends.
const MAX_SLICES: u32 = 3;

/// How many tasks may run without the clock advancing.
const MAX_STARVATION: u32 = 10_000;

/// Page time between two frames while something moves, in milliseconds, at
/// first and later.
const MOVING: [f64; 2] = [50.0, 100.0];

/// From when on motion is sampled less often, in milliseconds.
const LONG: f64 = 3_000.0;

/// Page time without a change of pixels after which a page counts as still,
/// in milliseconds: with and without anything that may still move.
const QUIET: [f64; 2] = [1_000.0, 100.0];

/// The longest step from one timer to the next, in milliseconds.
const MAX_STEP: f64 = 1_000.0;

/// The page time that a page with endless motion gets after a change of its
/// theme or size, in milliseconds.
const ENDLESS: f64 = 1_000.0;

/// Page time that passes with a frame while the page is loading, in
/// milliseconds.
const LOADING: f64 = 100.0;

/// The browser's answer to a frame that is issued while another one is drawn.
const FRAME_PENDING: &str = "Another frame is pending";

/// Time between two frames while time passes as in reality.
const LIVE_FRAME: Duration = Duration::from_millis(16);

impl ChromiumPage {
    /// Stops the clock of a tab that was just opened.
    pub(super) async fn start_virtual_time(&self) -> Result<(), BrowserError> {
        *self.time.lock() = Clock {
            is_virtual: true,
            ..Clock::default()
        };
        let stop = json!({ "policy": "pause", "initialVirtualTime": START });
        let answer = self.cdp("Emulation.setVirtualTimePolicy", stop).await?;
        self.time.lock().set_base(&answer);
        Ok(())
    }

    /// Prepares the clock for another document.
    pub(super) async fn restart_virtual_time(
        &self,
        waits_for_scripts: bool,
    ) -> Result<(), BrowserError> {
        if !self.time.is_virtual() {
            return Ok(());
        }
        let stop = json!({ "policy": "pause" });
        let answer = self.cdp("Emulation.setVirtualTimePolicy", stop).await?;
        let mut clock = self.time.lock();
        clock.set_base(&answer);
        clock.running = None;
        clock.stalled = 0;
        clock.ignores_requests = false;
        clock.waits_for_scripts = waits_for_scripts;
        clock.is_endless = false;
        clock.is_at_rest = false;
        clock.active_since = clock.passed;
        Ok(())
    }

    /// Lets this much page time pass, in milliseconds. Returns whether it has:
    /// otherwise requests are pending, and the next call goes on with the step.
    pub(super) async fn pass_time(
        &self,
        devtools: &DevTools,
        step: f64,
    ) -> Result<bool, BrowserError> {
        if !self.time.is_virtual() {
            tokio::time::sleep(LIVE_FRAME).await;
            return Ok(true);
        }
        let (running, ignores_requests) = {
            let clock = self.time.lock();
            (clock.running, clock.ignores_requests)
        };
        let step = match running {
            Some(running) => running,
            None => {
                self.start_step(devtools, step, ignores_requests).await?;
                step
            }
        };
        if !devtools.events().budget_expired(SLICE).await {
            self.note_stall(devtools, step).await?;
            return Ok(false);
        }
        let mut clock = self.time.lock();
        (clock.running, clock.stalled, clock.frames) = (None, 0, 0);
        clock.passed += step;
        Ok(true)
    }

    async fn start_step(
        &self,
        devtools: &DevTools,
        step: f64,
        ignores_requests: bool,
    ) -> Result<(), BrowserError> {
        let policy = if ignores_requests {
            "advance"
        } else {
            "pauseIfNetworkFetchesPending"
        };
        let budget = json!({
            "policy": policy,
            "budget": step,
            "maxVirtualTimeTaskStarvationCount": MAX_STARVATION,
        });
        devtools.events().clear_budget_expired();
        self.time.lock().running = Some(step);
        let answer = self.cdp("Emulation.setVirtualTimePolicy", budget).await?;
        self.time.lock().set_base(&answer);
        Ok(())
    }

    /// Lets the clock go on where only requests stop it that never end.
    async fn note_stall(&self, devtools: &DevTools, step: f64) -> Result<(), BrowserError> {
        let stalled = {
            let mut clock = self.time.lock();
            let pending = devtools
                .events()
                .requests_in_flight(clock.waits_for_scripts);
            clock.stalled = if pending.is_empty() {
                clock.stalled + 1
            } else {
                0
            };
            clock.stalled > MAX_SLICES && !clock.ignores_requests
        };
        if stalled {
            self.time.lock().ignores_requests = true;
            self.start_step(devtools, step, true).await?;
        }
        Ok(())
    }

    /// Issues a frame and takes a screenshot of it if `screenshot` is given.
    pub(super) async fn issue_frame(
        &self,
        screenshot: Option<Value>,
    ) -> Result<Value, BrowserError> {
        let mut frame = json!({});
        if self.time.is_virtual() {
            frame = json!({ "frameTimeTicks": self.time.next_frame(), "interval": 16 });
        }
        if let Some(screenshot) = screenshot {
            frame["screenshot"] = screenshot;
        }
        let begun = Instant::now();
        loop {
            let issued = self
                .cdp("HeadlessExperimental.beginFrame", frame.clone())
                .await;
            match issued {
                // A frame whose reply was no longer awaited is not over yet.
                Err(BrowserError::Refused { reason, .. })
                    if reason.contains(FRAME_PENDING) && begun.elapsed() < COMMAND_TIMEOUT =>
                {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                issued => return issued,
            }
        }
    }

    /// Lets page time pass in steps, with a frame after each, until the page
    /// has nothing left to do or its time is over.
    pub(super) async fn run_until_idle(
        &self,
        devtools: &DevTools,
        capture: &CaptureSettings,
        thoroughness: Thoroughness,
        started: Instant,
    ) -> Result<Progress, BrowserError> {
        if self.time.lock().is_at_rest {
            return Ok(Progress::AtRest);
        }
        let (mut quiet, mut has_moved) = (0.0, false);
        loop {
            let activity = self.activity(devtools).await?;
            let Some(step) = self.next_step(activity, quiet, capture, thoroughness) else {
                if !self.workers_are_idle(devtools).await? {
                    return Ok(Progress::Waiting);
                }
                // What a worker has sent meanwhile may have changed the page.
                if !devtools.events().workers().is_empty() && !has_moved {
                    self.issue_frame(None).await?;
                }
                break;
            };
            if started.elapsed() > capture.timeout {
                break;
            }
            if !self.pass_time(devtools, step).await? {
                return Ok(Progress::Waiting);
            }
            has_moved = true;
            let frame = self.issue_frame(None).await?;
            quiet = if frame["hasDamage"] == true {
                0.0
            } else {
                quiet + step
            };
        }
        if self.time.lock().is_endless {
            let restart = "globalThis.__tintype?.restartImages() ?? 0";
            self.evaluate::<u32>(restart).await?;
            self.issue_frame(None).await?;
        }
        self.time.lock().is_at_rest = true;
        Ok(if has_moved {
            Progress::Moved
        } else {
            Progress::AtRest
        })
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
        let limit = if clock.is_endless {
            ENDLESS
        } else {
            capture.page_time.as_secs_f64() * 1_000.0
        };
        let left = limit - used;
        let next = activity.next.filter(|next| *next <= left);
        let may_move = activity.frames || activity.moving;
        let enough = match (may_move, thoroughness) {
            (true, _) => QUIET[0],
            (false, Thoroughness::Thorough) => QUIET[1],
            (false, Thoroughness::Quick) => 0.0,
        };
        if next.is_none() && quiet >= enough {
            return None;
        }
        if left < 1.0 {
            clock.is_endless = true;
            return None;
        }
        let moving = MOVING[usize::from(used >= LONG)];
        let step = match next {
            // Nothing happens before the next timer.
            Some(next) if quiet >= enough => next.clamp(moving, MAX_STEP),
            Some(next) => next.clamp(1.0, moving),
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
            return self.evaluate(ASK).await;
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
            tokio::time::sleep(Duration::from_millis(5)).await;
            return Ok(false);
        }
        Ok(true)
    }

    /// Lets this much page time pass.
    pub(super) async fn pass(
        &self,
        devtools: &DevTools,
        time: Duration,
    ) -> Result<(), BrowserError> {
        let begun = Instant::now();
        let mut left = time.as_secs_f64() * 1_000.0;
        // Requests may hold up the clock, but not for ever.
        while left >= 1.0 && begun.elapsed() < time + SLICE * 10 {
            let step = left.min(MOVING[0]);
            if self.pass_time(devtools, step).await? {
                self.issue_frame(None).await?;
                left -= step;
            }
        }
        Ok(())
    }

    /// Lets time pass as in reality while something else is done to the page.
    pub(in crate::browser) async fn live_while<T>(
        &self,
        delay: Duration,
        action: impl Future<Output = T>,
    ) -> T {
        let Some(devtools) = &self.devtools else {
            return action.await;
        };
        tokio::pin!(action);
        if let Ok(done) = tokio::time::timeout(delay, &mut action).await {
            return done;
        }
        let is_over = AtomicBool::new(false);
        let action = async {
            let done = action.await;
            is_over.store(true, Ordering::Relaxed);
            done
        };
        // A step that has begun is brought to its end.
        let live = async {
            while !is_over.load(Ordering::Relaxed) {
                let next = tokio::time::Instant::now() + LIVE_FRAME;
                match self.pass_time(devtools, 16.0).await {
                    Ok(true) => drop(self.issue_frame(None).await),
                    Ok(false) => {}
                    // The action fails as well.
                    Err(_) => break,
                }
                tokio::time::sleep_until(next).await;
            }
        };
        let (done, ()) = tokio::join!(action, live);
        self.time.resume();
        done
    }

    /// Loads an address, until its `load` event.
    pub(super) async fn load_document(
        &self,
        devtools: &DevTools,
        address: &str,
        limit: Duration,
    ) -> Result<(), BrowserError> {
        let begun = Instant::now();
        self.restart_virtual_time(true).await?;
        devtools.events().start_navigation();
        let failed = |reason: String| BrowserError::Load {
            url: address.to_owned(),
            reason,
        };
        let target = json!({ "url": address });
        match devtools.call("Page.navigate", target, limit).await {
            Ok(answer) => {
                if let Some(reason) = answer["errorText"].as_str() {
                    return Err(failed(describe_failure(reason)));
                }
                if answer.get("loaderId").is_none() {
                    return Ok(());
                }
            }
            Err(DevToolsError::Rejected(reason)) => return Err(failed(reason)),
            Err(DevToolsError::Timeout(_)) => {
                let _ = self.cdp("Page.stopLoading", json!({})).await;
                let seconds = limit.as_secs_f32();
                return Err(failed(format!("no answer within {seconds} s")));
            }
            Err(error) => return Err(self.devtools_error("load", error)),
        }
        while !devtools.events().is_loaded() {
            if self.pass_time(devtools, LOADING).await? {
                self.issue_frame(None).await?;
            }
            if begun.elapsed() > limit {
                break;
            }
        }
        Ok(())
    }
}

/// The browser's name for a failed navigation, in words.
fn describe_failure(reason: &str) -> String {
    match reason {
        "net::ERR_ABORTED" => {
            "the server answered without a page to show (status 204 or 205, or a \
                               download)"
                .to_owned()
        }
        other if other.starts_with("net::ERR_CERT") => format!(
            "{other}\nhelp: if the server's certificate is not trusted, \
             set `insecure = true` in [stories]"
        ),
        other => other.to_owned(),
    }
}
