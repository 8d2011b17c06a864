//! Decides which snapshot a browser session captures next.
//!
//! - `dependencies`: stories that run only when others have passed.
//! - `gate`: holds back groups that wait for stories, locks or other engines.
//! - `gated_unit`: groups that start together.
//! - `groups`: divides a plan into groups of snapshots that one page can show.
//! - `prefetch`: snapshots that are captured before a test requests them.
//! - `queue`: groups that no session has taken yet.

mod dependencies;
mod gate;
mod gated_unit;
mod groups;
mod prefetch;
mod queue;

pub(crate) use dependencies::DependencyOutcome;
pub(crate) use gate::{Gate, GateAction, GateMode, UnitId};
pub(crate) use gated_unit::is_gated;
pub(crate) use groups::{SnapshotGroup, by_test_name, in_plan_order};
pub(crate) use prefetch::{Prefetch, PrefetchOutcome};
pub(crate) use queue::{Queue, RequestReply, SessionId, Work};
