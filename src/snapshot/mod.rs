//! Captures and judges one snapshot.
//!
//! - `capture`: one snapshot, from page to verdict, with its fast path.
//! - `navigate`: loads a story, logs in and performs its steps.
//! - `page_hooks`: the user's hooks around the captures of a page.
//! - `hooks`: the registered hooks and their execution.
//! - `stability`: captures on fresh pages until two of them agree.
//! - `judge`: compares a capture with its baseline and writes the artifacts.
//! - `story_parameters`: parameters that a Storybook story sets for itself.
//! - `known_failure`: snapshots that are expected to fail.
//! - `panics`: turns a panic in a future into an error.

mod capture;
mod hooks;
pub(crate) mod judge;
pub(crate) mod known_failure;
mod navigate;
mod page_hooks;
pub(crate) mod panics;
mod stability;
mod story_parameters;

pub(crate) use capture::SessionPage;
pub use hooks::{HookError, Hooks};
pub(crate) use judge::FinishedSnapshot;
