//! The record in Redis: one atomic script per operation, sent in pipelines.

mod client;
mod coordination;
mod export;
mod history;
mod metrics;
mod project_index;
mod queue;
mod read;
mod scripts;
mod store;
mod workers;
mod write;

pub(super) use client::RedisStore;
pub(in crate::record) use coordination::RedisCoordination;
pub use queue::SharedQueue;
