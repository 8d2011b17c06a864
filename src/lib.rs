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
//! - `files`: atomic file writes, and opening of regular files only.
//! - `redact`: removes secrets from texts.
//! - `https`: the HTTP client for webhooks and collectors of traces.
//! - `escape`: escapes text of pages and records for terminals and CI servers.
//! - `model`: identifiers, statuses, runs, results and events, and their JSON.
//! - `history`: statistics and flake scores, from the histories of snapshots.
//! - `config`: the environment variables, resolved once.
//! - `redis`: the connection to a Redis server.
//! - `artifacts`: the artifact store of pictures, with the feature `artifacts`.
//! - `manifest`: reads and checks `stories.toml`.
//! - `plan`: turns a manifest into ordered snapshots.
//! - `baseline`: reads and accepts baselines, and finds orphaned ones.
//! - `explain`: explains differences by the layout digests of two pages.
//! - `browser`: drives browsers through WebDriver.
//! - `serve`: serves a folder of stories or a service.
//! - `proxy`: a proxy that mocks and blocks requests of pages.
//! - `login`: log-ins, each performed once and shared.
//! - `cache`: skips unchanged stories without a browser.
//! - `record`: the record of runs, in Redis or in memory.
//! - `alerts`: evaluates alert rules, and sends alerts to a webhook.
//! - `share`: takes part in a run that several machines share.
//! - `events`: the events of a run, and the bus that delivers them.
//! - `schedule`: decides which snapshot a browser session captures next.
//! - `snapshot`: captures and judges one snapshot.
//! - `run`: runs a plan: setup, sessions, results, teardown.
//! - `report`: writes reports: terminal, HTML, JUnit, GitHub.
//! - `traces`: exports OpenTelemetry traces, with the feature `otel`.
//! - `harness`: presents a suite as a libtest test binary.
//! - `internals`: re-exports for `cargo-tintype` and this repository's tests.
//!
//! [`compare`] is a separate crate, `tintype-compare`, so that it alone can be
//! optimised.

#![warn(clippy::print_stderr)]

mod alerts;
#[cfg(feature = "artifacts")]
mod artifacts;
mod baseline;
mod browser;
mod cache;
mod config;
mod escape;
mod events;
mod explain;
mod files;
mod harness;
mod history;
#[cfg(any(feature = "otel", feature = "webhook"))]
mod https;
#[doc(hidden)]
pub mod internals;
mod login;
mod manifest;
mod model;
mod plan;
mod process;
mod proxy;
mod record;
mod redact;
mod redis;
mod report;
mod run;
mod schedule;
mod serve;
mod share;
mod snapshot;
mod traces;

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
        CaptureSettings, ColorScheme, Contrast, Device, HostPort, Isolation, Medium, Network,
        PageErrors, Screen, StorySpec, Target, Theme, WaitFor,
    };
    pub use crate::model::{BrowserName, IdentifierError, StoryIdentifier, Viewport};
}

/// README's code is compiled as any other example.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
