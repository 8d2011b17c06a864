//! The result of a login.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::browser::StorageState;
use crate::model::now_ms;

/// The result of a login, valid for a limited time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct StoredLogin {
    /// A unique id.
    id: String,
    /// When it expires, in milliseconds since the Unix epoch.
    until: i64,
    /// The cookies and storage of the logged-in user.
    pub state: StorageState,
}

impl StoredLogin {
    pub(super) fn new(state: StorageState, ttl: Duration) -> Self {
        let ttl = i64::try_from(ttl.as_millis()).unwrap_or(i64::MAX);
        Self {
            id: uuid::Uuid::now_v7().to_string(),
            until: now_ms().saturating_add(ttl),
            state,
        }
    }

    /// The time until it expires, in milliseconds.
    pub(super) fn remaining_ms(&self) -> i64 {
        self.until - now_ms()
    }

    /// Whether it has not expired and is not the one that the server no longer
    /// accepts.
    pub(super) fn is_usable(&self, expired: Option<&Self>) -> bool {
        self.remaining_ms() > 0 && expired.is_none_or(|expired| expired.id != self.id)
    }
}
