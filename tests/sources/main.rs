//! Stories from Storybooks, running apps and Rust code, with real projects in
//! temporary folders, the real binary and a real browser.
//!
//! With `PLAY_SUITE` set, this binary acts as a user's `tests/visual.rs`: its
//! value names one of those in `targets`. Otherwise it runs the tests, each of
//! which starts it again that way.

mod access;
mod app;
mod code;
#[path = "../suite/output.rs"]
mod output;
#[path = "../support/port.rs"]
mod port;
#[path = "../suite/project.rs"]
#[expect(dead_code, reason = "the suite's tests use more of it")]
mod project;
mod storybook;
mod storybook_build;
mod targets;
#[path = "../support/trial.rs"]
mod trial;

use std::process::ExitCode;

use libtest_mimic::Arguments;

use trial::trials;

/// Set when this binary acts as the user's test target.
const PLAY_SUITE: &str = "PLAY_SUITE";

fn main() -> ExitCode {
    if let Ok(target) = std::env::var(PLAY_SUITE) {
        return targets::play(&target);
    }
    let tests = [access::tests(), code::tests(), storybook::tests()];
    let trials = tests.into_iter().flatten().collect();
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}
