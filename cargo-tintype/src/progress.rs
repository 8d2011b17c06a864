//! Progress of long commands, on standard error.

use std::io::{IsTerminal as _, stderr};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Whether progress is drawn: only in a terminal.
pub(crate) fn is_shown() -> bool {
    stderr().is_terminal()
}

/// A bar that is drawn only in a terminal.
pub(crate) fn bar(total: usize, what: &'static str) -> ProgressBar {
    let target = if is_shown() {
        ProgressDrawTarget::stderr()
    } else {
        ProgressDrawTarget::hidden()
    };
    let bar = ProgressBar::with_draw_target(Some(total as u64), target);
    if let Ok(style) = ProgressStyle::with_template("{bar:28} {pos} of {len} {msg}") {
        bar.set_style(style.progress_chars("━━╌"));
    }
    bar.with_message(what)
}

/// Moves a bar to a position.
pub(crate) fn set(bar: &ProgressBar, count: usize) {
    bar.set_position(count as u64);
}
