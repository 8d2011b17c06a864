//! The cache: a snapshot passes without a browser if no byte that it depends on
//! has changed since it passed.
//!
//! # Layout
//! - [`Cache`] looks up and records passes.
//! - [`CacheContext`] is the input other than the story: browser, fonts,
//!   platform. `browser_build` determines a browser's build without starting
//!   a session.
//! - `index` compares fingerprints, `fingerprint` defines them, `file_contents`
//!   hashes files, `changes` detects files that change during a run.
//! - `disk` and `redis` keep entries in the project and in Redis.
//! - `generation` clears parts of the cache without deleting anything.
//! - `miss` explains why a snapshot is not a hit: `inputs` keeps what recipes were
//!   computed from, and `input_change` names the differences.
//!
//! A *recipe* is the hash of a snapshot's manifest entry, theme, screen, engine
//! and context. Under each recipe the cache keeps the last passes, each with
//! the names of the files that the page loaded and a *fingerprint* of recipe,
//! baseline and the content of these files. A snapshot is a cache hit if the
//! fingerprint of the current files is the same. Every problem (a damaged
//! entry, an unreadable file, an unreachable server) is a cache miss.

mod browser_build;
#[expect(clippy::module_inception, reason = "named after its type, `Cache`")]
mod cache;
mod changes;
mod context;
mod disk;
mod entry;
mod file_contents;
mod fingerprint;
mod generation;
mod index;
mod input_change;
mod inputs;
mod loads;
mod miss;
mod parallel;
mod paths;
mod redis;
mod target_facts;
#[cfg(test)]
mod tests;

pub(crate) use browser_build::browser_build;
pub use cache::Cache;
pub use context::CacheContext;
pub use disk::DiskUsage;
pub use entry::CachedPass;
pub use generation::CacheScope;
pub use input_change::InputChange;
pub use loads::Loads;
pub use miss::CacheMiss;
pub use redis::SharedUsage;
pub use target_facts::TestTargetFacts;
