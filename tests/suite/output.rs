//! Pins the text that a run prints, once for each kind of message, with
//! everything replaced that differs from run to run.

use insta::{Settings, assert_snapshot};

/// Compares `text` with the snapshot `name`.
pub(crate) fn assert_output(name: &str, text: &str) {
    let mut settings = Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.set_snapshot_path("snapshots");
    for (pattern, replacement) in [
        // The record of these tests is unreachable; messages about it depend on
        // time.
        (r"(?m)^ *(warning|help): .*(record|REDIS_URL).*\n?", ""),
        (r"\x1b\[[0-9;]*m", ""),
        (r"run-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "run-ID"),
        (r"/[^\s:]*/tintype-suite-\w+", "PROJECT"),
        (r"127\.0\.0\.1:\d+", "localhost:PORT"),
        (
            r"((?i)chromium|chromedriver) \d+\.\d+\.\d+\.\d+( \(headless shell\))?",
            "$1 VERSION",
        ),
        (r"\(\d+(\.\d+)? snapshots/s", "(RATE snapshots/s"),
        (r"\b\d+(\.\d+)? ?(ms|s)\b", "TIME"),
        (r"(journal/run-ID)\.\w+\.journal", "$1.journal"),
        (r"\(now (x86_64|aarch64)\)", "(now ARCH)"),
    ] {
        settings.add_filter(pattern, replacement);
    }
    settings.bind(|| assert_snapshot!(name, text));
}

/// Compares the message of the first failed test with the snapshot `name`. Tests
/// that fail together may be listed in any order: those that refer to another
/// are passed over.
pub(crate) fn assert_first_failure(name: &str, stdout: &str) {
    let message = stdout
        .split(" ----\n")
        .skip(1)
        .map(|rest| rest.split("\n\n").next().unwrap_or_default())
        .find(|message| !message.contains("the reason is in the first failure"))
        .expect("a test failed");
    assert_output(name, message);
}
