//! Estimates the size and duration of a run from earlier runs.

use tintype::internals::model::{Reason, VisualTestRun};

/// The size and duration of the last run of the same command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub(crate) struct Estimate {
    /// Number of snapshots.
    pub(crate) total: u64,
    /// Duration in milliseconds.
    pub(crate) duration: u64,
}

/// The estimate for `run`, if `runs` (newest first) has an earlier run of the
/// same command that finished.
pub(crate) fn estimate(run: &VisualTestRun, runs: &[VisualTestRun]) -> Option<Estimate> {
    let similar = runs.iter().find(|other| {
        other.timestamp < run.timestamp
            && matches!(other.reason, Some(Reason::Passed | Reason::Failed))
            && other.environment.command == run.environment.command
    })?;
    Some(Estimate {
        total: similar.summary.total,
        duration: similar.duration?,
    })
}

#[cfg(test)]
mod tests {
    use super::{Estimate, estimate};
    use tintype::internals::model::{Environment, Reason, RunId, Summary, VisualTestRun};

    fn run(timestamp: i64, reason: Option<Reason>, command: &str) -> VisualTestRun {
        VisualTestRun {
            timestamp,
            reason,
            duration: reason.map(|_| 500),
            summary: Summary {
                total: timestamp.unsigned_abs(),
                ..Summary::default()
            },
            environment: Environment {
                command: Some(command.to_owned()),
                ..Environment::default()
            },
            ..VisualTestRun::start(RunId(timestamp.to_string()), Environment::default())
        }
    }

    #[test]
    fn the_last_whole_run_of_the_same_command_tells() {
        let now = run(9, None, "a");
        let runs = [
            run(9, None, "a"),
            run(8, Some(Reason::Interrupted), "a"),
            run(7, Some(Reason::Passed), "b"),
            run(6, Some(Reason::Failed), "a"),
            run(5, Some(Reason::Passed), "a"),
        ];
        assert_eq!(
            estimate(&now, &runs),
            Some(Estimate {
                total: 6,
                duration: 500
            })
        );
        assert_eq!(estimate(&now, &runs[..3]), None);
    }
}
