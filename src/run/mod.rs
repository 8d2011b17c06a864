//! Runs a plan: hands its snapshots to browser sessions, publishes what
//! happens, and ends the run.
//!
//! - `environment`: machine, commit and command.
//! - `fonts`: the fonts of the system.
//! - `folders`: the run's folder, and the removal of older ones.
//! - `error`: errors that keep a run from starting.
//! - `options`: options of a run that the manifest cannot express.
//! - `plans`: the plan of a run for the record, and for the queue of a shared run.
//! - `identity`: the names of the run and of this process.
//! - `results`: the result of every snapshot, and tests that wait for one.
//! - `engine_health`: engines that do not start any more.
//! - `engines`: the engines of the run and their versions.
//! - `cache_observer`: passes to the cache what pages have loaded.
//! - `context`: everything that the sessions share.
//! - `connect`: opens browser sessions.
//! - `attempts`: the attempts at one snapshot.
//! - `snapshot_run`: how far the snapshots of a group have come.
//! - `story_locks`: acquires the locks of stories.
//! - `gate`: which groups wait, and the number of sessions that they need.
//! - `admission_notice`: notices to the admission.
//! - `admission`: admits groups to the queue that wait for something.
//! - `session_loop`: a browser session that takes groups from the queue and
//!   replaces its browser when it breaks.
//! - `shared_work`: the work of a run that several machines share.
//! - `open_files`: checks the limit of open files.
//! - `setup`: opens everything that a run needs.
//! - `teardown`: the end of a run.
//! - `handle`: starts a run, returns the results, ends the run.

mod admission;
mod admission_notice;
mod attempts;
mod cache_observer;
mod cleanup;
mod connect;
mod context;
mod engine_health;
mod engines;
mod environment;
mod error;
mod folders;
mod fonts;
mod gate;
mod handle;
mod identity;
mod open_files;
mod options;
mod plans;
mod results;
mod session_loop;
mod setup;
mod shared_work;
mod snapshot_run;
mod story_locks;
mod teardown;
mod usual_times;

/// The message of a snapshot that was skipped by an interruption.
const INTERRUPTED: &str = "interrupted";

pub use environment::{current_lineage, environment};
pub(crate) use error::RunError;
pub use fonts::font_files;
pub(crate) use handle::RunHandle;
pub(crate) use options::{RunOptions, Scheduling};
pub use setup::cache_context;
pub(crate) use teardown::end;
