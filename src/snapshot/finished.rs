//! The result of a snapshot.

use crate::events::SnapshotTimes;
use crate::model::{MAX_ENTRIES, MAX_MESSAGE, Status, VisualTestResult, bound};
use crate::redact::redact;

/// A snapshot with its final status.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FinishedSnapshot {
    /// Its document.
    pub result: VisualTestResult,
    /// Further facts about a failure, one line each.
    pub notes: Vec<String>,
    /// When it and its parts began and ended, unless it needed no browser.
    pub times: Option<Box<SnapshotTimes>>,
}

impl FinishedSnapshot {
    /// A result to which nothing needs to be added.
    pub(crate) fn new(result: VisualTestResult) -> Self {
        Self {
            result,
            notes: Vec::new(),
            times: None,
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
        let reason = result.quarantine.as_mut().map(|mark| &mut mark.reason);
        let texts = texts.chain(reason);
        for text in texts.chain(&mut result.open_network) {
            *text = redact(text).into_owned();
        }
        let causes = result
            .explanation
            .iter_mut()
            .flat_map(|found| &mut found.causes);
        for cause in causes {
            for text in [&mut cause.from, &mut cause.to].into_iter().flatten() {
                *text = redact(text).into_owned();
            }
        }
        let error = result.error.iter_mut();
        let texts = error.flat_map(|error| [&mut error.selector, &mut error.stack]);
        for text in texts.flatten() {
            *text = redact(text).into_owned();
        }
        for step in &mut result.steps {
            step.target = redact(&step.target).into_owned();
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

#[cfg(test)]
mod tests {
    use super::FinishedSnapshot;
    use crate::model::{
        Attempt, PageError, PageErrorKind, RunId, Status, StoryIdentifier, VisualTestResult,
    };
    use crate::redact;

    fn result() -> VisualTestResult {
        let story = StoryIdentifier::from_key("a:dark:10x20").unwrap();
        VisualTestResult::new(RunId("run-1".to_owned()), story, Status::Failed)
    }

    #[test]
    fn no_text_of_a_result_has_a_secret() {
        redact::register("finished-secret-5821");
        let text = || "it said finished-secret-5821".to_owned();
        let mut result = result();
        result.message = Some(text());
        result.attempts = vec![Attempt {
            status: Status::Failed,
            message: Some(text()),
            duration_ms: 1,
        }];
        result.open_network = vec![text()];
        result.page_errors = vec![PageError {
            kind: PageErrorKind::Console,
            message: text(),
            url: Some(text()),
        }];
        let mut finished = FinishedSnapshot::new(result);
        finished.notes = vec![text()];
        let finished = finished.redacted();
        let document = serde_json::to_string(&finished.result).unwrap();
        let shown = format!("{document} {}", finished.notes.join(" "));
        assert!(!shown.contains("finished-secret"), "{shown}");
        assert_eq!(shown.matches("it said ***").count(), 6, "{shown}");
    }

    #[test]
    fn notes_are_bounded() {
        let mut finished = FinishedSnapshot::new(result());
        finished.result.message = Some("x".repeat(12_000_000));
        finished.notes = vec!["x".repeat(12_000_000); 200];
        finished.bound_texts();
        assert_eq!(finished.notes.len(), 100);
        let is_bounded = |text: &String| text.ends_with("… 11.9 MB more") && text.len() < 20_000;
        assert!(finished.notes.iter().all(is_bounded));
        assert!(is_bounded(finished.result.message.as_ref().unwrap()));
    }
}
