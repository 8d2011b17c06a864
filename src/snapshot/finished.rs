//! The result of a snapshot.

use crate::model::{MAX_ENTRIES, MAX_MESSAGE, Status, VisualTestResult, bound};

/// A snapshot with its final status.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FinishedSnapshot {
    /// Its document.
    pub result: VisualTestResult,
    /// Further facts about a failure, one line each.
    pub notes: Vec<String>,
}

impl FinishedSnapshot {
    /// A result to which nothing needs to be added.
    pub(crate) fn new(result: VisualTestResult) -> Self {
        Self {
            result,
            notes: Vec::new(),
        }
    }

    /// Limits every text, so that documents, reports and output stay small.
    pub(crate) fn bound_texts(&mut self) {
        self.result.bound_texts();
        self.notes.truncate(MAX_ENTRIES);
        self.notes
            .iter_mut()
            .for_each(|note| bound(note, MAX_MESSAGE));
    }

    /// A result with this status and message.
    pub(crate) fn with_message(
        mut result: VisualTestResult,
        status: Status,
        message: String,
    ) -> Self {
        result.status = status;
        result.message = Some(message);
        Self::new(result)
    }
}
