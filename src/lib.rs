//! Visual regression tests that run in `cargo test`.
//!
//! # Layout
//! From the ground up; a module uses what stands below it, never what stands
//! above.
//!
//! - [`model`]: the words: identifiers, statuses, runs, results, events.

pub mod model;
