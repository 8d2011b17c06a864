//! The quarantines of a project, for the command and the review page.
//!
//! # Layout
//! - `file`: edits `quarantine.toml`.
//! - `change`: sets and lifts quarantines.
//! - `outcomes`: what became of the snapshots since.
//! - `listed`: all quarantines with their outcomes.

mod change;
mod file;
mod listed;
mod outcomes;

pub(crate) use change::{NewQuarantine, lift, set, set_for_differences};
pub(crate) use listed::{ListedQuarantine, list};
pub(crate) use outcomes::Outcomes;
