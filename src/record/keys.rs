//! The names of all keys and channels in Redis.

use super::windows::WindowLength;
use crate::model::{Lineage, RunId, StoryIdentifier};

/// Builds the names of keys and channels, with the prefix of `REDIS_PREFIX`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Keys {
    prefix: String,
    /// Whether the keys of a snapshot must share a slot of a Redis Cluster.
    is_cluster: bool,
}

/// The keys of a project about the snapshots of its default branch.
pub(crate) struct ProjectIndexKeys {
    /// Sorted set: snapshots by flake score.
    pub(crate) flaky: String,
    /// Hash: the last day of the quarantine by snapshot.
    pub(crate) quarantine: String,
    /// Hash: the kind of failure by snapshot. `{failures}:{kind}` are sets of the
    /// snapshots.
    pub(crate) failures: String,
}

impl Keys {
    /// Names that start with `prefix`, which may be empty.
    pub(crate) fn new(prefix: impl Into<String>) -> Self {
        Self {
            prefix: prefix.into(),
            is_cluster: false,
        }
    }

    /// The same names for a Redis Cluster, where braces select the slot.
    #[must_use]
    pub(crate) fn on_cluster(self, is_cluster: bool) -> Self {
        Self { is_cluster, ..self }
    }

    /// Set: every run id.
    pub(crate) fn index(&self) -> String {
        format!("{}visualruns:index", self.prefix)
    }

    /// Sorted set: run ids by start time in milliseconds.
    pub(crate) fn runs(&self) -> String {
        format!("{}tintype:runs", self.prefix)
    }

    /// Sorted set: the ids of a project's runs by start time in milliseconds.
    pub(crate) fn project_runs(&self, project: &str) -> String {
        format!("{}tintype:project:{project}:runs", self.prefix)
    }

    /// String: the document of a run.
    pub(crate) fn run(&self, run: &RunId) -> String {
        format!("{}visualrun:{run}", self.prefix)
    }

    /// Set: the full keys of the snapshots of a run.
    pub(crate) fn tests(&self, run: &RunId) -> String {
        format!("{}visualrun:{run}:tests", self.prefix)
    }

    /// String: the document of a snapshot; `key` is its
    /// [`StoryIdentifier::key`].
    pub(crate) fn test(&self, run: &RunId, key: &str) -> String {
        format!("{}visualtest:{run}:{key}", self.prefix)
    }

    /// The snapshot that a full key names, parsed from both ends.
    pub(crate) fn parse_test(&self, run: &RunId, full: &str) -> Option<StoryIdentifier> {
        let start = self.test(run, "");
        StoryIdentifier::from_key(full.strip_prefix(start.as_str())?).ok()
    }

    /// Hash: all control state of a run.
    pub(crate) fn control(&self, run: &RunId) -> String {
        format!("{}tintype:{run}:control", self.prefix)
    }

    /// Sorted set: the workers of a run that have not left, by their last
    /// heartbeat.
    pub(crate) fn alive(&self, run: &RunId) -> String {
        format!("{}tintype:{run}:alive", self.prefix)
    }

    /// String: when a run was pruned.
    pub(crate) fn tombstone(&self, run: &RunId) -> String {
        format!("{}tintype:tomb:{run}", self.prefix)
    }

    /// Hash: the plan of a shared run, by group.
    pub(crate) fn plan(&self, run: &RunId) -> String {
        format!("{}tintype:{run}:plan", self.prefix)
    }

    /// Sorted set: the groups of a lane that wait.
    pub(crate) fn queue(&self, run: &RunId, lane: &str) -> String {
        format!("{}tintype:{run}:queue:{lane}", self.prefix)
    }

    /// Sorted set: leased groups by the end of their lease.
    pub(crate) fn leases(&self, run: &RunId) -> String {
        format!("{}tintype:{run}:leases", self.prefix)
    }

    /// Hash: the workers of a shared run.
    pub(crate) fn workers(&self, run: &RunId) -> String {
        format!("{}tintype:{run}:workers", self.prefix)
    }

    /// Stream: the commands to a worker of a shared run.
    pub(crate) fn commands(&self, run: &RunId, worker: &str) -> String {
        format!("{}tintype:{run}:commands:{worker}", self.prefix)
    }

    /// Hash, sorted set and sorted set: a lock, the requests that wait for it, and
    /// their deadlines.
    pub(crate) fn lock(&self, name: &str) -> [String; 3] {
        ["", ":queue", ":alive"].map(|part| format!("{}tintype:lock:{name}{part}", self.prefix))
    }

    /// Set: who has arrived at a point of a run.
    pub(crate) fn sync(&self, run: &RunId, point: &str) -> String {
        format!("{}tintype:{run}:sync:{point}", self.prefix)
    }

    /// Stream: the events of a run.
    pub(crate) fn events(&self, run: &RunId) -> String {
        format!("{}tintype:{run}:events", self.prefix)
    }

    /// Channel: the events of a run.
    pub(crate) fn channel(&self, run: &RunId) -> String {
        format!("{}visualrun:{run}:channel", self.prefix)
    }

    /// Channel: all events.
    pub(crate) fn all_events(&self) -> String {
        format!("{}visualtest:events", self.prefix)
    }

    /// Stream: outcomes that no window has yet.
    pub(crate) fn metrics_buffer(&self) -> String {
        format!("{}tintype:metrics:buffer", self.prefix)
    }

    /// Hash: the outcomes of a window, by its start in milliseconds.
    pub(crate) fn window(&self, length: WindowLength, start: i64) -> String {
        format!("{}tintype:metrics:{}:{start}", self.prefix, length.name())
    }

    /// Hash: the state of a machine.
    pub(crate) fn node(&self, host: &str) -> String {
        format!("{}tintype:node:{host}", self.prefix)
    }

    /// Stream: alerts that were raised or resolved.
    pub(crate) fn alerts(&self) -> String {
        format!("{}tintype:alerts", self.prefix)
    }

    /// Sorted set: the last outcomes of a snapshot in runs that name no project,
    /// by time in milliseconds.
    pub(crate) fn history(&self, key: &str) -> String {
        format!("{}tintype:story:{key}:history", self.prefix)
    }

    /// Sorted set and hash: the last outcomes of a snapshot, by time in
    /// milliseconds, and its statistics.
    pub(crate) fn history_of(&self, lineage: &Lineage, key: &str) -> [String; 2] {
        let branch = lineage.branch.as_ref();
        let branch = branch.map_or(String::new(), |branch| format!("branch:{branch}:"));
        let project = self.project(&lineage.project);
        let (open, close) = if self.is_cluster {
            ("{", "}")
        } else {
            ("", "")
        };
        ["history", "stats"]
            .map(|part| format!("{project}:{branch}story:{open}{key}{close}:{part}"))
    }

    /// Sorted set: the branches of a project other than the default branch, by the
    /// time of their last outcome in milliseconds.
    pub(crate) fn branches(&self, project: &str) -> String {
        format!("{}:branches", self.project(project))
    }

    /// Set: the keys of the snapshots that a branch has histories of.
    pub(crate) fn branch_stories(&self, project: &str, branch: &str) -> String {
        format!("{}:branch:{branch}:stories", self.project(project))
    }

    /// The keys of a project about the snapshots of its default branch.
    pub(crate) fn project_index(&self, project: &str) -> ProjectIndexKeys {
        let key = |name| format!("{}:{name}", self.project(project));
        ProjectIndexKeys {
            flaky: key("flaky"),
            quarantine: key("quarantine"),
            failures: key("failures"),
        }
    }

    /// The start of the hashes `{engine}:{metric}` with average, 95th percentile
    /// and number of measured snapshots.
    pub(crate) fn vitals(&self) -> String {
        format!("{}tintype:vitals", self.prefix)
    }

    /// Whether the keys are those of a Redis Cluster.
    pub(crate) fn is_cluster(&self) -> bool {
        self.is_cluster
    }

    /// Hash: what the last cleanup of each project has done.
    pub(crate) fn cleanup(&self) -> String {
        format!("{}tintype:cleanup", self.prefix)
    }

    fn project(&self, project: &str) -> String {
        format!("{}tintype:project:{project}", self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::{Keys, WindowLength};
    use crate::model::{Lineage, RunId};

    #[test]
    fn the_names_of_keys_and_channels() {
        let keys = Keys::new("team:");
        let run = RunId("run-1".to_owned());
        let all = [
            keys.index(),
            keys.runs(),
            keys.project_runs("shop"),
            keys.run(&run),
            keys.tests(&run),
            keys.test(&run, "a/b@2x:dark:10x20"),
            keys.control(&run),
            keys.alive(&run),
            keys.tombstone(&run),
            keys.plan(&run),
            keys.queue(&run, "chromium"),
            keys.leases(&run),
            keys.workers(&run),
            keys.lock("staging").join(" "),
            keys.sync(&run, "paid"),
            keys.commands(&run, "ci-1:7"),
            keys.events(&run),
            keys.channel(&run),
            keys.all_events(),
            keys.history("a/b@2x:dark:10x20"),
            keys.history_of(&Lineage::of_default_branch("shop"), "a/b@2x:dark:10x20")
                .join(" "),
            keys.history_of(&Lineage::of_branch("shop", "fix/1", None), "a:dark:10x20")
                .join(" "),
            keys.branches("shop"),
            keys.branch_stories("shop", "fix/1"),
            keys.project_index("shop").flaky,
            keys.project_index("shop").quarantine,
            keys.project_index("shop").failures,
            keys.vitals(),
            keys.cleanup(),
            keys.metrics_buffer(),
            keys.window(WindowLength::Minute, 60_000),
            keys.window(WindowLength::FiveMinutes, 300_000),
            keys.node("ci-1"),
            keys.alerts(),
        ];
        insta::assert_snapshot!(all.join("\n"), @r"
        team:visualruns:index
        team:tintype:runs
        team:tintype:project:shop:runs
        team:visualrun:run-1
        team:visualrun:run-1:tests
        team:visualtest:run-1:a/b@2x:dark:10x20
        team:tintype:run-1:control
        team:tintype:run-1:alive
        team:tintype:tomb:run-1
        team:tintype:run-1:plan
        team:tintype:run-1:queue:chromium
        team:tintype:run-1:leases
        team:tintype:run-1:workers
        team:tintype:lock:staging team:tintype:lock:staging:queue team:tintype:lock:staging:alive
        team:tintype:run-1:sync:paid
        team:tintype:run-1:commands:ci-1:7
        team:tintype:run-1:events
        team:visualrun:run-1:channel
        team:visualtest:events
        team:tintype:story:a/b@2x:dark:10x20:history
        team:tintype:project:shop:story:a/b@2x:dark:10x20:history team:tintype:project:shop:story:a/b@2x:dark:10x20:stats
        team:tintype:project:shop:branch:fix/1:story:a:dark:10x20:history team:tintype:project:shop:branch:fix/1:story:a:dark:10x20:stats
        team:tintype:project:shop:branches
        team:tintype:project:shop:branch:fix/1:stories
        team:tintype:project:shop:flaky
        team:tintype:project:shop:quarantine
        team:tintype:project:shop:failures
        team:tintype:vitals
        team:tintype:cleanup
        team:tintype:metrics:buffer
        team:tintype:metrics:1min:60000
        team:tintype:metrics:5min:300000
        team:tintype:node:ci-1
        team:tintype:alerts
        ");
    }

    #[test]
    fn on_a_cluster_the_keys_of_a_snapshot_share_a_slot() {
        let keys = Keys::new("").on_cluster(true);
        let lineage = Lineage::of_default_branch("shop");
        assert_eq!(
            keys.history_of(&lineage, "a:dark:10x20")[1],
            "tintype:project:shop:story:{a:dark:10x20}:stats"
        );
    }

    #[test]
    fn a_full_key_is_parsed() {
        let (keys, run) = (Keys::new("p:"), RunId("{run-1}".to_owned()));
        let full = keys.test(&run, "a/b:dark:10x20");
        assert_eq!(
            keys.parse_test(&run, &full).unwrap().key(),
            "a/b:dark:10x20"
        );
        assert_eq!(keys.parse_test(&RunId("run-2".to_owned()), &full), None);
    }
}
