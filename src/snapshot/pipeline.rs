//! The whole way of one snapshot, from page to result.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;

use super::artifacts::ImageFolder;
use super::baseline_state::BaselineState;
use super::budget::UsualTimesOfRun;
use super::evidence::Evidence;
use super::explain::explanation;
use super::finished::FinishedSnapshot;
use super::first_look::FirstLook;
use super::judge::{CompareRules, Judgement, judge};
use super::session_page::SessionPage;
use super::settle::{Capture, Timings};
use super::stability::{self, missing_fonts};
use super::step_progress::StepProgress;
use super::update::BaselineUpdater;
use super::{budget, fast_path, requests, story_parameters};
use crate::baseline::with_digest;
use crate::browser::{BrowserError, Settled, snapshot_limits};
use crate::cache::CachedPass;
use crate::events::{Event, Part, PartLog};
use crate::model::{Environment, ImageHashes, ResultError, Status, VisualTestResult};
use crate::plan::Snapshot;

/// A snapshot that a session captures and judges.
pub(crate) struct SnapshotJob<'a> {
    /// Its index in the plan.
    pub(crate) index: usize,
    pub(crate) snapshot: &'a Snapshot,
    /// Its document, without what the session knows.
    pub(crate) draft: VisualTestResult,
    /// Where it is captured.
    pub(crate) environment: Environment,
    /// Logs when its parts begin and end.
    pub(crate) log: PartLog,
}

/// Turns captures into results: judges them, writes their images and updates
/// their baselines.
#[derive(Clone)]
pub(crate) struct Verdicts {
    pub(crate) images: ImageFolder,
    pub(crate) updater: BaselineUpdater,
    /// What the times of pages are compared with.
    pub(crate) usual: Arc<UsualTimesOfRun>,
}

/// A snapshot after the fast path.
pub(crate) enum Looked {
    /// It equals its baseline.
    Finished(Box<FinishedSnapshot>),
    /// It does not, and is to be judged; nothing is written yet.
    Differs(Box<FirstLook>),
}

/// Captures a snapshot on the fast path.
///
/// # Errors
/// When the snapshot cannot be captured.
pub(crate) async fn look_at(
    page: &mut SessionPage,
    job: SnapshotJob<'_>,
    verdicts: &Verdicts,
) -> Result<Looked, BrowserError> {
    let baseline = BaselineState::read(&verdicts.updater.baselines, &job.snapshot.baseline);
    let looked = take_look(page, job, baseline, verdicts).await;
    looked.map_err(|error| requests::explain(page, error))
}

/// Captures a snapshot on the fast path only. `None` if the image does not
/// equal the baseline; nothing is written then.
///
/// # Errors
/// When the snapshot cannot be captured.
pub(crate) async fn run_fast_path(
    page: &mut SessionPage,
    job: SnapshotJob<'_>,
    verdicts: &Verdicts,
) -> Result<Option<FinishedSnapshot>, BrowserError> {
    let baseline = BaselineState::read(&verdicts.updater.baselines, &job.snapshot.baseline);
    if baseline.baseline().is_none() {
        return Ok(None);
    }
    Ok(match take_look(page, job, baseline, verdicts).await? {
        Looked::Finished(finished) => Some(*finished),
        Looked::Differs(_) => None,
    })
}

/// The verdict on a snapshot that differs from its baseline at first look.
pub(crate) enum SecondLook {
    /// It equals its baseline after all.
    Finished(Box<FinishedSnapshot>),
    /// Its images are compared.
    Pending(Box<PendingVerdict>),
}

/// Captures a snapshot that differs from its baseline at first look, and judges
/// it.
///
/// # Errors
/// When the snapshot cannot be captured.
pub(crate) async fn judge_look(
    page: &mut SessionPage,
    job: SnapshotJob<'_>,
    look: FirstLook,
    verdicts: &Verdicts,
) -> Result<SecondLook, BrowserError> {
    let mut timings = look.timings();
    let expected = look.baseline.baseline().map(|baseline| &**baseline);
    let captured = stability::capture(page, job.snapshot, expected, &look, &mut timings).await;
    let mut capture = captured.map_err(|error| requests::explain(page, error))?;
    capture.measurements = look.measurements;
    let baseline = look.baseline;
    let equals = (baseline.baseline()).is_some_and(|baseline| baseline.is_capture(&capture.png));
    if !equals && baseline.baseline().is_some() {
        capture.evidence = Some(page.evidence(job.snapshot).await);
    }
    let (index, snapshot) = (job.index, job.snapshot);
    let task = JudgeTask::new(page, job, verdicts, baseline, capture, &timings);
    let pending = PendingVerdict::start(task);
    if !equals {
        return Ok(SecondLook::Pending(Box::new(pending)));
    }
    // The cache needs a pass before the page is left.
    let finished = pending.wait().await;
    log_pass(page, index, snapshot, &finished);
    Ok(SecondLook::Finished(Box::new(finished)))
}

async fn take_look(
    page: &mut SessionPage,
    job: SnapshotJob<'_>,
    baseline: BaselineState,
    verdicts: &Verdicts,
) -> Result<Looked, BrowserError> {
    let snapshot = job.snapshot;
    let mut timings = Timings::start(job.log.clone());
    let has_steps = !snapshot.story.steps.is_empty();
    page.progress =
        has_steps.then(|| StepProgress::new(verdicts.updater.bus.clone(), job.draft.clone()));
    let expected = baseline.baseline();
    let mut captured = fast_path::capture(page, snapshot, expected, &mut timings).await;
    let failed = captured.as_ref().is_err_and(|error| !error.is_fatal());
    if failed && requests::are_unattributed(page) {
        // Once more, without requests of the previous page.
        captured = fast_path::capture(page, snapshot, expected, &mut timings).await;
    }
    let mut capture = captured?;
    if budget::is_exceeded(snapshot, capture.measurements.as_ref()) {
        capture.evidence = Some(page.evidence(snapshot).await);
    }
    // TINTYPE_UPDATE=all adds the digest to a baseline that lacks one.
    let is_incomplete = verdicts.updater.completes_digests() && baseline.lacks_digest();
    if !capture.equals_baseline || is_incomplete {
        let look = FirstLook::new(page, snapshot, capture, baseline, timings);
        return Ok(Looked::Differs(Box::new(look)));
    }
    let (index, snapshot) = (job.index, job.snapshot);
    let finished = JudgeTask::new(page, job, verdicts, baseline, capture, &timings).run();
    log_pass(page, index, snapshot, &finished);
    Ok(Looked::Finished(Box::new(finished)))
}

/// A capture and everything that its verdict needs, without its page.
struct JudgeTask {
    verdicts: Verdicts,
    snapshot: Snapshot,
    result: VisualTestResult,
    capture: Capture,
    baseline: BaselineState,
    rules: CompareRules,
    log: PartLog,
}

impl JudgeTask {
    fn new(
        page: &mut SessionPage,
        job: SnapshotJob<'_>,
        verdicts: &Verdicts,
        baseline: BaselineState,
        capture: Capture,
        timings: &Timings,
    ) -> Self {
        for warning in requests::take_left(page) {
            verdicts.updater.bus.publish(Event::Warning(warning));
        }
        let mut result = draft(page, &job);
        describe(&mut result, page, &capture.settled, timings);
        let [options, other_environment] =
            story_parameters::compare_options(job.snapshot, &page.parameters);
        Self {
            verdicts: verdicts.clone(),
            snapshot: job.snapshot.clone(),
            result,
            capture,
            baseline,
            rules: CompareRules {
                options,
                other_environment,
                environment: job.environment,
            },
            log: job.log,
        }
    }

    fn run(self) -> FinishedSnapshot {
        let begun = Instant::now();
        let (snapshot, capture) = (&self.snapshot, &self.capture);
        let missing = missing_fonts(&capture.settled);
        let mut finished =
            self.verdicts
                .finish(snapshot, self.result, capture, &self.baseline, &self.rules);
        if finished.result.status == Status::Failed {
            let evidence = self.capture.evidence;
            describe_failure(&self.verdicts.images, &mut finished.result, evidence);
        }
        finished.notes.extend(missing);
        let spent = self.log.note(Part::Compare, begun);
        let spent = u64::try_from(spent.as_millis()).unwrap_or(u64::MAX);
        for time in [
            &mut finished.result.compare_ms,
            &mut finished.result.duration_ms,
        ] {
            *time = time.map(|time| time + spent);
        }
        finished
    }
}

/// The verdict on a snapshot, which is formed while its session goes on.
pub(crate) struct PendingVerdict {
    draft: VisualTestResult,
    judging: JoinHandle<FinishedSnapshot>,
}

impl PendingVerdict {
    fn start(task: JudgeTask) -> Self {
        Self {
            draft: task.result.clone(),
            judging: tokio::task::spawn_blocking(|| task.run()),
        }
    }

    /// Waits for the verdict.
    pub(crate) async fn wait(self) -> FinishedSnapshot {
        let judged = self.judging.await;
        judged.unwrap_or_else(|panic| {
            FinishedSnapshot::with_message(self.draft, Status::Failed, panic.to_string())
        })
    }
}

/// Notes the error and the evidence of a snapshot that was captured and failed.
fn describe_failure(
    images: &ImageFolder,
    result: &mut VisualTestResult,
    evidence: Option<Evidence>,
) {
    let is_over = !result.over_budget.is_empty();
    let kind = match result.diff_ratio {
        Some(ratio) if is_over && ratio == 0.0 => "budget",
        None if is_over => "budget",
        Some(_) => "difference",
        None => "baseline",
    };
    result.error = Some(ResultError {
        kind: kind.to_owned(),
        ..ResultError::default()
    });
    if let Some(evidence) = evidence {
        images.write_evidence(result, evidence);
    }
}

/// Logs a result that passed, for the cache.
fn log_pass(
    page: &mut SessionPage,
    index: usize,
    snapshot: &Snapshot,
    finished: &FinishedSnapshot,
) {
    let result = &finished.result;
    let hashes = result.sha256.as_ref();
    if let (Status::Passed, Some(hash)) = (result.status, hashes.and_then(|h| h.baseline.clone()))
        && snapshot.known_failure.is_none()
        // One in quarantine runs every time.
        && snapshot.quarantines.is_empty()
    {
        let pass = CachedPass {
            baseline_sha256: hash,
            environment_changed: result.environment_changed.clone(),
            page_errors: result.page_errors.clone(),
            measurements: result.measurements.clone(),
        };
        page.log_pass(index, pass);
    }
}

impl Verdicts {
    /// Judges a capture, writes the images of one that did not pass, and
    /// accepts it as the baseline if the update mode says so.
    fn finish(
        &self,
        snapshot: &Snapshot,
        mut result: VisualTestResult,
        capture: &Capture,
        state: &BaselineState,
        rules: &CompareRules,
    ) -> FinishedSnapshot {
        let baseline = state.baseline();
        let judgement = match state {
            BaselineState::Unusable(error) => Judgement::unusable_baseline(error),
            _ => judge(capture, baseline.map(|b| &**b), rules),
        };
        let status = judgement.status;
        result.status = status;
        result.explanation =
            baseline.and_then(|baseline| explanation(&judgement, capture, baseline, rules));
        result.message = judgement.message;
        result.diff_ratio = judgement.diff_ratio;
        result.regions = judgement.regions;
        result.environment_changed = judgement.environment_changed;
        if !matches!(state, BaselineState::Missing) {
            result.baseline = Some(self.updater.manifest.relative(&snapshot.baseline));
        }
        if let Some(baseline) = baseline {
            result.sha256 = Some(ImageHashes {
                baseline: Some(baseline.file_sha256.clone()),
                ..ImageHashes::default()
            });
        }
        let mut notes = Vec::new();
        let image = with_digest(&capture.png, capture.digest.as_deref());
        if status != Status::Passed {
            let diff = judgement.diff.as_deref();
            notes = self.images.write(&mut result, Some(&image), diff);
        }
        let is_outdated = !result.environment_changed.is_empty()
            || baseline.is_none_or(|found| !found.is_encoded_from(&capture.png))
            || (capture.digest.is_some() && state.lacks_digest());
        if self.updater.accepts(snapshot, status, is_outdated) {
            let environment = rules.environment.clone();
            // The result says why it could not be accepted.
            let _ = self
                .updater
                .accept(snapshot, &image, environment, &mut result);
        }
        let measured = capture.measurements.as_ref();
        budget::apply(snapshot, measured, &self.usual, &mut result);
        FinishedSnapshot {
            notes,
            ..FinishedSnapshot::new(result)
        }
    }
}

/// The document of a snapshot with what the session knows.
fn draft(page: &SessionPage, job: &SnapshotJob<'_>) -> VisualTestResult {
    let mut result = job.draft.clone();
    result.browser = Some(page.browser.info().browser.clone());
    let limits = snapshot_limits(job.snapshot, &page.site.manifest.browser);
    result.limits = limits.into_iter().map(str::to_owned).collect();
    result
}

/// Notes how the snapshot was captured.
fn describe(
    result: &mut VisualTestResult,
    page: &SessionPage,
    settled: &Settled,
    timings: &Timings,
) {
    let ms = |time: Duration| Some(u64::try_from(time.as_millis()).unwrap_or(u64::MAX));
    result.navigate_ms = ms(timings.navigate);
    result.settle_ms = ms(timings.settle);
    result.capture_ms = ms(timings.capture);
    result.compare_ms = ms(timings.compare);
    result.duration_ms = ms(timings.started.elapsed());
    let errors = settled.page_errors.iter().cloned();
    let errors = errors.map(|error| page.site.describe_error(error));
    result.page_errors = errors.collect();
    result.settled.clone_from(&settled.steps);
    let addresses = settled.foreign.iter();
    let addresses = addresses.take(VisualTestResult::MOST_ADDRESSES);
    let redacted = addresses.map(|address| page.site.redact(address));
    result.open_network = redacted.collect();
}
