//! The time of a page, which passes in steps where it is virtual.

use std::future::Future;
use std::time::Duration;

use super::info::Thoroughness;
use super::progress::Progress;
use super::scripted_time::{self, ScriptedTime};
use super::traits::Page;
use crate::browser::error::BrowserError;
use crate::manifest::CaptureSettings;

/// A page whose time the browser or a script keeps.
pub(in crate::browser) trait PageTime: Page {
    /// The clock of the page where a script keeps its time.
    fn scripted_time(&self) -> &ScriptedTime;

    /// Notes that something was done to the page, which may start new motion.
    fn resume(&self) {
        self.scripted_time().resume();
    }

    /// Gives the page the time and the frame that it needs to go on.
    fn proceed(&self) -> impl Future<Output = Result<(), BrowserError>> + Send {
        scripted_time::proceed(self, self.scripted_time())
    }

    /// Lets this much of the page's time pass.
    fn wait(&self, time: Duration) -> impl Future<Output = Result<(), BrowserError>> + Send {
        scripted_time::wait(self, self.scripted_time(), time)
    }

    /// Lets the page's time pass until the page has nothing left to do, where
    /// its time is not that of the real world.
    fn pass_time_until_idle(
        &self,
        capture: &CaptureSettings,
        thoroughness: Thoroughness,
    ) -> impl Future<Output = Result<Progress, BrowserError>> + Send {
        let time = self.scripted_time();
        scripted_time::run_until_idle(self, time, capture, thoroughness)
    }

    /// Requests that the page waits for.
    fn requests_in_flight(&self, _capture: &CaptureSettings) -> Vec<String> {
        self.scripted_time().pending()
    }
}
