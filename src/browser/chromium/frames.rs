//! Issues the frames of a page whose frames are driven.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::page::ChromiumPage;
use crate::browser::driver::COMMAND_TIMEOUT;
use crate::browser::error::BrowserError;
use crate::browser::page::alongside;

/// The browser's answer to a frame that is issued while another one is drawn.
const FRAME_PENDING: &str = "Another frame is pending";

impl ChromiumPage {
    /// Issues a frame and takes a screenshot of it if `screenshot` is given.
    pub(super) async fn issue_frame(
        &self,
        screenshot: Option<Value>,
    ) -> Result<Value, BrowserError> {
        let mut frame = json!({});
        if self.time.is_virtual() {
            frame = json!({ "frameTimeTicks": self.time.next_frame(), "interval": 16 });
        }
        if let Some(screenshot) = screenshot {
            frame["screenshot"] = screenshot;
        }
        let begun = Instant::now();
        loop {
            let issued = self
                .cdp("HeadlessExperimental.beginFrame", frame.clone())
                .await;
            match issued {
                // A frame whose reply was no longer awaited is not over yet.
                Err(BrowserError::Refused { reason, .. })
                    if reason.contains(FRAME_PENDING) && begun.elapsed() < COMMAND_TIMEOUT =>
                {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                issued => return issued,
            }
        }
    }

    /// Issues frames, in which no time passes, while a command needs them.
    pub(super) async fn issue_frames_while<T>(&self, command: impl Future<Output = T>) -> T {
        if self.devtools.is_none() {
            return command.await;
        }
        alongside(command, || async {
            // The command fails as well.
            match self.issue_frame(None).await {
                Ok(_) => ControlFlow::Continue(()),
                Err(_) => ControlFlow::Break(()),
            }
        })
        .await
    }
}
