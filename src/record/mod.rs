//! The record of runs: what a team looks at while a suite runs, and later.
//!
//! # Layout
//! - [`Recorder`] is what a run holds: it takes events and never waits.
//! - `journal` keeps them on disk, `writer` sends them, `adopt` looks after
//!   what dead processes have left behind.
//! - [`store`] says what a store must do; [`memory`] and [`redis`] do it.
//! - [`whole`] carries runs from store to store, [`health`] tells how the
//!   server is.
//! - [`Records`] reads the record, for commands and the review server.
//! - [`steps`] keeps what a run that is taken up again need not do again.
//!
//! Every operation has a writer and a number, and a store applies it only when
//! its number is the next one. So a repeated operation changes nothing, and a
//! server that has lost something says from where to send again.

mod adopt;
mod error;
pub mod health;
mod journal;
mod keys;
pub mod memory;
pub mod operation;
mod recorder;
mod records;
pub mod redis;
mod servers;
mod settings;
pub mod steps;
pub mod store;
mod upkeep;
pub mod whole;
mod writer;

pub use adopt::Adopted;
pub use error::{Fault, FaultKind, RecordError, WayOn};
pub use keys::Keys;
pub(crate) use recorder::host;
pub use recorder::{RecordReport, Recorder};
pub use records::{Accepted, Follow, Records};
pub use redis::link::Connection;
pub use settings::RecordSettings;
pub use upkeep::{Retention, Surplus};
