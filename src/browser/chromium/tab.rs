//! Opens and replaces tabs, and installs the scripts that run in their documents.

use std::time::Instant;

use serde_json::{Value, json};

use super::applied::Emulated;
use super::devtools::{DevTools, DevToolsError, auto_attach};
use super::page::ChromiumPage;
use super::virtual_clock::VirtualTime;
use crate::browser::driver::COMMAND_TIMEOUT;
use crate::browser::error::BrowserError;
use crate::browser::page::{Timekeeping, prelude};
use crate::manifest::{CaptureSettings, Screen};

impl ChromiumPage {
    /// Opens a new tab and closes the old one. Its frames are driven where the
    /// browser supports it. A tab that has the size of its viewport keeps its
    /// layout while more than the viewport is captured; in others, a frame may
    /// have a layout of 1 by 1 pixels.
    pub(super) async fn open_tab(&mut self, screen: Option<Screen>) -> Result<(), BrowserError> {
        if self.state.has_acted {
            self.reset_mouse().await;
        }
        let mut page = json!({ "url": "about:blank" });
        if self.driver.drives_frames {
            page["enableBeginFrameControl"] = json!(true);
            if let Some(Screen { viewport, .. }) = screen {
                page["width"] = json!(viewport.width);
                page["height"] = json!(viewport.height);
            }
        }
        if self.target.is_empty() {
            let window = self.driver.client.window();
            self.target = self.driver.command("window", window).await?.into();
        }
        let target = self.cdp("Target.createTarget", page).await?;
        let id = target["targetId"].as_str().unwrap_or_default().to_owned();
        let handle = id.clone().try_into().map_err(|_| BrowserError::Refused {
            command: "`Target.createTarget`".to_owned(),
            reason: format!("its answer has no target id: {target}"),
        })?;
        let client = &self.driver.client;
        self.driver
            .command("switch window", client.switch_to_window(handle))
            .await?;
        // Closing it through the driver takes five times as long.
        let before = std::mem::replace(&mut self.target, id);
        self.cdp("Target.closeTarget", json!({ "targetId": before }))
            .await?;
        self.closing = Some(before);
        if self.driver.drives_frames {
            self.connect_devtools().await?;
        }
        // A focused page looks the same in every tab.
        let focus = json!({ "enabled": true });
        self.cdp("Emulation.setFocusEmulationEnabled", focus)
            .await?;
        self.state.reset_tab();
        self.prelude = None;
        self.emulated = Emulated::default();
        self.cache_is_off = false;
        self.sent.headers = false;
        Ok(())
    }

    /// Connects to the open tab and observes it.
    async fn connect_devtools(&mut self) -> Result<(), BrowserError> {
        let options = &self.driver.capabilities["goog:chromeOptions"];
        let debugger = options["debuggerAddress"].as_str().unwrap_or_default();
        let connected = DevTools::connect(debugger, &self.target).await;
        let devtools = connected.map_err(|error| self.devtools_error("connect", error))?;
        self.devtools = Some(devtools);
        self.time = VirtualTime::default();
        tokio::try_join!(
            self.cdp("Page.enable", json!({})),
            self.cdp("Runtime.enable", json!({})),
            self.cdp("Network.enable", json!({})),
            self.cdp("Target.setAutoAttach", auto_attach()),
        )?;
        Ok(())
    }

    pub(super) fn devtools_error(&self, command: &str, error: DevToolsError) -> BrowserError {
        match error {
            DevToolsError::Rejected(reason) => BrowserError::Refused {
                command: format!("`{command}`"),
                reason,
            },
            DevToolsError::Disconnected(reason) => self.driver.disconnected(command, reason),
            DevToolsError::Timeout(limit) => BrowserError::Timeout {
                command: format!("`{command}`"),
                limit,
            },
        }
    }

    /// Waits until the old tab is closed and cannot store anything any more.
    pub(super) async fn until_closed(&mut self) -> Result<(), BrowserError> {
        let Some(closing) = self.closing.take() else {
            return Ok(());
        };
        let is_open = |target: &Value| target["targetId"] == closing.as_str();
        let begun = Instant::now();
        loop {
            let answer = self.cdp("Target.getTargets", json!({})).await?;
            let open = answer["targetInfos"].as_array();
            if !open.is_some_and(|open| open.iter().any(is_open)) {
                return Ok(());
            }
            if begun.elapsed() > COMMAND_TIMEOUT {
                return Err(BrowserError::Timeout {
                    command: "the previous page to close".to_owned(),
                    limit: COMMAND_TIMEOUT,
                });
            }
        }
    }

    /// Installs the scripts that run in every document from the next one on.
    pub(super) async fn install(&mut self, capture: &CaptureSettings) -> Result<(), BrowserError> {
        let is_virtual = self.devtools.is_some() && capture.virtual_time;
        if is_virtual && !self.time.is_virtual() {
            self.start_virtual_time().await?;
        }
        let time = if is_virtual {
            Timekeeping::Virtual
        } else if self.devtools.is_none() {
            Timekeeping::without_browser(capture)
        } else {
            Timekeeping::Real
        };
        if self.devtools.is_none() {
            self.scripted_time.start(capture);
        }
        let source = prelude(capture, time);
        match &self.prelude {
            Some((installed, _)) if *installed == source => return Ok(()),
            Some((_, name)) => {
                let old = json!({ "identifier": name });
                self.cdp("Page.removeScriptToEvaluateOnNewDocument", old)
                    .await?;
            }
            None => {}
        }
        let new = json!({ "source": source });
        let answer = self
            .cdp("Page.addScriptToEvaluateOnNewDocument", new)
            .await?;
        let name = answer["identifier"].as_str().unwrap_or_default().to_owned();
        self.prelude = Some((source, name));
        Ok(())
    }
}
