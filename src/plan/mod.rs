//! The matrix: from a manifest to ordered snapshots.

mod build;
#[cfg(test)]
mod tests;
mod types;

pub use types::{Plan, Snapshot};
