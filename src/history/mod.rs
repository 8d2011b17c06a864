//! Statistics and flake scores, from the histories of snapshots.
//!
//! # Layout
//! - [`OutcomeTally`] counts outcomes and durations (a [`Histogram`]); tallies of several
//!   snapshots are merged. [`StoryStatistics`] is what people see of it.
//! - [`FlakeAssessment`] tells flaky snapshots from real changes.
//! - [`UsualTimes`] compares the times of a page with those of earlier runs.
//!
//! Everything here is a pure function of outcomes.

mod flake;
#[cfg(test)]
mod flake_year;
mod histogram;
mod tally;
mod usual;

pub use flake::{FlakeAssessment, FlakeLevel};
pub use histogram::Histogram;
pub use tally::{OutcomeTally, StoryStatistics};
pub(crate) use usual::UsualTimes;
