//! What a run that several machines share looks like: its workers and queues, and
//! the commands that people send to workers.

use serde::{Deserialize, Serialize};

/// How long a command waits for its worker, in milliseconds.
pub(super) const COMMAND_LIFETIME_MS: u64 = 5 * 60 * 1000;

/// The workers and queues of a shared run. A run of one machine has none.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SharedRun {
    /// The workers that have not left, by name.
    pub workers: Vec<WorkerStatus>,
    /// The lanes with groups that are not finished, and those of the workers.
    pub lanes: Vec<LaneStatus>,
    /// The number of groups in the plan.
    pub groups: u64,
}

/// A worker of a shared run.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WorkerStatus {
    /// The name that commands use.
    pub worker: String,
    /// Whether its leases have expired without being renewed.
    pub lost: bool,
    /// Time since its last sign of life, in milliseconds.
    pub silent_ms: u64,
    /// What it last reported about itself.
    #[serde(flatten)]
    pub report: WorkerReport,
}

impl WorkerStatus {
    /// Its state in one word: `working`, `idle`, `paused`, `leaving` or `lost`.
    pub fn state(&self) -> &str {
        if self.lost {
            "lost"
        } else {
            &self.report.state
        }
    }
}

/// What a worker reports about itself. Fields that it leaves out are empty.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct WorkerReport {
    /// The name of its machine.
    pub host: String,
    /// Its process id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pid: Option<u32>,
    /// `working`, `idle`, `paused` or `leaving`.
    pub state: String,
    /// The number of its browser sessions.
    pub sessions: u32,
    /// How many of them are capturing a snapshot.
    pub running: u32,
    /// The names of these snapshots.
    pub current_tests: Vec<String>,
    /// The load of its machine: runnable processes per core.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub load: Option<f64>,
    /// The engines that it has.
    pub engines: Vec<String>,
    /// Its version of Tintype.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Its last sign of life, in milliseconds since the Unix epoch by the clock
    /// of the server.
    pub last_seen: i64,
}

/// The groups of one engine that are not finished.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LaneStatus {
    /// The engine.
    pub lane: String,
    /// The number of groups that wait.
    pub waiting: u64,
    /// The number of groups that workers have.
    pub leased: u64,
}

/// A command to a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WorkerCommand {
    /// Take no more groups until `Resume`.
    Pause,
    /// Take groups again.
    Resume,
    /// Stop, and end the run as interrupted.
    Cancel,
}

impl WorkerCommand {
    /// The word that the record and the command line use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Cancel => "cancel",
        }
    }
}
