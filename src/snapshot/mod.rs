//! Captures and judges one snapshot, as a pipeline of values:
//! `SnapshotJob -> FirstLook -> Capture -> Judgement -> FinishedSnapshot`.
//!
//! - `site`: the served stories, and how to open them.
//! - `panics`: turns a panic in a future into an error.
//! - `hooks`: the test target's own code around a story.
//! - `story_parameters`: parameters that a Storybook story sets for itself.
//! - `requests`: rules for a page's requests, and requests that break them.
//! - `session_page`: the page of a browser session, and its story.
//! - `page_load`: how a page was loaded.
//! - `page_hooks`: runs the hooks on a page.
//! - `load`: loads the address of a story.
//! - `login`: loads the address of a story that needs a log-in.
//! - `navigate`: loads a story and performs its steps.
//! - `settle`: waits for a page to settle and captures it.
//! - `digest`: takes the layout digest of a page.
//! - `baseline_state`: the baseline of a snapshot as found on disk.
//! - `show`: shows another snapshot of the story that is on the page.
//! - `fast_path`: captures on a page that was used before.
//! - `image_differences`: compares two captures of one snapshot.
//! - `first_look`: what it has seen, if that is not the baseline.
//! - `shared_page`: captures on a fresh page of another snapshot.
//! - `barrier`: lets the engines of a story meet at its `sync` steps.
//! - `stability`: captures on fresh pages until two of them agree.
//! - `judge`: compares a capture with its baseline, without side effects.
//! - `budget`: compares the measurements of a page with its budget.
//! - `explain`: explains why a snapshot differs from its baseline.
//! - `artifacts`: writes the images of a snapshot that did not pass.
//! - `evidence`: what helps to understand a failure; `evidence_files`: writes it.
//! - `step_progress`: publishes steps while they are performed.
//! - `update`: accepts captures as baselines.
//! - `finished`: the result of a snapshot.
//! - `known_failure`: snapshots that are expected to fail.
//! - `quarantine`: snapshots whose failures do not fail the run.
//! - `pipeline`: the whole way of one snapshot.

mod artifacts;
mod barrier;
mod baseline_state;
mod budget;
mod digest;
mod evidence;
mod evidence_files;
mod explain;
mod fast_path;
mod finished;
mod first_look;
mod hooks;
mod image_differences;
mod judge;
mod known_failure;
mod leaving_requests;
mod load;
mod login;
mod navigate;
mod page_hooks;
mod page_load;
mod panics;
mod pipeline;
mod quarantine;
mod requests;
mod session_page;
mod settle;
mod shared_page;
mod show;
mod site;
mod stability;
mod step_progress;
mod story_parameters;
mod update;

pub(crate) use artifacts::ImageFolder;
pub(crate) use barrier::Barriers;
pub(crate) use budget::UsualTimesOfRun;
pub(crate) use evidence::Evidence;
pub(crate) use finished::FinishedSnapshot;
pub use hooks::HookError;
pub(crate) use hooks::Hooks;
pub(crate) use known_failure::expect_failure;
pub(crate) use panics::catch_panic;
pub(crate) use pipeline::{
    Looked, PendingVerdict, SecondLook, SnapshotJob, Verdicts, judge_look, look_at, run_fast_path,
};
pub use quarantine::difference_hash;
pub(crate) use quarantine::quarantined;
pub(crate) use session_page::{PageVisit, SessionPage};
pub(crate) use site::Site;
pub(crate) use update::BaselineUpdater;
