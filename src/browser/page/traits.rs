//! The operations on a page that an engine provides.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use fantoccini::Client;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::info::{BrowserInfo, PageResources};
use super::look_reads::LookReads;
use super::state::{Access, PageState};
use super::storage_state::StorageState;
use crate::browser::driver::Driver;
use crate::browser::error::BrowserError;
use crate::manifest::{Credentials, Device, Theme};
use crate::model::{Measurements, PageError};

/// How long a page may leave one document after the other while it is asked
/// something.
const LEAVING: Duration = Duration::from_secs(10);

/// A page in a browser of any engine.
pub(in crate::browser) trait Page: Send + Sync + Sized {
    /// The state that all engines share.
    fn state(&self) -> &PageState;

    /// The state that all engines share.
    fn state_mut(&mut self) -> &mut PageState;

    /// Names and versions of browser and driver.
    fn info(&self) -> &BrowserInfo;

    /// The driver of the browser.
    fn driver(&self) -> &Driver;

    /// The WebDriver client, for hooks.
    fn client(&self) -> &Client {
        &self.driver().client
    }

    /// Sends credentials to the server at `base` from the next load on.
    fn set_credentials(&mut self, base: &str, credentials: Arc<Credentials>) {
        self.state_mut().access = Access {
            base: base.to_owned(),
            credentials,
        };
        self.reset_sent_credentials();
    }

    /// Notes that the browser does not have the current credentials yet.
    fn reset_sent_credentials(&mut self) {}

    /// Sets the device to emulate from the next load or change of the theme on.
    fn set_device(&mut self, device: &Device) {
        self.state_mut().device.clone_from(device);
    }

    /// Sets the cookies and storage of a login from the next load on.
    fn set_storage_state(&mut self, state: Option<StorageState>) {
        self.state_mut().storage_state = state;
    }

    /// Evaluates an expression in the page, waits for its promise, and reads
    /// its value.
    fn evaluate<T: DeserializeOwned + Send>(
        &self,
        script: &str,
    ) -> impl Future<Output = Result<T, BrowserError>> + Send;

    /// Evaluates an expression that asks for something, in the document that the
    /// page then has: one that is left meanwhile has no answer.
    fn ask<T: DeserializeOwned + Send>(
        &self,
        script: &str,
    ) -> impl Future<Output = Result<T, BrowserError>> + Send {
        async move {
            let begun = Instant::now();
            loop {
                match self.evaluate(script).await {
                    Err(error) if error.is_of_left_document() && begun.elapsed() < LEAVING => {
                        tracing::debug!(%error, "the page has left its document");
                    }
                    outcome => return outcome,
                }
            }
        }
    }

    /// Calls a function of the page's library (`scripts/page/library.js`).
    fn call<T: DeserializeOwned + Send>(
        &self,
        function: &str,
        arguments: &[Value],
    ) -> impl Future<Output = Result<T, BrowserError>> + Send {
        let name = Value::from(function);
        let arguments = std::iter::once(&name).chain(arguments);
        let arguments: Vec<String> = arguments.map(Value::to_string).collect();
        let script = format!("__tintype.answer({})", arguments.join(", "));
        async move { self.ask(&script).await }
    }

    /// Draws one frame, so that every change since the last one is visible.
    fn frame(&self) -> impl Future<Output = Result<(), BrowserError>> + Send;

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

    /// The last lines of the page's console, as far as the browser reports them.
    fn console_lines(&self) -> Vec<String> {
        Vec::new()
    }

    /// The page as text, for a person who looks into a failure.
    fn dom_text(&self) -> impl Future<Output = Result<String, BrowserError>> + Send {
        async { self.call("domText", &[]).await }
    }

    /// Adds what the browser counts to the measurements of its page.
    fn add_counts(
        &self,
        _measured: &mut Measurements,
    ) -> impl Future<Output = Result<(), BrowserError>> + Send {
        async { Ok(()) }
    }

    /// Whether the page has nothing left to do, and the last frames changed nothing
    /// in the viewport. False if that is not known.
    fn is_still(&self) -> bool {
        false
    }

    /// What the page has read of its look.
    fn look_reads(&self) -> impl Future<Output = Result<LookReads, BrowserError>> + Send {
        async { self.call("lookReads", &[]).await }
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
