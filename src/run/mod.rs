//! The conductor: takes the snapshots of a plan, hands them story by story to
//! browser sessions, tells what happens, and ends the run.
//!
//! - `conductor`: starts everything, gives the outcomes, ends everything.
//! - `opening`: all that a run needs, opened.
//! - `closing`: what a run has come to, told and written.
//! - `queue`: story groups, best order first.
//! - `ahead`: what is done before anybody asks for it.
//! - `worker`: a session that pulls groups; replaces its browser when it breaks.
//! - `photographer`: one snapshot, from page to judged picture.
//! - `steadiness`: what is not its baseline at once, on fresh pages.
//! - `judge`: a picture against its baseline, and what is kept of it.
//! - `own`: what a story says of itself in its page.
//! - `meeting`: between a page and the pictures of it.
//! - `hooks`: the user's own code around a story.
//! - `memory`: what a page has loaded, for the cache.
//! - `network`: what stories may ask of the network, and have asked.
//! - `openings`: which engines give sessions.
//! - `panics`: what ends no more than what was being done.
//! - `stage`: what all of them share.
//! - `folders`: the run's folder and the pruning of older ones.
//! - `surroundings`: machine, commit and command.
//! - `interrupt`: Ctrl-C and SIGTERM.

mod ahead;
mod attempts;
mod closing;
mod conductor;
mod expectation;
mod folders;
mod hooks;
mod interrupt;
mod judge;
mod meeting;
mod memory;
mod network;
mod opening;
mod openings;
mod own;
mod panics;
mod photographer;
mod queue;
mod stage;
mod steadiness;
mod surroundings;
mod visit;
mod worker;

pub use closing::end;
pub use conductor::{Conductor, Demand, Given, RunError, RunReport};
pub use hooks::{HookError, Hooks};
pub use stage::Outcome;
