//! The tab that shows stories: a container of its own keeps it apart from any
//! before, and a script of ours runs in it before the page's.

use serde_json::json;

use super::applied::Tab;
use super::page::{FirefoxPage, text};
use crate::browser::error::BrowserError;
use crate::manifest::Device;

impl FirefoxPage {
    /// Opens a tab in a container of its own and ends the one before, with all
    /// that it remembers.
    pub(super) async fn open_tab(&mut self) -> Result<(), BrowserError> {
        let container = self.bidi("browser.createUserContext", json!({})).await?;
        let container = text(&container["userContext"]);
        let new = json!({ "type": "tab", "userContext": container });
        let id = text(&self.bidi("browsingContext.create", new).await?["context"]);
        let handle = id.clone().try_into().map_err(|_| BrowserError::Refused {
            command: "browsingContext.create".to_owned(),
            reason: "its answer names no tab".to_owned(),
        })?;
        self.driver
            .command("switch window", self.driver.client.switch_to_window(handle))
            .await?;
        let container = Some(container);
        let old = std::mem::replace(
            &mut self.tab,
            Tab {
                id,
                container,
                has_credentials: false,
            },
        );
        match old.container {
            // The tab goes with it.
            Some(container) => {
                let old = json!({ "userContext": container });
                self.bidi("browser.removeUserContext", old).await?;
            }
            None => {
                let old = json!({ "context": old.id });
                self.bidi("browsingContext.close", old).await?;
            }
        }
        self.state.reset_tab();
        self.cache_is_off = false;
        self.emulated_device = Device::default();
        Ok(())
    }

    /// Makes the library, and the clock that the story asks for, run in every
    /// document from the next on.
    pub(super) async fn install(&mut self, source: String) -> Result<(), BrowserError> {
        match self.prelude.take() {
            Some((installed, name)) if installed == source => {
                self.prelude = Some((installed, name));
                return Ok(());
            }
            Some((_, name)) => {
                let old = json!({ "script": name });
                self.bidi("script.removePreloadScript", old).await?;
            }
            None => {}
        }
        let new = json!({ "functionDeclaration": format!("() => {{\n{source}\n}}") });
        let answer = self.bidi("script.addPreloadScript", new).await?;
        self.prelude = Some((source, text(&answer["script"])));
        Ok(())
    }

    /// Says what the tab may take from the cache.
    pub(super) async fn cache(&self, behaviour: &str) -> Result<(), BrowserError> {
        let cache = json!({ "cacheBehavior": behaviour, "contexts": [self.tab.id] });
        self.bidi("network.setCacheBehavior", cache).await.map(drop)
    }
}
