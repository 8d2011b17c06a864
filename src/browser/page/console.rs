//! The console of a page: its last lines, and the number of its errors.

use std::collections::VecDeque;

use crate::model::bounded;

/// The most lines that are kept.
const MAX_LINES: usize = 200;

/// The maximum length of a line, in bytes.
const MAX_LENGTH: usize = 1 << 10;

/// The console of a page, from the load of its story on.
#[derive(Clone, Debug, Default)]
pub(in crate::browser) struct ConsoleLog {
    lines: VecDeque<String>,
    errors: u64,
}

impl ConsoleLog {
    /// Adds a message of this level: `error: no such thing`.
    pub(in crate::browser) fn add(&mut self, level: &str, message: &str) {
        if self.lines.len() == MAX_LINES {
            self.lines.pop_front();
        }
        let line = format!("{level}: {message}");
        self.lines.push_back(bounded(line, MAX_LENGTH));
    }

    /// Adds a call of `console.error` or an uncaught exception.
    pub(in crate::browser) fn add_error(&mut self, level: &str, message: &str) {
        self.errors += 1;
        self.add(level, message);
    }

    /// Notes that an exception was handled after all.
    pub(in crate::browser) fn revoke_error(&mut self) {
        self.errors = self.errors.saturating_sub(1);
    }

    /// The number of calls of `console.error` and uncaught exceptions.
    pub(in crate::browser) fn errors(&self) -> u64 {
        self.errors
    }

    /// The last lines.
    pub(in crate::browser) fn lines(&self) -> Vec<String> {
        self.lines.iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{ConsoleLog, MAX_LENGTH, MAX_LINES};

    #[test]
    fn the_last_lines_are_kept_and_every_error_is_counted() {
        let mut log = ConsoleLog::default();
        for number in 0..250 {
            log.add_error("error", &number.to_string());
        }
        log.add("log", &"x".repeat(5_000));
        log.revoke_error();
        let lines = log.lines();
        assert_eq!(lines.len(), MAX_LINES);
        assert_eq!(lines[0], "error: 51");
        assert!(lines[MAX_LINES - 1].len() <= MAX_LENGTH);
        assert_eq!(log.errors(), 249);
    }
}
