//! Visual regression tests that run in `cargo test`.
//!
//! # Layout
//! From the ground up; a module uses what stands below it, never what stands
//! above.
//!
//! - [`model`]: the words: identifiers, statuses, runs, results, events.
//! - `process`: child processes that are supervised.
//! - [`files`]: files that are written whole or not at all.
//! - [`manifest`]: `stories.toml`, read and checked.
//! - [`config`]: the environment variables.
//! - [`plan`]: the matrix: from a manifest to ordered snapshots.
//! - [`compare`]: PNG in, verdict and picture of the difference out. A crate of
//!   its own, `tintype-compare`, so that it alone can be optimised.
//! - [`baseline`]: the accepted images: reading, accepting, orphans.
//! - [`serve`]: the built-in server for a folder of stories or a service.
//! - [`proxy`]: what becomes of a page's requests.
//! - [`cache`]: passes of unchanged stories, which need no browser.
//! - [`browser`]: real browsers under WebDriver.
//! - [`login`]: log-ins, each done once and shared.
//! - [`events`]: the events of a run, and the bus that delivers them.
//! - `schedule`: which snapshot a browser session captures next.
//! - [`snapshot`]: captures and judges one snapshot.
//! - [`mod@run`]: runs a plan: sessions, results, events.
//! - [`report`]: subscribers that write reports: terminal, HTML, JUnit, GitHub.
//! - [`harness`]: the face of libtest: arguments, trials, listing, exit code.
//! - [`record`]: the record of runs, in Redis or in memory.

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
