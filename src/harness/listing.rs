//! Renders the output of `--list`.

use std::fmt::Write as _;

use crate::plan::Snapshot;

use super::arguments::{Arguments, Format};

/// The list in libtest's format: `name: test` on each line and, unless it is
/// terse, a blank line and the count. It is one string, because a plan may have
/// tens of thousands of snapshots.
pub(super) fn listing(snapshots: &[Snapshot], arguments: &Arguments) -> String {
    let mut text = String::with_capacity(snapshots.len() * 64);
    for snapshot in snapshots {
        text.push_str(&snapshot.identifier.test_name());
        text.push_str(": test\n");
    }
    let terse = arguments.quiet || arguments.format == Format::Terse;
    if !terse {
        let count = snapshots.len();
        let tests = if count == 1 { "test" } else { "tests" };
        // Writing to a string cannot fail.
        let _ = write!(text, "\n{count} {tests}, 0 benchmarks\n");
    }
    text
}
