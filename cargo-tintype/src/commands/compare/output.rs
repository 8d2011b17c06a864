//! Prints lines for people and programs.

use std::io::{ErrorKind, Write};

use anyhow::{Context, Result};

/// Prints a line. A closed pipe is no error: the verdict stays the same.
pub(super) fn print_line(mut to: impl Write, line: &str) -> Result<()> {
    match writeln!(to, "{line}") {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(error).context("failed to print")
        }
        _ => Ok(()),
    }
}
