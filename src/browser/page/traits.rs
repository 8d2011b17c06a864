//! The operations on a page that an engine provides.

use std::future::Future;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::info::{PageResources, Thoroughness};
use super::scripted_time::{self, ScriptedTime};
use super::state::PageState;
use crate::browser::error::BrowserError;
use crate::manifest::{CaptureSettings, Theme};
use crate::model::PageError;

/// The longest real time in which the page's time is advanced until the page has
/// nothing left to do. A slower page is an error, since its screenshot would
/// depend on the machine.
pub(in crate::browser) const MAX_DRIVING: Duration = Duration::from_secs(60);

/// The state of a page after its time has passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::browser) enum Progress {
    /// The page has nothing left to do.
    AtRest,
    /// Time has passed, and the page may have something left to do.
    Moved,
    /// Requests are pending, and no time has passed.
    Waiting,
    /// The machine is too slow for the page's time to pass.
    Overrun,
}

/// A page in a browser of any engine.
pub(in crate::browser) trait Page: Send + Sync + Sized {
    /// The state that all engines share.
    fn state(&self) -> &PageState;

    /// The state that all engines share.
    fn state_mut(&mut self) -> &mut PageState;

    /// Evaluates an expression in the page, waits for its promise, and reads
    /// its value.
    fn evaluate<T: DeserializeOwned + Send>(
        &self,
        script: &str,
    ) -> impl Future<Output = Result<T, BrowserError>> + Send;

    /// Calls a function of the page's library (`scripts/page/library.js`).
    fn call<T: DeserializeOwned + Send>(
        &self,
        function: &str,
        arguments: &[Value],
    ) -> impl Future<Output = Result<T, BrowserError>> + Send {
        let arguments: Vec<String> = arguments.iter().map(Value::to_string).collect();
        let script = format!("__tintype.{function}({})", arguments.join(", "));
        async move { self.evaluate(&script).await }
    }

    /// Draws one frame, so that every change since the last one is visible.
    fn frame(&self) -> impl Future<Output = Result<(), BrowserError>> + Send;

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

    /// Requests in flight that are seen from outside the page. Those of scripts
    /// are left out where `by_script` is false.
    fn requests_outside(&self, _by_script: bool) -> Vec<String> {
        Vec::new()
    }

    /// Failed requests, uncaught exceptions and console errors, as the browser
    /// reports them.
    fn page_errors(&self) -> Vec<PageError> {
        Vec::new()
    }

    /// Applies what the theme sets on the root element, and removes what the
    /// theme before has set. With `only_new_documents`, a document that has a
    /// theme keeps it.
    fn apply_theme(
        &self,
        theme: &Theme,
        only_new_documents: bool,
    ) -> impl Future<Output = Result<(), BrowserError>> + Send {
        let root = json!({ "attributes": theme.attributes, "classes": theme.classes });
        async move {
            let arguments = [root, json!(only_new_documents)];
            self.call::<Value>("applyTheme", &arguments).await.map(drop)
        }
    }

    /// Finishes motion by `requestAnimationFrame`, or holds it if it is
    /// endless, and ends transitions that no script can reach.
    fn finish_motion(&self) -> impl Future<Output = Result<(), BrowserError>> + Send {
        async {
            while !self.call::<bool>("finishMotion", &[]).await? {
                self.frame().await?;
            }
            Ok(())
        }
    }

    /// The files that the page has loaded so far, and its other dependencies.
    fn resources(&self) -> impl Future<Output = Result<PageResources, BrowserError>> + Send {
        async { self.call("pageResources", &[]).await }
    }

    /// The document's address and HTTP status, and whether an element is
    /// present.
    fn location(
        &self,
        selector: Option<&str>,
    ) -> impl Future<Output = Result<(String, u16, bool), BrowserError>> + Send {
        let arguments = [json!(selector)];
        async move { self.call("pageLocation", &arguments).await }
    }
}
