//! A page in a browser of any engine.
//!
//! - `traits`: the operations that an engine provides.
//! - `address`: compares addresses.
//! - `info`: names of a browser, and the requests of a page.
//! - `state`: the state of a page that all engines share.
//! - `poll`: asks a page again until it has an answer.
//! - `prelude`: the scripts that run in a document before its own.
//! - `scripted_time`: the time of a page whose browser has no virtual time.
//! - `settle`: waits until the page is ready to be captured.
//! - `storybook`: waits until a Storybook has rendered a story.
//! - `input`, `steps`: mouse and keyboard input, and a story's steps.
//! - `image`: works on the pixels of screenshots.
//! - `screenshot`: screenshots of viewports and whole pages.
//! - `element`: screenshots of elements.
//! - `storage_state`: cookies and local storage of a logged-in browser.

mod address;
mod element;
pub(super) mod image;
mod info;
mod input;
mod poll;
mod prelude;
mod screenshot;
pub(super) mod scripted_time;
mod settle;
mod state;
mod steps;
mod storage_state;
mod storybook;
mod traits;

pub(super) use address::only_changes_fragment;
pub(crate) use info::PageResources;
pub use info::{BrowserInfo, Thoroughness};
pub(super) use input::{Input, mouse_input, send_actions};
pub(crate) use prelude::{SCRIPT_PATH, injected_script};
pub(super) use prelude::{Timekeeping, prelude};
pub(super) use screenshot::{Frame, Screenshot, capture};
pub(super) use scripted_time::ScriptedTime;
pub use settle::Settled;
pub(super) use settle::settle;
pub(super) use state::{Access, PageState};
pub(super) use steps::perform_steps;
pub(super) use storage_state::fill_storage_script;
pub(crate) use storage_state::{Cookie, StorageState};
pub(crate) use storybook::Parameters;
pub(super) use storybook::wait_for_storybook;
pub(super) use traits::{MAX_DRIVING, Page, Progress};
