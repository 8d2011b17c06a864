//! Presents a suite as a libtest test binary: arguments, tests, list, exit code.
//!
//! - `builder`: [`Harness`], which describes a suite.
//! - `entry`: runs a suite, from the command line to the exit code.
//! - `arguments`, `selection`, `listing`: libtest's arguments, filters, `--list`.
//! - `bootstrap`: starts a Storybook whose stories are not known yet.
//! - `trials`: one libtest-mimic trial for each snapshot.
//! - `lazy_run`: the run that the trials wait for.
//! - `reports`: subscribes the reports to the run's events.
//! - `nextest`: one run for all processes of cargo-nextest, except on Windows,
//!   where each process has its own browser.
//! - `log`: `TINTYPE_LOG`.

mod arguments;
mod bootstrap;
mod builder;
mod entry;
mod error;
mod lazy_run;
mod listing;
mod log;
mod nextest;
mod reports;
mod selection;
#[cfg(test)]
mod tests;
mod trials;

pub use builder::Harness;
pub use entry::run;
