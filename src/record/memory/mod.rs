//! The record in the memory of one process, with the behaviour of the scripts.

mod coordination;
mod history;
mod metrics;
mod replay;
mod run;
mod state;
mod store;
mod windows;

pub(crate) use coordination::MemoryCoordination;
pub(crate) use store::MemoryStore;
