//! Baselines: the accepted images, one PNG file per snapshot.
//!
//! A baseline has the pixels of a capture, encoded again as small as possible,
//! and a chunk before its end for the [`Provenance`] and the hash of the captured
//! bytes, so that an unchanged capture is recognised without decoding it.
//!
//! - `read`, `accept`, `orphans`: the operations on baseline files.
//! - `png`: the provenance chunk.

mod accept;
mod error;
mod orphans;
mod png;
mod provenance;
mod read;
#[cfg(test)]
mod tests;

pub use accept::{accept, accept_if, restore_if};
pub use error::{BaselineError, BaselineProblem};
pub use orphans::orphans;
pub use provenance::Provenance;
pub use read::{Baseline, file_sha256, read};
