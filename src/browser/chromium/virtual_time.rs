//! Virtual time: a page's clock stands still, and passes only in steps of ours
//! with a frame after each, until the page has nothing left to do.
//!
//! The browser stops the clock by itself while a request is pending, so that
//! the network's speed does not decide what a page has done by a given time.

use std::future::Future;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use serde_json::json;

use super::devtools::DevTools;
use super::page::ChromiumPage;
use super::virtual_clock::{Clock, Observed};
use crate::browser::driver::COMMAND_TIMEOUT;
use crate::browser::error::BrowserError;
use crate::browser::page::{alongside, scripted_time};

/// The time at which the browser's own clock starts: 2026-01-01T12:00:00Z, in
/// seconds since the Unix epoch.
const START: u32 = 1_767_268_800;

/// How long a step waits for pending requests before the page is examined
/// again.
pub(super) const SLICE: Duration = Duration::from_millis(100);

/// After this many slices without a pending request the clock no longer waits
/// for requests: they are of a kind that never ends.
const MAX_SLICES: u32 = 3;

/// The same while the page is loading, when it may only be compiling scripts.
const MAX_LOADING_SLICES: u32 = 20;

/// A step in which tasks run and hardly any page time passes, in milliseconds.
pub(super) const INSTANT: f64 = 0.001;

/// How many tasks may run without the clock advancing.
const MAX_STARVATION: u32 = 10_000;

/// Page time between two frames while a given time passes, in milliseconds.
const PASSING: f64 = 50.0;

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
        clock.waits = 0;
        clock.worker_waits = 0;
        clock.waits_for_scripts = waits_for_scripts;
        clock.is_endless = false;
        clock.is_held = false;
        clock.timelines_are_held = false;
        clock.is_at_rest = false;
        clock.is_still = false;
        clock.observed = Observed::default();
        clock.has_acted = false;
        clock.active_since = clock.passed;
        clock.started = clock.passed;
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
        (clock.running, clock.stalled) = (None, 0);
        clock.passed += step;
        Ok(true)
    }

    /// Lets tasks run, with hardly any page time.
    pub(super) async fn pass_instant(&self, devtools: &DevTools) -> Result<bool, BrowserError> {
        self.pass_time(devtools, INSTANT).await
    }

    /// Lets the page's clock go on to a whole millisecond.
    pub(super) async fn finish_instants(&self, devtools: &DevTools) -> Result<(), BrowserError> {
        let left = {
            let clock = self.time.lock();
            let passed = clock.passed - clock.started;
            ((passed.ceil() - passed) * 1_000.0).round() / 1_000.0
        };
        if left > 0.0 && self.time.is_virtual() {
            self.pass_time(devtools, left).await?;
        }
        Ok(())
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

    /// Lets the clock go on where only requests stop it that never end. A page
    /// that is busy, or whose clock has moved, is only slow.
    async fn note_stall(&self, devtools: &DevTools, step: f64) -> Result<(), BrowserError> {
        const READ: &str = "globalThis.__tintypeTime?.present()";
        let read = json!({ "expression": READ, "returnByValue": true });
        let answer = devtools.call("Runtime.evaluate", read, SLICE).await;
        let stalled = {
            let mut clock = self.time.lock();
            let pending = devtools
                .events()
                .requests_in_flight(clock.waits_for_scripts);
            let reading = answer.ok().map(|answer| answer["result"]["value"].clone());
            let stands = reading.as_ref() == Some(&clock.reading);
            clock.reading = reading.unwrap_or_default();
            clock.stalled = if pending.is_empty() && stands {
                clock.stalled + 1
            } else {
                0
            };
            let is_loaded = devtools.events().is_loaded();
            let enough = if is_loaded {
                MAX_SLICES
            } else {
                MAX_LOADING_SLICES
            };
            clock.stalled > enough && !clock.ignores_requests
        };
        if stalled {
            self.time.lock().ignores_requests = true;
            self.start_step(devtools, step, true).await?;
        }
        Ok(())
    }

    /// Lets this much page time pass.
    pub(super) async fn pass(
        &self,
        devtools: &DevTools,
        time: Duration,
    ) -> Result<(), BrowserError> {
        let mut last_step = Instant::now();
        let mut left = time.as_secs_f64() * 1_000.0;
        while left >= 1.0 {
            let step = left.min(PASSING);
            if self.pass_time(devtools, step).await? {
                self.issue_frame(None).await?;
                left -= step;
                last_step = Instant::now();
            } else if last_step.elapsed() > COMMAND_TIMEOUT {
                let requests = devtools.events().requests_in_flight(true);
                return Err(BrowserError::Timeout {
                    command: format!("requests of the page ({})", requests.join(", ")),
                    limit: COMMAND_TIMEOUT,
                });
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
            if delay.is_zero() {
                return scripted_time::live_while(self, &self.scripted_time, action).await;
            }
            return action.await;
        };
        tokio::pin!(action);
        if let Ok(done) = tokio::time::timeout(delay, &mut action).await {
            return done;
        }
        let done = alongside(action, || async {
            let next = tokio::time::Instant::now() + LIVE_FRAME;
            match self.pass_time(devtools, 16.0).await {
                Ok(true) => drop(self.issue_frame(None).await),
                Ok(false) => {}
                // The action fails as well.
                Err(_) => return ControlFlow::Break(()),
            }
            tokio::time::sleep_until(next).await;
            ControlFlow::Continue(())
        })
        .await;
        self.time.resume();
        done
    }
}
