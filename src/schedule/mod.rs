//! Decides which snapshot a browser session captures next.
//!
//! - `groups`: divides a plan into groups of snapshots that one page can show.
//! - `prefetch`: snapshots that are captured before a test requests them.
//! - `queue`: groups that no session has taken yet.

mod groups;
mod prefetch;
mod queue;

pub(crate) use groups::{SnapshotGroup, by_test_name, in_plan_order};
pub(crate) use prefetch::{Prefetch, PrefetchOutcome};
pub(crate) use queue::{Queue, RequestReply, SessionId, Work};
