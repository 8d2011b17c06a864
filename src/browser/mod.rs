//! Real browsers under WebDriver: found, started, supervised, brought to rest
//! and captured.
//!
//! - `find`: which programs there are.
//! - `guard`: child processes that cannot outlive this one.
//! - `chromium`: how Chromium is launched, and why with which switches.
//! - `slot`: browsers that outlive a process, under nextest.
//! - `driver`: one driver process and the session in it.
//! - `session`: a page of ours in a browser: load, show, settle, capture.
//! - `settle`: the named conditions that a page is waited for.
//! - `capture`: pictures of viewports, whole pages and elements.
//! - `page/`: what runs inside the page.

mod capture;
mod chromium;
mod driver;
mod error;
mod find;
mod guard;
mod session;
mod settle;
mod slot;

pub use error::{BrowserError, Unsettled, Unstable};
pub use find::{Programs, find};
pub(crate) use guard::Guarded;
pub use session::{BrowserInfo, PageLoads, Session};
pub use settle::{Care, Settled};
pub use slot::Slot;
