//! The record of runs, in Redis or in memory.
//!
//! # Layout
//! - [`Recorder`] takes the events of a run without waiting for the store.
//! - `journal` keeps them on disk, in a file of the `journal_folder`; `writer`
//!   sends them, `orphan_journals` sends the journals of dead processes.
//! - [`store`] defines what a store does; `memory` and `redis` implement it.
//! - [`coordination`] defines locks and barriers; `memory` and `redis` implement
//!   them.
//! - [`queue`] hands out the work of a run to several machines, which hold `leases`;
//!   `workers` shows these machines and sends commands to them ([`shared_run`]).
//! - [`export`] moves runs between stores as NDJSON; `retention` removes old
//!   runs, and `cleanup` does so at the end of runs; [`metrics`] and [`server_info`] report on the
//!   store, and `window_metrics` on the last minutes.
//! - [`metrics_store`] defines `windows` of outcomes, the state of machines and the
//!   `alert_log`; `memory` and `redis` implement it, `monitoring` reads it.
//! - [`Records`] reads the record, for commands and the review server, a page
//!   at a time ([`RunPages`]), and `histories` of snapshots with the
//!   [`project_index`] that follows from them; `decisions` keeps their decisions in a
//!   `decision_journal` and sends them; `decision_mark` marks them in documents. Invalid documents are `skipped`
//!   and named.
//!
//! Every operation has a writer and a sequence number, and a store applies it
//! only if its number is the next one. A repeated operation therefore changes
//! nothing, and a server that has lost data reports from where to send again.

mod alert_log;
mod cleanup;
mod config;
pub(crate) mod coordination;
mod decision_journal;
mod decision_mark;
mod decisions;
mod documents;
mod error;
mod event_follower;
pub(crate) mod export;
mod histories;
mod journal;
mod journal_folder;
mod keys;
mod leases;
mod memory;
pub(crate) mod metrics;
pub(crate) mod metrics_store;
mod monitoring;
pub(crate) mod operation;
pub(crate) mod orphan_journals;
pub(crate) mod project_index;
pub(crate) mod queue;
mod recorder;
mod records;
mod redis;
mod retention;
mod run_pages;
pub(crate) mod server_info;
pub(crate) mod shared_run;
mod skipped;
pub(crate) mod store;
mod store_future;
mod stream;
mod window_metrics;
pub(crate) mod windows;
mod workers;
mod writer;

pub use alert_log::{AlertChange, AlertEntry, AlertState, raised_alerts};
pub use cleanup::{CleanupRules, CleanupStatus};
pub use config::RecordConfig;
pub use decision_journal::SnapshotDecision;
pub use error::RecordError;
pub use event_follower::EventFollower;
pub use journal_folder::damaged_journals;
pub use leases::HeldLeases;
pub(crate) use operation::{json, run_id_field};
pub use project_index::ProjectIndex;
pub(crate) use queue::LEASE;
pub(crate) use queue::{
    ClaimOutcome, ClaimRequest, ClaimedGroup, Lease, LostGroup, PlanConflict, PlanOutcome,
    QueuedGroup,
};
pub(crate) use recorder::RecordReport;
pub(crate) use recorder::RecordedPlan;
pub use recorder::Recorder;
pub use records::Records;
pub use redis::SharedQueue;
pub use retention::{Retention, Surplus};
pub use run_pages::RunPages;
pub use stream::{EventNotifications, StreamEntry};
pub use windows::{Gauges, MetricsWindow, NodeReport, OutcomeCounts, WindowLength};
