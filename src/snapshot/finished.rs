//! The result of a snapshot.

use crate::model::{MAX_ENTRIES, MAX_MESSAGE, Status, VisualTestResult, bound};
use crate::redact::redact;

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

    /// The same without secrets in its texts.
    pub(crate) fn redacted(mut self) -> Self {
        let result = &mut self.result;
        let attempts = result.attempts.iter_mut();
        let texts = attempts.filter_map(|attempt| attempt.message.as_mut());
        let texts = texts.chain(&mut result.message).chain(&mut self.notes);
        for text in texts.chain(&mut result.open_network) {
            *text = redact(text).into_owned();
        }
        for error in &mut result.page_errors {
            error.message = redact(&error.message).into_owned();
            error.url = error.url.take().map(|url| redact(&url).into_owned());
        }
        self
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
