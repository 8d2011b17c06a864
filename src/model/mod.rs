//! The data model: identifiers, statuses, runs, results and events, with their
//! JSON in Redis, reports and run files.
//!
//! This module contains plain data only, without files, connections or
//! browsers.

mod accept_command;
mod bounded_text;
mod browser_name;
mod cache_miss_reason;
mod environment;
mod explanation;
mod failure;
pub(crate) mod failure_kind;
mod history_entry;
mod identifier;
mod lineage;
mod measurements;
mod recorded_event;
mod result;
mod result_bounds;
mod result_check;
mod run;
mod run_file;
mod status;
mod time;

pub(crate) use accept_command::accept_command;
pub use accept_command::cause_command;
pub(crate) use bounded_text::{MAX_ENTRIES, MAX_LINE, MAX_MESSAGE, bound, bounded};
pub use browser_name::BrowserName;
pub use cache_miss_reason::CacheMissReason;
pub use environment::Git;
pub use environment::{Environment, EnvironmentChange, pin_environment};
pub use explanation::{Cause, CauseKind, CauseSource, Explanation};
pub(crate) use failure::StepStatus;
pub use failure::{ERROR_KINDS, FailureArtifacts, PerformedStep, ResultError, error_anchor};
pub use history_entry::HistoryEntry;
pub use history_entry::PageTimes;
pub(crate) use history_entry::{OutcomeOrigin, machine_kind};
pub use identifier::{IdentifierError, StoryIdentifier, Viewport};
pub use lineage::Lineage;
pub use measurements::Measurements;
pub(crate) use measurements::readable_bytes;
pub use recorded_event::RecordedEvent;
pub(crate) use result::{Attempt, PageError, PageErrorKind, SettledStep, UnmetStep};
pub use result::{ImageHashes, QuarantineMark, VisualTestResult};
pub use run::{Reason, RunId, Summary, VisualTestRun};
pub use run_file::RunFile;
pub use status::Status;
pub use time::{now_ms, rfc3339, today};
pub(crate) use tintype_compare::Region;
