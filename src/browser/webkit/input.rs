//! Sends mouse and keyboard input to a page of WebKit.

use super::page::WebKitPage;
use crate::browser::error::BrowserError;
use crate::browser::page::{Input, Page};
use crate::manifest::Theme;

impl Input for WebKitPage {
    async fn reapply_theme(&mut self, theme: &Theme) -> Result<(), BrowserError> {
        self.apply_theme(theme, true).await
    }
}
