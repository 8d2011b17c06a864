//! Tells flaky snapshots from real changes.
//!
//! Evidence is only what disagrees although nothing changed: an attempt that
//! failed before another one passed, two captures of one attempt that differ,
//! and failures of a clean commit that also passed with the same baseline in the
//! same environment. Failures after a change of the code, the baseline, the browser
//! or the fonts are never counted as flaky.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

use crate::model::failure_kind::{DRIVER, NETWORK, TIMEOUT, UNSTABLE};
use crate::model::{HistoryEntry, Region, Status};

/// How many outcomes of a snapshot are looked at, the newest ones: a snapshot
/// that was fixed is clean after so many.
const WINDOW: usize = 40;

/// How flaky a story is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FlakeLevel {
    /// Nothing disagrees.
    Clean,
    /// Something disagreed.
    Noisy,
    /// The score is at least 3 %.
    AtRisk,
    /// The score is at least 10 %.
    Unstable,
    /// The score is at least 30 %.
    Broken,
}

impl FlakeLevel {
    /// The level in words: `at risk`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Clean => "clean",
            Self::Noisy => "noisy",
            Self::AtRisk => "at risk",
            Self::Unstable => "unstable",
            Self::Broken => "broken",
        }
    }
}

/// The evidence for flakiness of a snapshot, or of several.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FlakeAssessment {
    /// Executions that could have disagreed.
    pub executions: u64,
    /// Executions that passed, but not at the first attempt.
    pub retried: u64,
    /// Executions in which two captures differed.
    pub unstable: u64,
    /// Failed executions whose commit passed with the same baseline in the same
    /// environment.
    pub repeated: u64,
    /// Failures by kind, of the evidence and of the driver. Failures of the driver
    /// are no evidence: they say nothing about the story.
    pub kinds: BTreeMap<String, u64>,
    /// The region that moved last, in image pixels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<Region>,
    /// The condition that was awaited in vain last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub awaited: Option<String>,
}

/// What is equal when nothing has changed, apart from the baseline.
type Conditions<'a> = (&'a str, Option<&'a str>);

impl FlakeAssessment {
    /// Assesses the history of one snapshot, oldest first.
    pub fn of(outcomes: &[HistoryEntry]) -> Self {
        let outcomes = &outcomes[outcomes.len().saturating_sub(WINDOW)..];
        let mut passes: HashMap<Conditions<'_>, Vec<Option<&str>>> = HashMap::new();
        for outcome in outcomes.iter().filter(|outcome| outcome.is_good()) {
            if let Some(conditions) = conditions(outcome) {
                let baselines = passes.entry(conditions).or_default();
                baselines.push(outcome.baseline.as_deref());
            }
        }
        let mut assessment = Self::default();
        for outcome in outcomes.iter().filter(|outcome| !outcome.cached) {
            // A failure before the baseline was read has none.
            let has_passed = conditions(outcome)
                .and_then(|conditions| passes.get(&conditions))
                .is_some_and(|baselines| {
                    outcome.baseline.is_none() || baselines.contains(&outcome.baseline.as_deref())
                });
            assessment.add(outcome, has_passed);
        }
        assessment
    }

    /// Adds an execution. `has_passed` says whether it passed with nothing
    /// changed.
    fn add(&mut self, outcome: &HistoryEntry, has_passed: bool) {
        let kind = outcome.kind.as_deref();
        if kind == Some(DRIVER) {
            *self.kinds.entry(DRIVER.to_owned()).or_default() += 1;
            return;
        }
        let is_evidence = if outcome.was_retried() {
            self.retried += 1;
            true
        } else if outcome.unstable {
            self.unstable += 1;
            true
        } else if outcome.status == Status::Failed && has_passed {
            self.repeated += 1;
            true
        } else {
            false
        };
        // A failure that nothing contradicts is a change, or always fails.
        if is_evidence || outcome.is_good() {
            self.executions += 1;
        }
        if is_evidence {
            if let Some(kind) = kind {
                *self.kinds.entry(kind.to_owned()).or_default() += 1;
            }
            self.region = outcome.region.or(self.region);
            if outcome.awaited.is_some() {
                self.awaited.clone_from(&outcome.awaited);
            }
        }
    }

    /// Adds the evidence of another snapshot of the same story.
    pub fn merge(&mut self, other: &Self) {
        self.executions += other.executions;
        self.retried += other.retried;
        self.unstable += other.unstable;
        self.repeated += other.repeated;
        for (kind, count) in &other.kinds {
            *self.kinds.entry(kind.clone()).or_default() += count;
        }
        self.region = self.region.or(other.region);
        self.awaited = self.awaited.take().or_else(|| other.awaited.clone());
    }

    /// The number of executions that disagreed.
    pub fn disagreements(&self) -> u64 {
        self.retried + self.unstable + self.repeated
    }

    /// The share of executions that disagreed, 0 to 1.
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
    pub fn rate(&self) -> f64 {
        if self.executions == 0 {
            return 0.0;
        }
        self.disagreements() as f64 / self.executions as f64
    }

    /// The lower end of the interval in which the rate probably is (Wilson, one
    /// standard deviation), 0 to 1: few executions prove little.
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
    pub fn score(&self) -> f64 {
        if self.disagreements() == 0 {
            return 0.0;
        }
        let (n, rate) = (self.executions as f64, self.rate());
        let middle = rate + 0.5 / n;
        let margin = (rate * (1.0 - rate) / n + 0.25 / (n * n)).sqrt();
        ((middle - margin) / (1.0 + 1.0 / n)).clamp(0.0, 1.0)
    }

    /// The level.
    pub fn level(&self) -> FlakeLevel {
        if self.disagreements() == 0 {
            return FlakeLevel::Clean;
        }
        match self.score() {
            score if score >= 0.3 => FlakeLevel::Broken,
            score if score >= 0.1 => FlakeLevel::Unstable,
            score if score >= 0.03 => FlakeLevel::AtRisk,
            _ => FlakeLevel::Noisy,
        }
    }

    /// The most frequent kind of the evidence.
    pub fn main_kind(&self) -> Option<&str> {
        let kinds = self.kinds.iter().filter(|(kind, _)| *kind != DRIVER);
        let most = kinds.max_by_key(|(_, count)| **count);
        most.map(|(kind, _)| kind.as_str())
    }

    /// What may help, one sentence; `None` for a clean story.
    pub fn advice(&self) -> Option<String> {
        if self.level() == FlakeLevel::Clean {
            return None;
        }
        let kind = self.main_kind().unwrap_or_default();
        let advice = if let Some(condition) = kind.strip_prefix(TIMEOUT) {
            let awaited = self.awaited.as_deref().unwrap_or(condition);
            format!(
                "it timed out waiting for {awaited}: serve it from the stories' folder, or raise \
                 `timeout`"
            )
        } else if kind == UNSTABLE || self.unstable > 0 {
            let place = self.place();
            format!(
                "mask {place} with `ignore`, or stop what moves: `clock` for dates, `seed` for \
                 random values, `wait-for` for late content"
            )
        } else if kind == NETWORK {
            "answer its requests with `request`, so that no server is needed".to_owned()
        } else if let Some(step) = kind.strip_prefix("step: ") {
            format!("its step `{step}` comes too early: add a step or a `wait-for` before it")
        } else {
            let place = self.place();
            format!(
                "{place} differs between runs of one commit: set `clock` or `seed`, or use \
                 `wait-for` if it appears late"
            )
        };
        Some(if self.level() >= FlakeLevel::Unstable {
            format!("{advice}; until it is fixed, quarantine it")
        } else {
            advice
        })
    }

    /// The region that moves.
    fn place(&self) -> String {
        self.region
            .map_or("the moving region".to_owned(), |region| {
                format!(
                    "the region {}×{} at {},{}",
                    region.width, region.height, region.x, region.y
                )
            })
    }
}

/// The commit and environment of an outcome, if the commit is what was tested.
fn conditions(outcome: &HistoryEntry) -> Option<Conditions<'_>> {
    let commit = outcome.commit.as_deref().filter(|_| !outcome.dirty)?;
    Some((commit, outcome.environment.as_deref()))
}

#[cfg(test)]
mod tests {
    use super::{FlakeAssessment, FlakeLevel};
    use crate::model::{HistoryEntry, Region, RunId, Status};

    fn outcome(status: Status, commit: &str, baseline: &str) -> HistoryEntry {
        HistoryEntry {
            commit: Some(commit.to_owned()),
            baseline: Some(baseline.to_owned()),
            kind: (status == Status::Failed).then(|| "difference".to_owned()),
            ..HistoryEntry::new(RunId("run-1".to_owned()), 1, status)
        }
    }

    #[test]
    fn real_changes_are_no_evidence() {
        // Another commit, another baseline, another environment, a dirty tree.
        let mut newer = outcome(Status::Passed, "c", "1");
        newer.environment = Some("157".to_owned());
        let mut dirty = outcome(Status::Failed, "a", "1");
        dirty.dirty = true;
        let outcomes = [
            outcome(Status::Passed, "a", "1"),
            outcome(Status::Failed, "b", "1"),
            outcome(Status::Failed, "b", "1"),
            outcome(Status::Passed, "b", "2"),
            outcome(Status::Failed, "c", "1"),
            newer,
            dirty,
        ];
        let assessment = FlakeAssessment::of(&outcomes);
        assert_eq!(assessment.level(), FlakeLevel::Clean);
        assert_eq!((assessment.executions, assessment.disagreements()), (3, 0));
        assert_eq!(assessment.advice(), None);
    }

    #[test]
    fn disagreements_on_one_commit_are_counted_with_their_kinds() {
        let mut retried = outcome(Status::Passed, "a", "1");
        retried.attempt = Some(2);
        retried.kind = Some("timeout: fonts".to_owned());
        retried.awaited = Some("fonts (Inter)".to_owned());
        let mut unstable = outcome(Status::Failed, "b", "1");
        unstable.unstable = true;
        unstable.kind = Some("unstable region".to_owned());
        unstable.region = Some(Region {
            x: 12,
            y: 80,
            width: 300,
            height: 40,
        });
        let mut crashed = outcome(Status::Failed, "a", "1");
        crashed.kind = Some("driver".to_owned());
        let outcomes = [
            outcome(Status::Passed, "a", "1"),
            retried,
            outcome(Status::Failed, "a", "1"),
            unstable,
            crashed,
        ];
        let assessment = FlakeAssessment::of(&outcomes);
        assert_eq!(
            serde_json::to_string(&assessment).unwrap(),
            r#"{"executions":4,"retried":1,"unstable":1,"repeated":1,"kinds":{"difference":1,"driver":1,"timeout: fonts":1,"unstable region":1},"region":{"x":12,"y":80,"width":300,"height":40},"awaited":"fonts (Inter)"}"#
        );
        assert_eq!(assessment.level(), FlakeLevel::Broken);
        let advice = assessment.advice().unwrap();
        assert!(
            advice.contains("300×40 at 12,80") && advice.ends_with("quarantine it"),
            "{advice}"
        );
    }

    #[test]
    fn few_executions_prove_little() {
        let level = |retried, executions| {
            let assessment = FlakeAssessment {
                executions,
                retried,
                ..FlakeAssessment::default()
            };
            assessment.level()
        };
        assert_eq!(level(0, 100), FlakeLevel::Clean);
        assert_eq!(level(1, 40), FlakeLevel::Noisy);
        assert_eq!(level(1, 3), FlakeLevel::Unstable);
        assert_eq!(level(3, 40), FlakeLevel::AtRisk);
        assert_eq!(level(6, 40), FlakeLevel::Unstable);
        assert_eq!(level(20, 40), FlakeLevel::Broken);
    }
}
