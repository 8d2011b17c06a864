//! Decides which snapshot a browser session captures next.
//!
//! - `queue`: groups of snapshots that no session has taken yet.
//! - `prefetch`: snapshots that are captured before a test asks for them.

mod prefetch;
mod queue;

pub(crate) use prefetch::{Prefetch, PrefetchOutcome};
pub(crate) use queue::{Group, Queue, Reply, SessionId, Work, by_name};
