//! Opens an address in the default browser.

use std::process::{Command, Stdio};

/// Opens `url`. A failure is only a warning: the address has been printed.
pub(super) fn in_browser(url: &str) {
    let (program, arguments): (&str, &[&str]) = if cfg!(target_os = "macos") {
        ("open", &[])
    } else if cfg!(windows) {
        ("cmd", &["/c", "start", ""])
    } else {
        ("xdg-open", &[])
    };
    let started = Command::new(program)
        .args(arguments)
        .arg(url)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    match started {
        // Not waited for: some programs stay in the foreground.
        Ok(child) => drop(child),
        Err(error) => eprintln!("warning: failed to run {program}: {error}"),
    }
}
