//! Sends mouse and keyboard input to a page of Firefox.

use super::page::FirefoxPage;
use crate::browser::error::BrowserError;
use crate::browser::page::{Input, Page};
use crate::manifest::Theme;

impl Input for FirefoxPage {
    async fn reapply_theme(&mut self, theme: &Theme) -> Result<(), BrowserError> {
        self.apply_theme(theme, true).await
    }
}
