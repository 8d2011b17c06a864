//! Waits for a page to settle and captures it.

use std::time::{Duration, Instant};

use super::evidence::Evidence;
use super::requests;
use super::session_page::SessionPage;
use crate::browser::{BrowserError, Settled, Thoroughness};
use crate::events::{Part, PartLog};
use crate::explain::{DeclaringRules, PagePair};
use crate::manifest::PageErrors;
use crate::manifest::{CaptureSettings, Target};
use crate::model::Measurements;
use crate::plan::Snapshot;

/// An image of a page, and the state of the page when it was captured.
pub(super) struct Capture {
    pub(super) png: Vec<u8>,
    pub(super) settled: Settled,
    /// Whether the fast path found that the image equals the baseline.
    pub(super) equals_baseline: bool,
    /// The compressed layout digest of the page, if one was taken.
    pub(super) digest: Option<Vec<u8>>,
    /// Its digest and that of the baseline, if both were read.
    pub(super) pages: Option<PagePair>,
    /// The rules that declare what differs from the digest of the baseline.
    pub(super) rules: DeclaringRules,
    /// The measurements of the page that was looked at first.
    pub(super) measurements: Option<Measurements>,
    /// What helps to understand a failure.
    pub(super) evidence: Option<Evidence>,
}

/// The time that each part of a snapshot took.
#[derive(Clone, Debug)]
pub(super) struct Timings {
    pub(super) log: PartLog,
    pub(super) started: Instant,
    pub(super) navigate: Duration,
    pub(super) settle: Duration,
    pub(super) capture: Duration,
    pub(super) compare: Duration,
}

impl Timings {
    /// Starts measuring.
    pub(super) fn start(log: PartLog) -> Self {
        Self {
            log,
            started: Instant::now(),
            navigate: Duration::ZERO,
            settle: Duration::ZERO,
            capture: Duration::ZERO,
            compare: Duration::ZERO,
        }
    }

    /// Adds a part that ends now.
    pub(super) fn note(&mut self, part: Part, begun: Instant) {
        let time = self.log.note(part, begun);
        *match part {
            Part::Navigate => &mut self.navigate,
            Part::Settle => &mut self.settle,
            Part::Capture => &mut self.capture,
            Part::Compare => &mut self.compare,
        } += time;
    }
}

/// Waits for the page to settle, within the story's time limit from `started`,
/// and captures it.
pub(super) async fn settle_and_capture(
    page: &mut SessionPage,
    snapshot: &Snapshot,
    thoroughness: Thoroughness,
    started: Instant,
    timings: &mut Timings,
) -> Result<Capture, BrowserError> {
    let capture = &snapshot.story.capture;
    let begun = Instant::now();
    let settled = page.browser.settle(capture, thoroughness, started).await;
    timings.note(Part::Settle, begun);
    let mut settled = settled?;
    if settled.dirty {
        page.dirty = Some(page.site.address(snapshot));
    }
    let begun = Instant::now();
    let png = page.browser.capture(capture, snapshot.screen).await;
    timings.note(Part::Capture, begun);
    let png = png?;
    requests::check(page, &mut settled)?;
    if capture.page_errors == PageErrors::Fail && !settled.page_errors.is_empty() {
        let errors = settled.page_errors.into_iter();
        let errors = errors.map(|error| page.site.describe_error(error));
        return Err(BrowserError::PageErrors {
            errors: errors.collect(),
        });
    }
    Ok(Capture {
        png,
        settled,
        equals_baseline: false,
        digest: None,
        pages: None,
        rules: DeclaringRules::new(),
        measurements: None,
        evidence: None,
    })
}

/// Adds a screenshot of the viewport to the error of a failed step.
pub(super) async fn with_screenshot(
    page: &mut SessionPage,
    error: BrowserError,
    snapshot: &Snapshot,
) -> BrowserError {
    let BrowserError::Step(mut unmet) = error else {
        return error;
    };
    let settings = CaptureSettings {
        target: Target::Viewport,
        ..snapshot.story.capture.clone()
    };
    unmet.picture = page.browser.capture(&settings, snapshot.screen).await.ok();
    BrowserError::Step(unmet)
}
