//! Visual regression tests that run in `cargo test`.
//!
//! A test target calls [`run()`], or builds a [`Harness`] to add stories
//! ([`Story`]), a server, or hooks around each [`Snapshot`].
//!
//! # Layout
//! From the ground up: a module uses the modules above it in this list, never
//! those below it.
//!
//! - `process`: supervised child processes.
//! - `files`: atomic file writes.
//! - `model`: identifiers, statuses, runs, results and events, and their JSON.
//! - `config`: the environment variables, resolved once.
//! - `redis`: the connection to a Redis server.
//! - `manifest`: reads and checks `stories.toml`.
//! - `plan`: turns a manifest into ordered snapshots.
//! - `baseline`: reads and accepts baselines, and finds orphaned ones.
//! - `browser`: drives browsers through WebDriver.
//! - `serve`: serves a folder of stories or a service.
//! - `proxy`: a proxy that mocks and blocks requests of pages.
//! - `login`: log-ins, each performed once and shared.
//! - `cache`: skips unchanged stories without a browser.
//! - `record`: the record of runs, in Redis or in memory.
//! - `events`: the events of a run, and the bus that delivers them.
//! - `schedule`: decides which snapshot a browser session captures next.
//! - `snapshot`: captures and judges one snapshot.
//! - `run`: runs a plan: setup, sessions, results, teardown.
//! - `report`: writes reports: terminal, HTML, JUnit, GitHub.
//! - `harness`: presents a suite as a libtest test binary.
//!
//! [`compare`] is a crate of its own, `tintype-compare`, so that it alone can be
//! optimised.
//!
//! The modules are hidden: they are public only for `cargo-tintype`, the tests
//! and the benchmarks of this repository, and exempt from semantic versioning.

#[doc(hidden)]
pub mod baseline;
#[doc(hidden)]
pub mod browser;
#[doc(hidden)]
pub mod cache;
#[doc(hidden)]
pub mod config;
#[doc(hidden)]
pub mod events;
#[doc(hidden)]
pub mod files;
#[doc(hidden)]
pub mod harness;
#[doc(hidden)]
pub mod login;
#[doc(hidden)]
pub mod manifest;
#[doc(hidden)]
pub mod model;
#[doc(hidden)]
pub mod plan;
mod process;
#[doc(hidden)]
pub mod proxy;
#[doc(hidden)]
pub mod record;
#[doc(hidden)]
pub mod redis;
#[doc(hidden)]
pub mod report;
#[doc(hidden)]
pub mod run;
mod schedule;
#[doc(hidden)]
pub mod serve;
#[doc(hidden)]
pub mod snapshot;

pub use fantoccini;
pub use harness::{Harness, run};
pub use manifest::Story;
pub use plan::Snapshot;
pub use snapshot::HookError;
#[doc(inline)]
pub use tintype_compare as compare;

/// The settings and details that stories and snapshots name.
pub mod settings {
    pub use crate::manifest::{
        CaptureSettings, Device, Isolation, Network, PageErrors, Screen, StorySpec, Target, Theme,
        WaitFor,
    };
    pub use crate::model::{BrowserName, StoryIdentifier};
}

/// README's code is compiled as any other example.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
