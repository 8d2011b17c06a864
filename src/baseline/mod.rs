//! Baselines: the accepted images, one PNG file per snapshot.
//!
//! A baseline is the image as captured, with an additional chunk before its end
//! for the [`Provenance`]. Reading removes the chunk, so that an unchanged
//! capture equals its baseline byte for byte.
//!
//! - `read`, `accept`, `orphans`: the operations on baseline files.
//! - `png`: the provenance chunk.

mod accept;
mod error;
mod orphans;
mod png;
mod provenance;
mod read;
mod sha256;
#[cfg(test)]
mod tests;

pub use accept::{AcceptedBaseline, accept, accept_if, restore_if};
pub use error::{BaselineError, BaselineProblem, RESTORE};
pub use orphans::{baseline_files, orphans};
pub use provenance::Provenance;
pub use read::{Baseline, read};
pub use sha256::sha256;
