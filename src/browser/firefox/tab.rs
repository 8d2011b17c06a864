//! Opens tabs in separate containers and installs scripts in them.

use serde_json::json;

use super::applied::Tab;
use super::page::{FirefoxPage, text};
use crate::browser::error::BrowserError;
use crate::manifest::Device;

impl FirefoxPage {
    /// Opens a tab in a new container and removes the old one with its data.
    pub(super) async fn open_tab(&mut self) -> Result<(), BrowserError> {
        let container = self.bidi("browser.createUserContext", json!({})).await?;
        let container = text(&container["userContext"]);
        let new = json!({ "type": "tab", "userContext": container });
        let id = text(&self.bidi("browsingContext.create", new).await?["context"]);
        let handle = id.clone().try_into().map_err(|_| BrowserError::Refused {
            command: "`browsingContext.create`".to_owned(),
            reason: "its answer has no context id".to_owned(),
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
            // This closes the tab, too.
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

    /// Installs the scripts that run in every document from the next one on.
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

    /// Sets how the tab uses the cache.
    pub(super) async fn set_cache_behavior(&self, behavior: &str) -> Result<(), BrowserError> {
        let cache = json!({ "cacheBehavior": behavior, "contexts": [self.tab.id] });
        self.bidi("network.setCacheBehavior", cache).await.map(drop)
    }
}
