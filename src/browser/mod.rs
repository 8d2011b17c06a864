//! Real browsers under WebDriver.
//!
//! - `error`: the errors of this module.
//! - `driver`: finds and starts programs, opens sessions and sends commands.
//! - `page`: a page in any engine: readiness, steps, screenshots.
//! - `chromium`, `firefox`, `webkit`: the same operations for each engine.
//! - `engine`: a browser of any engine; `limits`: unsupported features.
//! - `scripts`: the scripts that run inside the page.

mod chromium;
mod driver;
mod engine;
mod error;
mod firefox;
mod limits;
mod page;
mod webkit;

pub use driver::{Programs, find, install_command};
pub use engine::Browser;
pub use error::BrowserError;
pub(crate) use error::{StepFailure, Unstable};
pub use limits::limits;
pub(crate) use limits::{check_support, snapshot_limits};
pub use page::{BrowserInfo, Settled, StepBarrier, Thoroughness};
pub(crate) use page::{
    Cookie, LookReads, PageResources, Parameters, SCRIPT_PATH, StorageState, WorkerMotion,
    injected_script,
};
