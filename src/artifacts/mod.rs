//! The artifact store: pictures, baselines and reports of runs in S3, Google
//! Cloud Storage, Azure or a folder.
//!
//! Objects are `sha256/{2 hex}/{62 hex}.png`, written once, and
//! `runs/{runId}/{run.json,report.html,junit.xml}`. Everything that is to be
//! uploaded is in the [`Outbox`] first, so that nothing is lost while the store
//! is unavailable.
//!
//! - `connection`: the clients of the providers.
//! - `key`: the names of objects.
//! - `store`: reads and writes objects.
//! - `baselines`: moves pictures of baselines to and from this machine.
//! - `cache`: pictures that were read before.
//! - `outbox`: the objects that are not uploaded yet.
//! - `upload`: uploads them.
//! - `lock`, `prune`: remove the objects of old runs.

mod baselines;
mod cache;
mod connection;
mod error;
mod key;
mod lock;
mod outbox;
mod prune;
mod store;
#[cfg(test)]
mod tests;
mod upload;

pub use baselines::Transfer;
pub use error::ArtifactError;
pub use key::ObjectKey;
pub use outbox::Outbox;
pub use prune::StorePruning;
pub use store::{ArtifactStore, StoredRun};
pub use upload::{UploadReport, upload_pending};
pub(crate) use upload::{UploadWorker, start_uploads};
