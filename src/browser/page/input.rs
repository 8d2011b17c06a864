//! Sends mouse and keyboard input to a page.

use std::future::Future;

use serde_json::{Value, json};

use super::page_time::PageTime;
use crate::browser::driver::{Driver, RawCommand};
use crate::browser::error::BrowserError;
use crate::manifest::Theme;

/// A page that accepts input.
pub(in crate::browser) trait Input: PageTime {
    /// Applies the theme again if a step has led to another document.
    fn reapply_theme(
        &mut self,
        theme: &Theme,
    ) -> impl Future<Output = Result<(), BrowserError>> + Send;

    /// Moves the mouse to a point of the viewport that belongs to this element,
    /// and clicks there with `click`.
    fn point(
        &self,
        at: (f64, f64),
        _selector: &str,
        click: bool,
    ) -> impl Future<Output = Result<(), BrowserError>> + Send {
        self.input(mouse_input(at.0, at.1, click))
    }

    /// Sends the actions of a mouse or a keyboard.
    fn input(&self, device: Value) -> impl Future<Output = Result<(), BrowserError>> + Send {
        send_actions(self.driver(), device)
    }
}

/// Sends the actions of one input device through the driver.
pub(in crate::browser) async fn send_actions(
    driver: &Driver,
    device: Value,
) -> Result<(), BrowserError> {
    let actions = RawCommand {
        command: "actions",
        body: json!({ "actions": [device] }),
    };
    let done = driver.client.issue_cmd(actions);
    driver.command("input", done).await.map(drop)
}

/// The actions of a mouse that moves to a point, and clicks with `click`.
pub(in crate::browser) fn mouse_input(x: f64, y: f64, click: bool) -> Value {
    let mut actions =
        vec![json!({ "type": "pointerMove", "duration": 0, "origin": "viewport", "x": x, "y": y })];
    if click {
        actions.push(json!({ "type": "pointerDown", "button": 0 }));
        actions.push(json!({ "type": "pointerUp", "button": 0 }));
    }
    json!({
        "type": "pointer", "id": "mouse",
        "parameters": { "pointerType": "mouse" },
        "actions": actions,
    })
}
