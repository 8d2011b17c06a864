//! Prints for people and programs, without secrets. Text of pages, records and
//! commands is escaped, so that it cannot control a terminal or a CI server.

use std::fmt::Arguments;
use std::io::{self, IsTerminal, Write};
use std::path::Path;

use anyhow::Result;
use serde::Serialize;
use tintype::internals::escape::{printable, printable_json, single_line};
use tintype::internals::redact::redact;

use crate::percent::encode_path;

/// Prints a line to standard output, with the arguments of `println`.
macro_rules! print_line {
    ($($argument:tt)*) => {
        $crate::output::write_line(std::io::stdout(), format_args!($($argument)*))
    };
}

/// Prints a line to standard error, with the arguments of `println`.
macro_rules! print_error {
    ($($argument:tt)*) => {
        $crate::output::write_line(std::io::stderr(), format_args!($($argument)*))
    };
}

pub(crate) use {print_error, print_line};

/// Prints a line. That the reader has gone is no error.
pub(crate) fn write_line(mut to: impl Write, text: Arguments<'_>) {
    let _ = writeln!(to, "{}", printable(&redact(&text.to_string())));
}

/// Prints a value as an indented JSON document.
pub(crate) fn print_json(value: &impl Serialize) -> Result<()> {
    print_json_line(&serde_json::to_string_pretty(value)?);
    Ok(())
}

/// Prints a JSON document.
pub(crate) fn print_json_line(json: &str) {
    let _ = writeln!(io::stdout(), "{}", printable_json(json));
}

/// Prints a label and a path, in a terminal as a hyperlink. Terminals without
/// hyperlinks show the path.
pub(crate) fn print_link(label: &str, path: &Path) {
    let mut to = io::stdout();
    let path = if to.is_terminal() {
        link(path)
    } else {
        single_line(&path.display().to_string()).into_owned()
    };
    let _ = writeln!(to, "{label:<9} {path}");
}

fn link(path: &Path) -> String {
    let shown = path.display().to_string();
    let address = encode_path(&shown);
    let shown = single_line(&shown);
    format!("\u{1b}]8;;file://{address}\u{1b}\\{shown}\u{1b}]8;;\u{1b}\\")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{link, write_line};

    #[test]
    fn links_are_percent_encoded() {
        let text = link(Path::new("/a b/c.png"));
        assert!(
            text.contains("file:///a%20b/c.png") && text.contains("/a b/c.png"),
            "{text}"
        );
        let hostile = link(Path::new("/a\u{1b}]0;owned\u{7}.png"));
        let controls = hostile.chars().filter(|c| c.is_control()).count();
        assert_eq!(controls, 4, "those of the link: {hostile:?}");
    }

    #[test]
    fn lines_are_escaped() {
        let mut out = Vec::new();
        write_line(&mut out, format_args!("a\u{1b}[2J\n{}", "::error::b"));
        assert_eq!(out, b"a\\u{1b}[2J\n\\::error::b\n");
    }

    #[test]
    fn lines_have_no_secrets_and_control_no_terminal() {
        let mut line = Vec::new();
        write_line(
            &mut line,
            format_args!("redis://ci:pw@cache \u{1b}[2J\n::error::x"),
        );
        let expected = b"redis://ci:***@cache \\u{1b}[2J\n\\::error::x\n";
        assert_eq!(line, expected);
    }
}
