//! Limits the size of the document of a snapshot.

use super::bounded_text::{MAX_ENTRIES, MAX_LINE, MAX_MESSAGE, bound};
use super::{Environment, VisualTestResult};

impl VisualTestResult {
    /// Limits every text and every list, whoever has written them: a message to
    /// 16 KiB, an address or another line to 2 KiB, a list to 100 entries.
    pub(crate) fn bound_texts(&mut self) {
        let reason = self.quarantine.as_mut().map(|mark| &mut mark.reason);
        for message in self
            .message
            .iter_mut()
            .chain(&mut self.known_failure)
            .chain(reason)
        {
            bound(message, MAX_MESSAGE);
        }
        for attempt in &mut self.attempts {
            attempt
                .message
                .iter_mut()
                .for_each(|text| bound(text, MAX_LINE));
        }
        let optional = [
            &mut self.baseline,
            &mut self.current,
            &mut self.diff,
            &mut self.browser,
            &mut self.worker,
        ];
        for text in optional.into_iter().flatten() {
            bound(text, MAX_LINE);
        }
        if let Some(step) = &mut self.unmet_step {
            bound(&mut step.kind, MAX_LINE);
            bound(&mut step.target, MAX_LINE);
        }
        self.steps.truncate(MAX_ENTRIES);
        for step in &mut self.steps {
            bound(&mut step.kind, MAX_LINE);
            bound(&mut step.target, MAX_LINE);
        }
        if let Some(error) = &mut self.error {
            bound(&mut error.kind, MAX_LINE);
            let texts = [&mut error.selector, &mut error.stack];
            for text in texts.into_iter().flatten() {
                bound(text, MAX_LINE);
            }
        }
        for error in &mut self.page_errors {
            bound(&mut error.message, MAX_LINE);
            error.url.iter_mut().for_each(|url| bound(url, MAX_LINE));
        }
        for lines in [
            &mut self.open_network,
            &mut self.sensitivity,
            &mut self.over_budget,
            &mut self.limits,
        ] {
            lines.truncate(MAX_ENTRIES);
            lines.iter_mut().for_each(|line| bound(line, MAX_LINE));
        }
        for change in &mut self.environment_changed {
            for text in [&mut change.what, &mut change.baseline, &mut change.current] {
                bound(text, MAX_LINE);
            }
        }
        for cause in self
            .explanation
            .iter_mut()
            .flat_map(|found| &mut found.causes)
        {
            let texts = [
                &mut cause.selector,
                &mut cause.property,
                &mut cause.from,
                &mut cause.to,
            ];
            for text in texts.into_iter().flatten() {
                bound(text, MAX_LINE);
            }
        }
        self.settled
            .iter_mut()
            .for_each(|step| bound(&mut step.step, MAX_LINE));
        self.settled.truncate(MAX_ENTRIES);
        self.page_errors.truncate(Self::MAX_PAGE_ERRORS);
        self.environment_changed.truncate(MAX_ENTRIES);
        self.attempts.truncate(MAX_ENTRIES);
        if let Some(explanation) = &mut self.explanation {
            explanation.causes.truncate(MAX_ENTRIES);
        }
    }
}

impl Environment {
    /// Limits every text to 2 KiB: a remote WebDriver names its browser, and a
    /// command line can be long.
    pub(crate) fn bound_texts(&mut self) {
        let optional = [
            &mut self.browser,
            &mut self.driver,
            &mut self.fonts,
            &mut self.command,
        ];
        for text in optional.into_iter().flatten() {
            bound(text, MAX_LINE);
        }
        if let Some(git) = &mut self.git {
            bound(&mut git.commit, MAX_LINE);
            git.branch
                .iter_mut()
                .for_each(|branch| bound(branch, MAX_LINE));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::model::{
        Attempt, PageError, PageErrorKind, RunId, Status, StoryIdentifier, UnmetStep,
        VisualTestResult,
    };

    /// A page can put any text into these fields.
    #[test]
    fn a_document_stays_small() {
        let huge = || "<".repeat(12_000_000);
        let story = StoryIdentifier::from_key("a:dark:10x20").unwrap();
        let mut result = VisualTestResult::new(RunId("run-1".to_owned()), story, Status::Failed);
        result.message = Some(huge());
        result.attempts = vec![Attempt {
            status: Status::Failed,
            message: Some(huge()),
            duration_ms: 1,
        }];
        result.page_errors = (0..200)
            .map(|_| PageError {
                kind: PageErrorKind::Console,
                message: "x".repeat(10_000),
                url: Some("y".repeat(10_000)),
            })
            .collect();
        result.open_network = vec!["z".repeat(1000); 10_000];
        result.unmet_step = Some(UnmetStep {
            number: 1,
            kind: "eval".to_owned(),
            target: huge(),
        });
        result.bound_texts();
        let document = serde_json::to_string(&result).unwrap();
        assert!(document.len() < 300_000, "{}", document.len());
        let message = result.message.unwrap();
        assert!(message.ends_with("… 11.9 MB more"), "{}", message.len());
    }
}
