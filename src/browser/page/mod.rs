//! A page in a browser of any engine.
//!
//! - `traits`: the operations that an engine provides.
//! - `address`: compares addresses.
//! - `info`: names of a browser, and the requests of a page.
//! - `look_reads`: what page code has read of its look.
//! - `state`: the state of a page that all engines share.
//! - `poll`: asks a page again until it has an answer.
//! - `prelude`: the scripts that run in a document before its own.
//! - `page_time`: lets the time of a page pass; `progress`: the outcome.
//! - `pace`: how far the time goes, and in which steps.
//! - `scripted_time`: the time of a page whose browser has no virtual time.
//! - `alongside`: repeats something while something else is done.
//! - `settle`: waits until the page is ready to be captured.
//! - `storybook`: waits until a Storybook has rendered a story.
//! - `input`, `steps`: mouse and keyboard input, and a story's steps.
//! - `console`: the console of a page; `measure`: measures a page.
//! - `image`: works on the pixels of screenshots.
//! - `capture`: captures the target of a story.
//! - `screenshot`: screenshots of the viewport and of parts of a page.
//! - `element`: screenshots of elements.
//! - `digest`: the layout digest of a page.
//! - `storage_state`: cookies and local storage of a logged-in browser.

mod address;
mod alongside;
mod capture;
mod console;
mod digest;
mod element;
pub(super) mod image;
mod info;
mod input;
mod look_reads;
mod measure;
pub(super) mod pace;
mod page_time;
mod poll;
mod prelude;
mod progress;
mod screenshot;
pub(super) mod scripted_time;
mod settle;
mod state;
mod steps;
mod storage_state;
mod storybook;
mod traits;

pub(super) use address::only_changes_fragment;
pub(super) use alongside::alongside;
pub(super) use capture::capture;
pub(super) use console::ConsoleLog;
pub(crate) use digest::FoundRule;
pub(super) use digest::{declaring_rules, layout_digest};
pub(crate) use info::PageResources;
pub use info::{BrowserInfo, Thoroughness};
pub(super) use input::{Input, mouse_input, send_actions};
pub(crate) use look_reads::LookReads;
pub(super) use measure::measure;
pub(super) use page_time::PageTime;
pub(crate) use prelude::{SCRIPT_PATH, injected_script};
pub(super) use prelude::{Timekeeping, prelude, webkit_prelude};
pub(super) use progress::{MAX_DRIVING, Progress};
pub(super) use screenshot::{Frame, Screenshot};
pub(super) use scripted_time::ScriptedTime;
pub use settle::Settled;
pub(crate) use settle::WorkerMotion;
pub(super) use settle::settle;
pub(super) use state::PageState;
pub use steps::StepBarrier;
pub(super) use steps::perform_steps;
pub(super) use storage_state::fill_storage_script;
pub(crate) use storage_state::{Cookie, StorageState};
pub(crate) use storybook::Parameters;
pub(super) use storybook::wait_for_storybook;
pub(super) use traits::Page;
