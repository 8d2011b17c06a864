//! The record of runs, in Redis or in memory.
//!
//! # Layout
//! - [`Recorder`] takes the events of a run without waiting for the store.
//! - `journal` keeps them on disk, `writer` sends them, `orphan_journals` sends
//!   the journals of dead processes.
//! - [`store`] defines what a store does; `memory` and `redis` implement it.
//! - [`export`] moves runs between stores as NDJSON; `retention` removes old
//!   runs; [`metrics`] and [`server_info`] report on the store.
//! - [`Records`] reads the record, for commands and the review server.
//!
//! Every operation has a writer and a sequence number, and a store applies it
//! only if its number is the next one. A repeated operation therefore changes
//! nothing, and a server that has lost data reports from where to send again.

mod config;
mod error;
mod event_follower;
pub mod export;
mod journal;
mod keys;
mod memory;
pub mod metrics;
pub mod operation;
mod orphan_journals;
mod recorder;
mod records;
mod redis;
mod retention;
pub mod server_info;
pub mod store;
mod stream;
mod writer;

pub use config::RecordConfig;
pub use error::RecordError;
pub use event_follower::EventFollower;
pub use keys::Keys;
pub use memory::MemoryStore;
pub use orphan_journals::OrphanReport;
pub use recorder::{RecordReport, Recorder};
pub use records::{MarkResult, Records};
pub use retention::{Retention, Surplus};
pub use stream::{EventNotifications, StreamEntry};
