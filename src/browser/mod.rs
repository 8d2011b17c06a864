//! Real browsers under WebDriver: found, started, supervised, brought to rest
//! and captured.
//!
//! - `find`: which programs there are.
//! - `guard`: child processes that cannot outlive this one.
//! - `chromium`: how Chromium is launched, and why with which switches.
//! - `driver`: one driver process and the session in it.
//! - `ask`: a driver's commands, each with its time and a meaning for its error.
//! - `post`: a WebDriver command that the client has no name for.
//! - `page`: what settling needs of an engine; `capture` and `steps` say what
//!   they need.
//! - `session`: a page of ours in Chromium: load, show, evaluate, draw.
//! - `access`: getting into a server that wants to see something first.
//! - `firefox`, `webkit`: the same in the dialects of other engines.
//! - `engine`: whichever of them it is; `limits`: what each cannot do.
//! - `settle`: the named conditions that a page is waited for.
//! - `storybook`: when a Storybook has rendered, and what its story says.
//! - `sign_in`: what a log-in leaves in a browser, taken and given.
//! - `emulation`: the device that a page believes to be on.
//! - `steps`: what is done to a page, with real input.
//! - `capture`: pictures of viewports, whole pages and elements.
//! - `page/`: what runs inside the page.

mod access;
mod ask;
mod capture;
mod chromium;
mod driver;
mod emulation;
mod engine;
mod error;
mod find;
mod firefox;
mod guard;
mod limits;
mod page;
mod post;
mod session;
mod settle;
mod sign_in;
mod steps;
mod storybook;
mod webkit;

pub use engine::Browser;
pub use error::{BrowserError, Unmet, Unsettled, Unstable};
pub use find::{Programs, find};
pub(crate) use guard::Guarded;
pub use limits::{limits, limits_of, refuse};
pub use session::{BrowserInfo, PageLoads};
pub use settle::{Care, Settled};
pub use sign_in::{Cookie, SignedIn};
pub use storybook::Parameters;
