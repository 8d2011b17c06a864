//! Real browsers under WebDriver: found, started, supervised, brought to rest
//! and captured.
//!
//! - `find`: which programs there are.
//! - `guard`: child processes that cannot outlive this one.
//! - `chromium`: how Chromium is launched, and why with which switches.
//! - `slot`: browsers that outlive a process, under nextest.
//! - `driver`: one driver process and the session in it.
//! - `ask`: a driver's commands, each with its time and a meaning for its error.
//! - `page`: what settling needs of an engine; `capture` says what it needs.
//! - `session`: a page of ours in Chromium: load, show, evaluate, draw.
//! - `firefox`, `webkit`: the same in the dialects of other engines.
//! - `engine`: whichever of them it is; `limits`: what each cannot do.
//! - `settle`: the named conditions that a page is waited for.
//! - `capture`: pictures of viewports, whole pages and elements.
//! - `page/`: what runs inside the page.

mod ask;
mod capture;
mod chromium;
mod driver;
mod engine;
mod error;
mod find;
mod firefox;
mod guard;
mod limits;
mod page;
mod session;
mod settle;
mod slot;
mod webkit;

pub use engine::Browser;
pub use error::{BrowserError, Unsettled, Unstable};
pub use find::{Programs, find};
pub(crate) use guard::Guarded;
pub use limits::{limits, limits_of};
pub use session::{BrowserInfo, PageLoads};
pub use settle::{Care, Settled};
pub use slot::Slot;
