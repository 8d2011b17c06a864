//! The record in the memory of one process, with the behaviour of the scripts.

mod replay;
mod run;
mod store;

pub use store::MemoryStore;
