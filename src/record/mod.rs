//! The record of runs: what a team looks at while a suite runs, and later.
//!
//! # Layout
//! - [`Recorder`] is what a run holds: it takes events and never waits.
//! - `journal` keeps them on disk, `writer` sends them, `adopt` looks after
//!   what dead processes have left behind.
//! - [`store`] says what a store must do; [`memory`] and [`redis`] do it.
//! - [`Records`] reads the record, for commands and the review server.
//!
//! Every operation has a writer and a number, and a store applies it only when
//! its number is the next one. So a repeated operation changes nothing, and a
//! server that has lost something says from where to send again.

mod adopt;
mod error;
mod journal;
mod keys;
pub mod memory;
pub mod operation;
mod recorder;
mod records;
pub mod redis;
mod settings;
pub mod store;
mod writer;

pub use adopt::Adopted;
pub use error::{Fault, FaultKind, RecordError, WayOn};
pub use keys::Keys;
pub(crate) use recorder::host;
pub use recorder::{RecordReport, Recorder};
pub use records::{Accepted, Follow, Records};
pub use settings::RecordSettings;
