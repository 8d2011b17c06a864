//! Collects from a page what helps to understand a failure: its console, its failed
//! requests, its document and the steps so far.

use std::time::Duration;

use super::session_page::SessionPage;
use crate::model::{PageError, PerformedStep};
use crate::plan::Snapshot;

/// How long a page that failed may take to describe itself.
const LIMIT: Duration = Duration::from_secs(5);

/// What helps to understand a failure.
#[derive(Debug, Default)]
pub(crate) struct Evidence {
    /// The last lines of the console, without secrets.
    pub(super) console: Vec<String>,
    /// The page as text, without secrets.
    pub(super) dom: Option<String>,
    /// The steps that were performed.
    pub(super) steps: Vec<PerformedStep>,
    /// Failed requests, exceptions and console errors.
    pub(super) page_errors: Vec<PageError>,
}

impl Evidence {
    /// The stack of the last uncaught exception.
    pub(super) fn stack(&self) -> Option<String> {
        let mut lines = self.console.iter().rev();
        let last = lines.find_map(|line| line.strip_prefix("exception: "))?;
        last.contains('\n').then(|| last.to_owned())
    }
}

impl SessionPage {
    /// Collects the evidence of a failure from the current page.
    pub(crate) async fn evidence(&self, snapshot: &Snapshot) -> Evidence {
        let browser = &self.browser;
        let dom = tokio::time::timeout(LIMIT, browser.dom_text()).await;
        let dom = dom.ok().and_then(Result::ok);
        let lines = browser.console_lines().into_iter();
        let errors = browser.page_errors().into_iter();
        let mut steps = browser.performed_steps();
        if snapshot.story.steps.is_empty() {
            steps.clear();
        }
        Evidence {
            console: lines.map(|line| self.site.redact(&line)).collect(),
            dom: dom.map(|text| crate::redact::redact(&text).into_owned()),
            steps,
            page_errors: errors
                .map(|error| self.site.describe_error(error))
                .collect(),
        }
    }
}
