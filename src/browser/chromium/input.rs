//! Sends mouse input to a page of Chromium.

use std::time::Duration;

use serde_json::{Value, json};

use super::page::ChromiumPage;
use crate::browser::error::BrowserError;
use crate::browser::page::{Input, Page, mouse_input, send_actions};
use crate::manifest::Theme;

/// How long input may take before the page's time passes for it.
const INPUT_DELAY: Duration = Duration::from_millis(100);

impl Input for ChromiumPage {
    async fn reapply_theme(&mut self, theme: &Theme) -> Result<(), BrowserError> {
        if !self.has_theme {
            return Ok(());
        }
        self.apply_theme(theme, true).await
    }

    async fn input(&self, device: Value) -> Result<(), BrowserError> {
        let actions = send_actions(&self.driver, device);
        self.live_while(INPUT_DELAY, actions).await
    }

    async fn point(
        &self,
        (x, y): (f64, f64),
        selector: &str,
        click: bool,
    ) -> Result<(), BrowserError> {
        if !self.drives_frames() {
            return self.input(mouse_input(x, y, click)).await;
        }
        if !click {
            return self.hover(x, y, selector).await;
        }
        // A press moves the mouse to its point.
        self.dispatch("mousePressed", x, y, "left").await?;
        self.dispatch("mouseReleased", x, y, "left").await
    }
}

impl ChromiumPage {
    /// Moves the mouse over an element where frames are driven. A move is
    /// delivered with the next frame, which cannot be issued while the command
    /// waits for it: the browser gives up after five seconds. The release of a
    /// button is delivered at once and moves the mouse; it is hidden from the
    /// page.
    async fn hover(&self, x: f64, y: f64, selector: &str) -> Result<(), BrowserError> {
        self.call::<Value>("blockButtonUp", &[]).await?;
        self.dispatch("mouseReleased", x, y, "none").await?;
        self.call::<Value>("unblockButtonUp", &[]).await?;
        self.frame().await?;
        if !self.call::<bool>("isHovered", &[json!(selector)]).await? {
            self.dispatch("mouseMoved", x, y, "none").await?;
        }
        Ok(())
    }

    /// Moves the mouse back to where it is in a new browser, for the next tab.
    pub(super) async fn reset_mouse(&self) {
        let kind = if self.drives_frames() {
            "mouseReleased"
        } else {
            "mouseMoved"
        };
        if let Err(error) = self.dispatch(kind, 0.0, 0.0, "none").await {
            tracing::warn!(%error, "failed to reset the mouse");
        }
    }

    async fn dispatch(&self, kind: &str, x: f64, y: f64, button: &str) -> Result<(), BrowserError> {
        let clicks = u32::from(button != "none");
        let event = json!({ "type": kind, "x": x, "y": y, "button": button, "clickCount": clicks });
        // A move is delivered with the next frame.
        let dispatched = self.cdp("Input.dispatchMouseEvent", event);
        self.live_while(INPUT_DELAY, dispatched).await.map(drop)
    }
}
