//! The result of a snapshot.

use serde::{Deserialize, Serialize};

use super::{
    CacheMissReason, EnvironmentChange, Explanation, FailureArtifacts, Measurements, PerformedStep,
    Region, ResultError, RunId, Status, StoryIdentifier,
};

/// The document of a snapshot in a run:
/// `visualtest:{runId}:{storyId}:{theme}:{width}x{height}` in Redis.
///
/// Optional fields are absent rather than null. Readers ignore unknown fields.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VisualTestResult {
    /// The run it belongs to.
    pub run_id: RunId,
    /// Story, theme and viewport.
    pub story_identifier: StoryIdentifier,
    /// The theme, repeated for dashboards.
    pub theme: String,
    /// The status.
    pub status: Status,
    /// The accepted image, relative to the manifest's folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<String>,
    /// The captured image, relative to the manifest's folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current: Option<String>,
    /// The diff image, relative to the manifest's folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diff: Option<String>,
    /// Differing pixels ÷ all compared pixels, 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diff_ratio: Option<f64>,
    /// A message for the user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The total duration in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
    /// The time to load the page, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub navigate_ms: Option<u64>,
    /// The time until the page settled, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settle_ms: Option<u64>,
    /// The time to capture the image, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capture_ms: Option<u64>,
    /// The time to compare it, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compare_ms: Option<u64>,
    /// The number of the attempt, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u32>,
    /// The browser that rendered it: `chromium 156.0.8078.79`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub browser: Option<String>,
    /// Device pixels per CSS pixel; absent when it is 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scale: Option<f64>,
    /// The process that ran it: host name and process id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worker: Option<String>,
    /// Hashes of the three image files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<ImageHashes>,
    /// Bounding boxes of the differences, largest first, in image pixels.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub regions: Vec<Region>,
    /// The conditions that the page was waited for, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub settled: Vec<SettledStep>,
    /// Addresses outside the story server that the page has requested, at most
    /// [`MOST_ADDRESSES`](Self::MOST_ADDRESSES) of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub open_network: Vec<String>,
    /// Whether two captures differed. `current` is then the last capture and
    /// `diff` its difference from the one before; neither can be accepted.
    #[serde(default, skip_serializing_if = "is_false")]
    pub unstable: bool,
    /// Whether it passed from the cache without being captured.
    #[serde(default, skip_serializing_if = "is_false")]
    pub cached: bool,
    /// Why the cache did not pass it; absent if it was not asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_miss: Option<CacheMissReason>,
    /// All attempts in order, if there was more than one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attempts: Vec<Attempt>,
    /// The reason of a `known-failure` in the manifest. A snapshot that fails as
    /// expected is `changed`; one that does not is `failed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known_failure: Option<String>,
    /// The quarantine that covers it. A snapshot that fails in quarantine is
    /// `changed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quarantine: Option<QuarantineMark>,
    /// The step that failed; `current` then shows the page at that time and
    /// cannot be accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unmet_step: Option<UnmetStep>,
    /// The error of a snapshot that failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ResultError>,
    /// The files about the failure, beside the images.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifacts: Option<FailureArtifacts>,
    /// The steps of a snapshot that failed, as far as they were performed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<PerformedStep>,
    /// Errors of the page: failed requests to its own origin, uncaught
    /// exceptions and `console.error`, in order, at most
    /// [`MAX_PAGE_ERRORS`](Self::MAX_PAGE_ERRORS) of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub page_errors: Vec<PageError>,
    /// When a person accepted the current image, in milliseconds since the Unix
    /// epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted_at: Option<i64>,
    /// When a person rejected the current image, in milliseconds since the Unix
    /// epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rejected_at: Option<i64>,
    /// How many pixels differ at other thresholds, and the settings with which
    /// it would pass, for people: one line each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sensitivity: Vec<String>,
    /// Why it differs, if its baseline has a layout digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub explanation: Option<Explanation>,
    /// The measurements of its page, if the manifest asks for them. Those of a
    /// cached snapshot are from its last capture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measurements: Option<Measurements>,
    /// Where the measurements exceed the budget: `412 KiB of 300 KiB`. It fails
    /// the snapshot.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub over_budget: Vec<String>,
    /// The differences from the environment of the baseline.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub environment_changed: Vec<EnvironmentChange>,
    /// The features that the browser does not support, a sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub limits: Vec<String>,
}

/// The result of one attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Attempt {
    /// `failed`, or for the last attempt the status of the snapshot.
    pub status: Status,
    /// A message for the user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The duration in milliseconds.
    pub duration_ms: u64,
}

/// The quarantine of a snapshot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct QuarantineMark {
    /// Why it is in quarantine.
    pub reason: String,
    /// The last day of the quarantine, in UTC: `2026-12-31`.
    pub until: String,
    /// The status that it would have without the quarantine.
    pub status: Status,
}

/// A step of a story that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UnmetStep {
    /// The number of the step, from 1.
    pub number: usize,
    /// Its key in the manifest: `click`.
    pub kind: String,
    /// Its target: a selector, a key, a script.
    pub target: String,
}

/// An error of the page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PageError {
    /// The kind of error.
    pub kind: PageErrorKind,
    /// One line: `404 Not Found`, `TypeError: x is undefined`.
    pub message: String,
    /// The address of the request or script, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// The kind of an error of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PageErrorKind {
    /// A request to the page's own origin failed.
    Request,
    /// An exception was not caught.
    Exception,
    /// The page called `console.error`.
    Console,
}

impl std::fmt::Display for PageError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let message = &self.message;
        match (self.kind, &self.url) {
            (PageErrorKind::Request, Some(url)) => {
                write!(f, "the request to {url} failed: {message}")
            }
            (PageErrorKind::Request, None) => write!(f, "a request failed: {message}"),
            (PageErrorKind::Exception, Some(url)) => {
                write!(f, "uncaught exception in {url}: {message}")
            }
            (PageErrorKind::Exception, None) => write!(f, "uncaught exception: {message}"),
            (PageErrorKind::Console, _) => write!(f, "console.error: {message}"),
        }
    }
}

/// SHA-256 of the image files, in lowercase hexadecimal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ImageHashes {
    /// Of the accepted image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<String>,
    /// Of the captured image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current: Option<String>,
    /// Of the diff image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diff: Option<String>,
}

/// A condition that the page was waited for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SettledStep {
    /// The condition: `load`, `fonts`, `images`, …
    pub step: String,
    /// The time until it was met, in milliseconds.
    pub ms: u64,
}

impl VisualTestResult {
    /// The maximum number of addresses in a result.
    pub const MOST_ADDRESSES: usize = 20;

    /// The maximum number of page errors in a result.
    pub const MAX_PAGE_ERRORS: usize = 20;

    /// A result with only identifier and status.
    pub fn new(run_id: RunId, story_identifier: StoryIdentifier, status: Status) -> Self {
        Self {
            run_id,
            theme: story_identifier.theme.clone(),
            story_identifier,
            status,
            baseline: None,
            current: None,
            diff: None,
            diff_ratio: None,
            message: None,
            duration_ms: None,
            navigate_ms: None,
            settle_ms: None,
            capture_ms: None,
            compare_ms: None,
            attempt: None,
            browser: None,
            scale: None,
            worker: None,
            sha256: None,
            regions: Vec::new(),
            settled: Vec::new(),
            open_network: Vec::new(),
            unstable: false,
            cached: false,
            cache_miss: None,
            attempts: Vec::new(),
            known_failure: None,
            quarantine: None,
            unmet_step: None,
            error: None,
            artifacts: None,
            steps: Vec::new(),
            page_errors: Vec::new(),
            accepted_at: None,
            rejected_at: None,
            sensitivity: Vec::new(),
            explanation: None,
            measurements: None,
            over_budget: Vec::new(),
            environment_changed: Vec::new(),
            limits: Vec::new(),
        }
    }

    /// Whether it passed, but not at the first attempt.
    pub fn is_flaky(&self) -> bool {
        let ended_well = matches!(self.status, Status::Passed | Status::Changed);
        let was_failure = self.fails_as_known() || self.fails_in_quarantine();
        self.attempts.len() > 1 && ended_well && !was_failure
    }

    /// Whether it was new and became the baseline at once, which is no failure.
    pub fn is_accepted(&self) -> bool {
        self.status == Status::New && self.baseline.is_some()
    }

    /// Whether it fails its run: it failed, or it is new and was not accepted.
    pub fn fails_run(&self) -> bool {
        matches!(self.status, Status::Failed | Status::New) && !self.is_accepted()
    }

    /// Whether a person must accept or reject it: it fails its run, and its
    /// current image could become the baseline.
    pub fn needs_decision(&self) -> bool {
        self.fails_run() && self.has_picture_to_accept()
    }

    /// Whether its current image may be accepted: it needs a decision, or it
    /// changed within tolerance.
    pub fn can_be_accepted(&self) -> bool {
        self.needs_decision() || (self.status == Status::Changed && self.has_picture_to_accept())
    }

    /// Whether `current` is an image that can become the baseline.
    pub fn has_picture_to_accept(&self) -> bool {
        self.current.is_some() && !self.shows_trouble() && !self.fails_as_known()
    }

    /// Whether it fails as expected by `known-failure`, so that its image must not
    /// become the baseline.
    pub fn fails_as_known(&self) -> bool {
        self.known_failure.is_some() && self.status == Status::Changed
    }

    /// Whether it failed, but does not fail its run because it is in quarantine.
    pub fn fails_in_quarantine(&self) -> bool {
        let mark = self.quarantine.as_ref();
        mark.is_some_and(|mark| mark.status == Status::Failed) && self.status == Status::Changed
    }

    /// Whether its images show a problem instead of the story.
    pub fn shows_trouble(&self) -> bool {
        self.unstable || self.unmet_step.is_some()
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_false(flag: &bool) -> bool {
    !flag
}
