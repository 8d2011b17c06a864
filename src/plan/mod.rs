//! The matrix: from a manifest to ordered snapshots.

mod types;

pub use types::{Plan, Snapshot};
