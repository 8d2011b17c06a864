//! The words of Tintype and their JSON: what a snapshot is called, what a run
//! and a result look like to Redis, to reports and to other programs.
//!
//! Everything here is plain data. Nothing in this module reads a file, opens a
//! connection or knows a browser.

mod accept_command;
mod browser_name;
mod environment;
mod identifier;
mod recorded_event;
mod result;
mod run;
mod run_file;
mod status;
mod time;

pub use accept_command::accept_command;
pub use browser_name::BrowserName;
pub use environment::{Environment, EnvironmentChange, Git};
pub use identifier::{IdentifierError, StoryIdentifier, Viewport};
pub use recorded_event::RecordedEvent;
pub use result::{
    Attempt, ImageHashes, PageError, PageErrorKind, SettledStep, UnmetStep, VisualTestResult,
};
pub use run::{Reason, RunId, Summary, VisualTestRun};
pub use run_file::RunFile;
pub use status::Status;
pub use time::{now_ms, rfc3339};
pub use tintype_compare::Region;
