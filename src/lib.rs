//! Visual regression tests that run in `cargo test`.
//!
//! # Layout
//! From the ground up: a module uses the modules above it in this list, never
//! those below it.
//!
//! - `process`: supervised child processes.
//! - [`files`]: atomic file writes.
//! - [`model`]: identifiers, statuses, runs, results and events, and their JSON.
//! - [`config`]: the environment variables, resolved once.
//! - [`redis`]: the connection to a Redis server.
//! - [`manifest`]: reads and checks `stories.toml`.
//! - [`plan`]: turns a manifest into ordered snapshots.
//! - [`baseline`]: reads and accepts baselines, and finds orphaned ones.
//! - [`browser`]: drives browsers through WebDriver.
//! - [`serve`]: serves a folder of stories or a service.
//! - [`proxy`]: a proxy that mocks and blocks requests of pages.
//! - [`login`]: log-ins, each performed once and shared.
//! - [`cache`]: skips unchanged stories without a browser.
//! - [`record`]: the record of runs, in Redis or in memory.
//! - [`events`]: the events of a run, and the bus that delivers them.
//! - `schedule`: decides which snapshot a browser session captures next.
//! - [`snapshot`]: captures and judges one snapshot.
//! - [`mod@run`]: runs a plan: setup, sessions, results, teardown.
//! - [`report`]: writes reports: terminal, HTML, JUnit, GitHub.
//! - [`harness`]: presents a suite as a libtest test binary.
//!
//! [`compare`] is a crate of its own, `tintype-compare`, so that it alone can be
//! optimised.

pub mod baseline;
pub mod browser;
pub mod cache;
pub mod config;
pub mod events;
pub mod files;
pub mod harness;
pub mod login;
pub mod manifest;
pub mod model;
pub mod plan;
pub(crate) mod process;
pub mod proxy;
pub mod record;
pub mod redis;
pub mod report;
pub mod run;
pub(crate) mod schedule;
pub mod serve;
pub mod snapshot;

pub use fantoccini;
pub use harness::{Harness, run};
pub use manifest::Story;
#[doc(inline)]
pub use tintype_compare as compare;

/// README's code is compiled as any other example.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
