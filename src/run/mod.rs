//! Runs a plan: hands its snapshots to browser sessions, publishes what
//! happens, and ends the run.
//!
//! - `handle`: starts a run, returns the outcomes, ends the run.
//! - `setup`: opens everything that a run needs.
//! - `session_loop`: a browser session that takes groups from the queue and
//!   replaces its browser when it breaks.
//! - `attempts`: the attempts at one snapshot.
//! - `engine_health`: engines that do not start any more.
//! - `context`: state that the sessions share.
//! - `cache_observer`: the files that a page has loaded, for the cache.
//! - `network`: connections to browsers and the requests of their pages.
//! - `environment`: machine, commit, command and fonts.
//! - `folders`: the run's folder, and the removal of older ones.
//! - `interrupt`: Ctrl-C and SIGTERM.
//! - `teardown`: the end of a run.

mod attempts;
pub(crate) mod cache_observer;
pub(crate) mod context;
pub(crate) mod engine_health;
mod environment;
mod folders;
mod handle;
mod interrupt;
pub(crate) mod network;
mod session_loop;
mod setup;
mod teardown;

pub use crate::snapshot::{HookError, Hooks};
pub use context::SnapshotOutcome;
pub use handle::{RunError, RunHandle, RunOptions, Scheduling};
pub use teardown::end;
