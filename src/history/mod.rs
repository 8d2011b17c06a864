//! Statistics and flake scores, from the histories of snapshots.
//!
//! # Layout
//! - [`OutcomeTally`] counts outcomes and durations (a [`Histogram`]); tallies of several
//!   snapshots are merged. [`StoryStatistics`] is what people see of it.
//! - [`FlakeAssessment`] tells flaky snapshots from real changes.
//!
//! Everything here is a pure function of outcomes.

mod flake;
#[cfg(test)]
mod flake_year;
mod histogram;
mod tally;

pub use flake::{FlakeAssessment, FlakeLevel};
pub use histogram::Histogram;
pub use tally::{OutcomeTally, StoryStatistics};
