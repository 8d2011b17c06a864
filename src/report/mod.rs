//! Writes the reports of a run, each as a subscriber to its events.
//!
//! - [`terminal`]: the lines around libtest's own.
//! - `evidence`: reads the texts about a failure.
//! - `failure`: the messages of failed tests.
//! - [`html`]: a page with images that needs no server.
//! - [`junit`]: JUnit XML for CI servers.
//! - [`github`]: annotations and the step summary of GitHub Actions.
//! - `groups`: groups failures that probably have the same cause.
//! - `places`: the files and lines that annotations point to.
//! - `words`: numbers, names and phrases that several reports share.
//! - `file`: writes the reports that are files.

mod evidence;
mod failure;
mod file;
pub(crate) mod github;
mod groups;
pub(crate) mod html;
pub(crate) mod junit;
mod places;
#[cfg(test)]
mod sample;
pub(crate) mod terminal;
#[cfg(feature = "artifacts")]
pub(crate) mod upload;
mod words;

pub use evidence::EvidenceTexts;
pub(crate) use failure::{FailureMessages, test_message};
pub use groups::{FailureGroup, groups};
pub(crate) use places::AnnotationPlaces;
pub use words::{counts, duration, environment, failures, plural};
