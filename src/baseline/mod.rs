//! Baselines: the accepted images, one PNG file per snapshot.
//!
//! A baseline has the pixels of a capture, encoded again as small as possible,
//! and a chunk before its end for the [`Provenance`] and the hash of the captured
//! bytes, so that an unchanged capture is recognised without decoding it. Another
//! chunk has the layout digest of the page, which only explanations read.
//!
//! - `read`, `accept`, `orphans`: the operations on baseline files.
//! - [`Baselines`]: the same for baselines in files or in the artifact store.
//! - `lock_file`, `merge`, `stored`: baselines in the artifact store.
//! - `png`: the chunks of provenance and digest.

mod accept;
mod baselines;
mod error;
#[cfg(feature = "artifacts")]
mod lock_file;
#[cfg(feature = "artifacts")]
mod merge;
mod orphans;
mod png;
mod provenance;
mod read;
#[cfg(feature = "artifacts")]
mod stored;
#[cfg(test)]
mod tests;

pub use accept::{accept, accept_if, restore_if, with_digest};
pub use baselines::Baselines;
pub use error::{BaselineError, BaselineProblem};
#[cfg(feature = "artifacts")]
pub use lock_file::{BaselineLock, LockError};
#[cfg(feature = "artifacts")]
pub use merge::{MergeSide, MergeSides};
pub(crate) use orphans::baseline_files;
#[cfg(feature = "artifacts")]
pub use orphans::files_of_all_platforms;
pub use orphans::orphans;
pub use provenance::Provenance;
pub use read::{Baseline, file_sha256, read, split_digest};
#[cfg(feature = "artifacts")]
pub(crate) use stored::prefetch;
