//! The record in Redis: one atomic script per operation, sent in pipelines.

mod client;
mod export;
mod queue;
mod read;
mod scripts;
mod store;
mod workers;
mod write;

pub(super) use client::RedisStore;
pub use queue::SharedQueue;
