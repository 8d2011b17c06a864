//! The last screenshot of a viewport, which is also that of a later frame in which
//! nothing was drawn anew.

use std::sync::{Mutex, PoisonError};

use serde_json::Value;

/// The last screenshot of the viewport, until something else is drawn.
#[derive(Debug, Default)]
pub(super) struct LastPicture(Mutex<Option<Vec<u8>>>);

impl LastPicture {
    /// Notes the answer to a frame that was issued.
    pub(super) fn note_frame(&self, answer: &Value) {
        if answer["hasDamage"] != false {
            self.forget();
        }
    }

    /// Notes the screenshot of the frame that was issued last.
    pub(super) fn set(&self, picture: &[u8]) {
        *self.lock() = Some(picture.to_owned());
    }

    pub(super) fn forget(&self) {
        *self.lock() = None;
    }

    /// The screenshot, if it still shows what the viewport does.
    pub(super) fn get(&self) -> Option<Vec<u8>> {
        self.lock().clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Vec<u8>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
