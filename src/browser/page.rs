//! What settling, and whoever asks a page something, needs of an engine.

use std::future::Future;

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::error::BrowserError;
use super::session::PageLoads;
use crate::manifest::Theme;

/// A page in a browser of any engine.
pub(super) trait Page: Sync {
    /// The address of the story that is loaded.
    fn address(&self) -> &str;

    /// Evaluates an expression in the page, waits for its promise, and reads
    /// its value.
    fn evaluate<T: DeserializeOwned + Send>(
        &self,
        script: &str,
    ) -> impl Future<Output = Result<T, BrowserError>> + Send;

    /// Draws one frame, so that what was changed since the last is on screen.
    fn frame(&self) -> impl Future<Output = Result<(), BrowserError>> + Send;

    /// Puts what the theme has for the root element on the page, and takes off
    /// what it wears.
    fn wear(&self, theme: &Theme) -> impl Future<Output = Result<(), BrowserError>> + Send {
        let clothes = json!({ "attributes": theme.attributes, "classes": theme.classes });
        async move {
            let dress = format!("__tintype.dress({clothes})");
            self.evaluate::<Value>(&dress).await.map(drop)
        }
    }

    /// Brings motion by `requestAnimationFrame` to its end, or where it has
    /// none to a halt.
    fn rest(&self) -> impl Future<Output = Result<(), BrowserError>> + Send {
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
}
