//! Turns a manifest into ordered snapshots.

mod build;
mod quarantines;
#[cfg(test)]
mod tests;
mod types;

pub use types::{Plan, Snapshot};
