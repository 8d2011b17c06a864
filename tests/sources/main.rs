//! Stories from elsewhere than a folder: Storybooks, running apps, Rust code.
//! Real projects in temporary folders, the real binary, a real browser.
//!
//! This binary plays a user's `tests/visual.rs` when it is started with
//! `PLAY_SUITE` set, by its value one of those in `targets`; otherwise it runs
//! the tests below, each of which starts it again in that part.

mod access;
mod app;
mod code;
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

/// Set when this binary shall play the user's own test target.
const PLAY_SUITE: &str = "TINTYPE_TEST_PLAY_SUITE";

fn main() -> ExitCode {
    if let Ok(target) = std::env::var(PLAY_SUITE) {
        return targets::play(&target);
    }
    let tests = [access::tests(), code::tests(), storybook::tests()];
    let trials = tests.into_iter().flatten().collect();
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}
