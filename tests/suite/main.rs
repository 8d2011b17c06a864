//! Functional tests of the harness, with real projects in temporary folders, the
//! real binary, a real browser and a real redis-server.
//!
//! With `PLAY_SUITE` set, this binary acts as a user's `tests/visual.rs`.
//! Otherwise it runs the tests, each of which starts it again that way.

mod accepting;
mod answers;
mod arguments;
mod caching;
mod catching;
mod compatibility;
mod coordination;
mod devices;
mod ending;
mod engines;
mod evidence;
mod expecting;
mod explaining;
mod foreign;
mod grid;
#[path = "../support/harmless.rs"]
mod harmless;
mod hostile;
mod http_sink;
mod images;
mod isolation;
mod layout;
mod login;
mod machines;
mod measuring;
mod monitoring;
mod nextest;
mod output;
mod page_code;
mod page_errors;
mod page_time;
mod private_servers;
mod project;
mod quarantine;
mod recording;
mod requests;
mod settling;
#[cfg(feature = "shared-logins")]
mod shared_logins;
mod sharing;
mod steps;
#[path = "../support/mod.rs"]
mod support;
mod tolerance;
mod traces;
#[path = "../support/trial.rs"]
mod trial;
mod workspace;

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
        accepting::tests(),
        answers::tests(),
        arguments::tests(),
        caching::tests(),
        catching::tests(),
        compatibility::tests(),
        coordination::tests(),
        devices::tests(),
        ending::tests(),
        engines::tests(),
        evidence::tests(),
        expecting::tests(),
        quarantine::tests(),
        explaining::tests(),
        grid::tests(),
        hostile::tests(),
        images::tests(),
        isolation::tests(),
        layout::tests(),
        login::tests(),
        machines::tests(),
        measuring::tests(),
        monitoring::tests(),
        nextest::tests(),
        page_code::tests(),
        page_errors::tests(),
        page_time::tests(),
        private_servers::tests(),
        recording::tests(),
        requests::tests(),
        settling::tests(),
        #[cfg(feature = "shared-logins")]
        shared_logins::tests(),
        sharing::tests(),
        steps::tests(),
        tolerance::tests(),
        traces::tests(),
        workspace::tests(),
    ];
    let trials = tests.into_iter().flatten().collect();
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}
