//! The operations on a page that an engine provides.

use std::future::Future;
use std::time::{Duration, Instant};

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::info::{PageResources, Thoroughness};
use super::state::PageState;
use crate::browser::error::BrowserError;
use crate::manifest::{CaptureSettings, Theme};
use crate::model::PageError;

/// The state of a page after its time has passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::browser) enum Progress {
    /// The page has nothing left to do.
    AtRest,
    /// Time has passed, and the page has nothing left to do.
    Moved,
    /// Requests are pending.
    Waiting,
}

/// A page in a browser of any engine.
pub(in crate::browser) trait Page: Send + Sync {
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

    /// Notes that something was done to the page, which may start new motion.
    fn resume(&self) {}

    /// Gives the page the time and the frame that it needs to go on.
    fn proceed(&self) -> impl Future<Output = Result<(), BrowserError>> + Send {
        self.frame()
    }

    /// Lets this much of the page's time pass.
    fn wait(&self, time: Duration) -> impl Future<Output = Result<(), BrowserError>> + Send {
        async move {
            tokio::time::sleep(time).await;
            Ok(())
        }
    }

    /// Lets the page's time pass until the page has nothing left to do, where
    /// its time is virtual.
    fn pass_time_until_idle(
        &self,
        _capture: &CaptureSettings,
        _thoroughness: Thoroughness,
        _started: Instant,
    ) -> impl Future<Output = Result<Progress, BrowserError>> + Send {
        async { Ok(Progress::AtRest) }
    }

    /// Requests that the page waits for, as the browser reports them.
    fn requests_in_flight(&self, _capture: &CaptureSettings) -> Vec<String> {
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
