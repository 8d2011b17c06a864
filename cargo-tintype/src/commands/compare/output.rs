//! Prints lines for people and programs.

use std::io::{self, ErrorKind, Write};

use anyhow::{Context, Result};
use serde::Serialize;
use tintype::internals::escape::{printable, printable_json};

/// Prints a line. A closed pipe is no error: the verdict stays the same.
pub(super) fn print_line(mut to: impl Write, line: &str) -> Result<()> {
    write_line(&mut to, &printable(line))
}

/// Prints a JSON document to standard output.
pub(super) fn print_json(value: &impl Serialize) -> Result<()> {
    let json = serde_json::to_string_pretty(value)?;
    write_line(&mut io::stdout(), &printable_json(&json))
}

fn write_line(to: &mut impl Write, line: &str) -> Result<()> {
    match writeln!(to, "{line}") {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(error).context("failed to print")
        }
        _ => Ok(()),
    }
}
