//! Writes the reports of a run, each as a subscriber to its events.
//!
//! - [`terminal`]: the lines around libtest's own.
//! - `failure`: the messages of failed tests.
//! - [`html`]: a page with images that needs no server.
//! - [`junit`]: JUnit XML for CI servers.
//! - [`github`]: annotations and the step summary of GitHub Actions.
//! - `groups`: groups failures that probably have the same cause.
//! - `words`: numbers, names and phrases that several reports share.
//! - `file`: writes the reports that are files.

mod failure;
mod file;
pub mod github;
mod groups;
pub mod html;
pub mod junit;
#[cfg(test)]
mod sample;
pub mod terminal;
mod words;

pub use failure::{FailureMessages, test_message};
pub use file::ReportError;
