//! The artifact store and the shared cache with the real binary, a real browser, a
//! real S3 server and a real Redis.
//!
//! With `PLAY_SUITE` set, this binary acts as a user's `tests/visual.rs`.
//! Otherwise it runs the tests, each of which starts it again that way.

mod baselines;
mod cache;
#[path = "../../../tests/support/port.rs"]
mod port;
mod project;
mod prune;
mod readers;
#[path = "../../../tests/support/s3.rs"]
mod s3;
#[expect(dead_code, reason = "other tests use the rest of it")]
#[path = "../../../tests/support/server.rs"]
mod server;
#[path = "../../../tests/support/trial.rs"]
mod trial;
mod uploads;
mod wait;

use std::process::ExitCode;

use libtest_mimic::Arguments;

use trial::trials;

/// Set when this binary acts as the user's test target.
const PLAY_SUITE: &str = "PLAY_SUITE";

fn main() -> ExitCode {
    if std::env::var_os(PLAY_SUITE).is_some() {
        return tintype::run();
    }
    let tests = [
        baselines::tests(),
        cache::tests(),
        prune::tests(),
        readers::tests(),
        uploads::tests(),
        wait::tests(),
    ];
    let trials = tests.into_iter().flatten().collect();
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}
