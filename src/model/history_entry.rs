//! One outcome in the history of a snapshot.

use serde::{Deserialize, Serialize};

use super::failure_kind::FailureKind;
use super::{Region, RunId, Status, VisualTestResult, VisualTestRun};

/// The number of hexadecimal digits that identify a baseline or an environment.
const DIGITS: usize = 16;

/// One outcome in the history of a snapshot, in the order of fields that
/// `history.lua` expects: run, time, status and duration first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HistoryEntry {
    /// The run.
    pub run_id: RunId,
    /// The time, in milliseconds since the Unix epoch.
    pub at: i64,
    /// The final status.
    pub status: Status,
    /// The duration in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
    /// Differing pixels ÷ all compared pixels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diff_ratio: Option<f64>,
    /// The branch, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// The full hash of the commit, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// Whether tracked files differed from the commit.
    #[serde(default, skip_serializing_if = "is_false")]
    pub dirty: bool,
    /// The first 16 digits of the SHA-256 of the baseline's file, if it was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<String>,
    /// The number of attempts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u32>,
    /// The engine: `chromium`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engine: Option<String>,
    /// A hash of platform, architecture, fonts and browser version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// Whether it passed from the cache without being captured.
    #[serde(default, skip_serializing_if = "is_false")]
    pub cached: bool,
    /// Whether two captures of one attempt differed.
    #[serde(default, skip_serializing_if = "is_false")]
    pub unstable: bool,
    /// The kind of the first failed attempt: see `FailureKind`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The region that moved or differed most, in image pixels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<Region>,
    /// The condition that was awaited in vain: `fonts (Inter)`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub awaited: Option<String>,
    /// The last day of the quarantine that covered it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quarantine: Option<String>,
    /// The times of its page, if it was measured.
    #[serde(flatten)]
    pub times: PageTimes,
    /// The cumulative layout shift, if it was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cls: Option<f64>,
    /// A short hash of the kind of machine, if it was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub machine: Option<String>,
}

/// The times of the page of an outcome, in milliseconds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PageTimes {
    /// The largest contentful paint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lcp_ms: Option<u64>,
    /// The first paint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_paint_ms: Option<u64>,
    /// The processor time of scripts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub script_ms: Option<u64>,
    /// Until the page was loaded, by the clock of the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub navigate_ms: Option<u64>,
    /// Until it settled, by the clock of the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settle_ms: Option<u64>,
}

impl PageTimes {
    /// Those of a result; none unless its page was measured.
    pub fn of(result: &VisualTestResult) -> Self {
        let Some(measured) = &result.measurements else {
            return Self::default();
        };
        Self {
            lcp_ms: measured.lcp_ms,
            first_paint_ms: measured.first_paint_ms,
            script_ms: measured.script_ms,
            navigate_ms: result.navigate_ms,
            settle_ms: result.settle_ms,
        }
    }

    /// The names of the times, with the times.
    pub fn named(&self) -> [(&'static str, Option<u64>); 5] {
        [
            ("LCP", self.lcp_ms),
            ("first paint", self.first_paint_ms),
            ("script time", self.script_ms),
            ("load", self.navigate_ms),
            ("settling", self.settle_ms),
        ]
    }
}

/// A short hash of a kind of machine.
pub(crate) fn machine_kind(machine: &str) -> String {
    blake3::hash(machine.as_bytes()).to_hex()[..DIGITS].to_owned()
}

/// What the outcomes of a process have in common.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OutcomeOrigin {
    branch: Option<String>,
    commit: Option<String>,
    dirty: bool,
    /// Platform, architecture and fonts.
    machine: String,
    /// The kind of machine, see [`machine_kind`]; empty if unknown.
    kind_of_machine: String,
}

impl OutcomeOrigin {
    /// The origin of the outcomes of a run's process.
    pub fn of(run: &VisualTestRun) -> Self {
        let environment = &run.environment;
        let git = environment.git.as_ref();
        let fonts = environment.fonts.as_deref().unwrap_or_default();
        Self {
            branch: git.and_then(|git| git.branch.clone()),
            commit: git.map(|git| git.commit.clone()),
            dirty: git.is_some_and(|git| git.dirty),
            machine: format!("{}\n{}\n{fonts}", environment.platform, environment.arch),
            kind_of_machine: String::new(),
        }
    }

    /// The same on a kind of machine.
    #[must_use]
    pub fn on(self, machine: &str) -> Self {
        Self {
            kind_of_machine: machine_kind(machine),
            ..self
        }
    }
}

impl HistoryEntry {
    /// An outcome with only run, time and status.
    pub fn new(run_id: RunId, at: i64, status: Status) -> Self {
        Self {
            run_id,
            at,
            status,
            duration_ms: None,
            diff_ratio: None,
            branch: None,
            commit: None,
            dirty: false,
            baseline: None,
            attempt: None,
            engine: None,
            environment: None,
            cached: false,
            unstable: false,
            kind: None,
            region: None,
            awaited: None,
            quarantine: None,
            times: PageTimes::default(),
            cls: None,
            machine: None,
        }
    }

    /// The outcome of a result; `None` while it is not final.
    pub fn of(result: &VisualTestResult, at: i64, origin: &OutcomeOrigin) -> Option<Self> {
        // A quarantine hides a failure from the run, not from the history.
        let hidden = result.quarantine.as_ref().map(|mark| mark.status);
        let status = hidden.unwrap_or(result.status);
        if !status.is_final() {
            return None;
        }
        let failure = FailureKind::of(result);
        let hashes = result.sha256.as_ref();
        let baseline = hashes.and_then(|hashes| hashes.baseline.as_deref());
        let browser = result.browser.as_deref();
        let engine = browser.and_then(|browser| browser.split(' ').next());
        let environment = browser
            .filter(|_| !origin.machine.is_empty())
            .map(|browser| {
                let hash = blake3::hash(format!("{}\n{browser}", origin.machine).as_bytes());
                hash.to_hex()[..DIGITS].to_owned()
            });
        let measured = result.measurements.as_ref();
        let machine = measured.filter(|_| !origin.kind_of_machine.is_empty());
        let attempts = u32::try_from(result.attempts.len()).unwrap_or(u32::MAX);
        Some(Self {
            duration_ms: result.duration_ms,
            diff_ratio: result.diff_ratio,
            branch: origin.branch.clone(),
            commit: origin.commit.clone(),
            dirty: origin.dirty,
            baseline: baseline.map(|hash| hash.chars().take(DIGITS).collect()),
            attempt: result.attempt.max((attempts > 0).then_some(attempts)),
            engine: engine.map(str::to_owned),
            environment,
            cached: result.cached,
            unstable: result.unstable,
            region: failure.as_ref().and_then(|failure| failure.region),
            awaited: failure.as_ref().and_then(|failure| failure.awaited.clone()),
            kind: failure.map(|failure| failure.name),
            quarantine: result.quarantine.as_ref().map(|mark| mark.until.clone()),
            times: PageTimes::of(result),
            cls: measured.and_then(|measured| measured.cls),
            machine: machine.map(|_| origin.kind_of_machine.clone()),
            ..Self::new(result.run_id.clone(), at, status)
        })
    }

    /// Whether the snapshot looked right: it passed, or differed within
    /// tolerance.
    pub fn is_good(&self) -> bool {
        matches!(self.status, Status::Passed | Status::Changed)
    }

    /// Whether it passed, but not at the first attempt.
    pub fn was_retried(&self) -> bool {
        self.is_good() && self.attempt.is_some_and(|attempt| attempt > 1)
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_false(flag: &bool) -> bool {
    !flag
}

#[cfg(test)]
mod tests {
    use super::{HistoryEntry, OutcomeOrigin};
    use crate::model::{
        Attempt, Environment, Git, ImageHashes, RunId, Status, StoryIdentifier, VisualTestResult,
        VisualTestRun,
    };

    #[test]
    fn an_outcome_names_commit_baseline_engine_and_failure() {
        let environment = Environment {
            platform: "linux".to_owned(),
            git: Some(Git {
                commit: "c0ffee".to_owned(),
                branch: Some("feature".to_owned()),
                dirty: true,
                ..Git::default()
            }),
            ..Environment::default()
        };
        let run = VisualTestRun::start(RunId("run-1".to_owned()), environment);
        let id = StoryIdentifier::from_key("a:dark:10x20").unwrap();
        let mut result = VisualTestResult::new(run.run_id.clone(), id, Status::Passed);
        result.browser = Some("chromium 156.0".to_owned());
        result.sha256 = Some(ImageHashes {
            baseline: Some("0123456789abcdef0123".to_owned()),
            ..ImageHashes::default()
        });
        let attempt = |status, message: Option<&str>| Attempt {
            status,
            message: message.map(str::to_owned),
            duration_ms: 5,
        };
        let failed = "timed out after 5 s waiting for fonts (Inter)";
        result.attempts = vec![
            attempt(Status::Failed, Some(failed)),
            attempt(Status::Passed, None),
        ];
        let origin = OutcomeOrigin::of(&run);
        let outcome = HistoryEntry::of(&result, 7, &origin).unwrap();
        assert!(outcome.was_retried() && outcome.dirty);
        assert_eq!(outcome.baseline.as_deref(), Some("0123456789abcdef"));
        assert_eq!(outcome.engine.as_deref(), Some("chromium"));
        assert_eq!(outcome.kind.as_deref(), Some("timeout: fonts"));
        assert_eq!(outcome.awaited.as_deref(), Some("fonts (Inter)"));
        assert_eq!(outcome.commit.as_deref(), Some("c0ffee"));
        // A browser update is another environment.
        result.browser = Some("chromium 157.0".to_owned());
        let updated = HistoryEntry::of(&result, 7, &origin).unwrap();
        assert_ne!(updated.environment, outcome.environment);
        // Entries of earlier versions have less.
        let old = r#"{"runId":"run-1","at":7,"status":"passed"}"#;
        let old: HistoryEntry = serde_json::from_str(old).unwrap();
        assert_eq!(old, HistoryEntry::new(run.run_id, 7, Status::Passed));
    }
}
