//! What settling, and whoever asks a page something, needs of an engine.

use std::future::Future;

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::info::PageLoads;
use crate::browser::error::BrowserError;
use crate::manifest::Theme;

/// A page in a browser of any engine.
pub(in crate::browser) trait Page: Send + Sync {
    /// The address of the story that is loaded.
    fn address(&self) -> &str;

    /// Whether steps have been done since the address was loaded.
    fn acted(&self) -> bool;

    /// Evaluates an expression in the page, waits for its promise, and reads
    /// its value.
    fn evaluate<T: DeserializeOwned + Send>(
        &self,
        script: &str,
    ) -> impl Future<Output = Result<T, BrowserError>> + Send;

    /// Draws one frame, so that what was changed since the last is on screen.
    fn frame(&self) -> impl Future<Output = Result<(), BrowserError>> + Send;

    /// Puts what the theme has for the root element on the page, and takes off
    /// what it wears; a page that is `only_new_documents` is left as it is.
    fn apply_theme(
        &self,
        theme: &Theme,
        only_new_documents: bool,
    ) -> impl Future<Output = Result<(), BrowserError>> + Send {
        let clothes = json!({ "attributes": theme.attributes, "classes": theme.classes });
        async move {
            let dress = format!("__tintype.set_theme({clothes}, {only_new_documents})");
            self.evaluate::<Value>(&dress).await.map(drop)
        }
    }

    /// Brings motion by `requestAnimationFrame` to its end, or where it has
    /// none to a halt, and with it transitions that no script can end.
    fn finish_motion(&self) -> impl Future<Output = Result<(), BrowserError>> + Send {
        async {
            while !self.evaluate::<bool>("__tintype.rest()").await? {
                self.frame().await?;
            }
            Ok(())
        }
    }

    /// Everything that the page has loaded by now, and what cannot be known of
    /// it.
    fn loads(&self) -> impl Future<Output = Result<PageLoads, BrowserError>> + Send {
        self.evaluate("__tintype.loads()")
    }

    /// Where the page is now, the status with which it was answered, and
    /// whether an element is there.
    fn location(
        &self,
        selector: Option<&str>,
    ) -> impl Future<Output = Result<(String, u16, bool), BrowserError>> + Send {
        let script = format!(
            "[location.href, performance.getEntriesByType('navigation')[0]?.responseStatus ?? 0, \
             Boolean({selector} && __tintype.first({selector}))]",
            selector = json!(selector)
        );
        async move { self.evaluate(&script).await }
    }
}
