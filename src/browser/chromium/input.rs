//! Sends mouse input to a page of Chromium.

use serde_json::{Value, json};

use super::page::ChromiumPage;
use crate::browser::driver::Driver;
use crate::browser::error::BrowserError;
use crate::browser::page::{Input, Page, mouse_input};
use crate::manifest::Theme;

impl Input for ChromiumPage {
    fn driver(&self) -> &Driver {
        &self.driver
    }

    async fn reapply_theme(&mut self, theme: &Theme) -> Result<(), BrowserError> {
        if !self.has_theme {
            return Ok(());
        }
        self.apply_theme(theme, true).await
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
            return self.hover_there(x, y, selector).await;
        }
        // Where the mouse is pressed there it is, too.
        self.dispatch("mousePressed", x, y, "left").await?;
        self.dispatch("mouseReleased", x, y, "left").await
    }
}

impl ChromiumPage {
    /// Moves the mouse over an element where frames are driven. A page hears of
    /// a move with its next frame, which nobody can draw while the move is
    /// waited for: the browser gives up after five seconds. A button that goes
    /// up without having been down brings the mouse there at once; of that
    /// button the page hears nothing.
    async fn hover_there(&self, x: f64, y: f64, selector: &str) -> Result<(), BrowserError> {
        self.call::<Value>("blockButtonUp", &[]).await?;
        self.dispatch("mouseReleased", x, y, "none").await?;
        self.call::<Value>("unblockButtonUp", &[]).await?;
        self.frame().await?;
        if !self.call::<bool>("isHovered", &[json!(selector)]).await? {
            self.dispatch("mouseMoved", x, y, "none").await?;
        }
        Ok(())
    }

    /// Takes the mouse back to where it is in a new browser: the next page would
    /// find it where this one had it. A page that is broken keeps it.
    pub(super) async fn take_mouse_away(&self) {
        let kind = if self.drives_frames() {
            "mouseReleased"
        } else {
            "mouseMoved"
        };
        if let Err(error) = self.dispatch(kind, 0.0, 0.0, "none").await {
            tracing::warn!(%error, "the mouse stays where it is");
        }
    }

    async fn dispatch(&self, kind: &str, x: f64, y: f64, button: &str) -> Result<(), BrowserError> {
        let clicks = u32::from(button != "none");
        let event = json!({ "type": kind, "x": x, "y": y, "button": button, "clickCount": clicks });
        self.cdp("Input.dispatchMouseEvent", event).await.map(drop)
    }
}
