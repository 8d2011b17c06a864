//! The queue of a run that several machines share: what is queued, and the
//! replies of the store.
//!
//! The queue is only in Redis. A record in memory needs none, since no other
//! machine can reach it.

use std::time::Duration;

use serde::Serialize;

/// How long a lease lasts without being renewed.
pub(crate) const LEASE: Duration = Duration::from_secs(15);
/// How many workers may lose a group before it fails.
pub(crate) const MAX_LOST: usize = 3;
/// Puts what failed last time before everything else: more milliseconds than a
/// group can take.
const FAILED_FIRST: f64 = 1e12;

/// The snapshots of a story in one engine, as a worker queues them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct QueuedGroup {
    /// A name without commas, quotes and line breaks: `button@chromium`.
    pub name: String,
    /// The engine.
    pub lane: String,
    /// The keys of its snapshots.
    pub keys: Vec<String>,
    /// Whether one of them failed in the last run.
    pub has_failed: bool,
    /// How long they are expected to take.
    pub expected_ms: u32,
    /// After so long another worker may take it over; 0 for never.
    pub limit_ms: u32,
    /// The stories that it runs after.
    pub after: Vec<String>,
    /// How many stories must run one after the other before it.
    pub depth: u32,
}

/// A group as the plan describes it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct GroupDescription<'a> {
    lane: &'a str,
    tests: &'a [String],
    priority: f64,
    expected_ms: u32,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    after: &'a [String],
}

impl QueuedGroup {
    /// Its place in the queue, the lowest first: what runs after other stories comes
    /// after them, so that no worker waits for a group that none has. Then what
    /// failed last time, then the longest.
    pub(super) fn score(&self) -> f64 {
        let failed = if self.has_failed { FAILED_FIRST } else { 0.0 };
        2.0 * FAILED_FIRST * f64::from(self.depth) - failed - f64::from(self.expected_ms)
    }

    /// Its entry in the plan.
    pub(super) fn description(&self) -> String {
        let description = GroupDescription {
            lane: &self.lane,
            tests: &self.keys,
            priority: self.score(),
            expected_ms: self.expected_ms,
            after: &self.after,
        };
        serde_json::to_string(&description).expect("texts and numbers can be serialised")
    }
}

/// The right to report the outcomes of a group, until another worker has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The group's name.
    pub group: String,
    /// Its lane.
    pub lane: String,
    /// Rises with every lease of the run.
    pub token: u64,
}

impl Lease {
    /// Encodes it in one line.
    pub(super) fn encode(&self) -> String {
        format!("{}|{}|{}", self.token, self.lane, self.group)
    }

    /// Decodes [`encode`](Self::encode).
    pub(super) fn decode(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '|');
        Some(Self {
            token: parts.next()?.parse().ok()?,
            lane: parts.next()?.to_owned(),
            group: parts.next()?.to_owned(),
        })
    }
}

/// The reply to a worker that queues its plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlanOutcome {
    /// Everything is queued: this many groups by this call.
    Queued(u64),
    /// The plan fits, and this worker is to queue the groups.
    Incomplete,
    /// The plan fits, and another worker queues the groups.
    Busy,
    /// The run has another plan.
    Refused(PlanConflict),
    /// The store does not have the run.
    NoRun,
}

/// What differs from the plan of the run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlanConflict {
    /// The digest in the run.
    Digest(String),
    /// The build of an engine.
    Engine {
        /// The engine.
        engine: String,
        /// Its build in the run.
        build: String,
    },
}

/// A leased group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimedGroup {
    /// The lease.
    pub lease: Lease,
    /// The keys of its snapshots without an outcome.
    pub keys: Vec<String>,
}

/// The reply to a worker that asks for groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClaimOutcome {
    /// Groups are leased to it.
    Leased {
        /// The groups, at least one.
        groups: Vec<ClaimedGroup>,
        /// The number of groups that still wait in its lanes.
        waiting: u64,
        /// The number of workers that have joined and not left.
        workers: u64,
    },
    /// Nothing waits in its lanes. With 0 open leases and everything queued the
    /// queue has come to its end.
    Empty {
        /// The number of groups that workers have.
        open: u64,
        /// Whether all groups of the plan were queued.
        is_queued: bool,
    },
    /// The store does not have the run.
    NoRun,
}

/// A request for groups.
#[derive(Clone, Copy, Debug)]
pub struct ClaimRequest<'a> {
    /// Its id: repeated, it gets the same groups.
    pub id: &'a str,
    /// The lanes, in the order of preference.
    pub lanes: &'a [String],
    /// How many groups at most.
    pub count: usize,
    /// Whether to take over a group whose worker has had it for longer than its
    /// limit, if none waits.
    pub takes_over: bool,
}

/// How far a group has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupProgress {
    /// The keys of its snapshots without an outcome.
    pub open: Vec<String>,
    /// The worker that had it last.
    pub worker: Option<String>,
}

/// A group that was lost too often. Whoever reads this fails its snapshots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LostGroup {
    /// A lease for failing them.
    pub lease: Lease,
    /// The workers that have lost it.
    pub workers: Vec<String>,
}
