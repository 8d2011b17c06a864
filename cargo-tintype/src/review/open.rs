//! Opens the page in the default browser.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::output::print_error;
use anyhow::{Context, Result};
use tintype::internals::files;

/// Opens `url`, which may contain a secret. It is passed to the browser in a
/// file that only this user can read, because every user of the machine can see
/// the arguments of a program.
pub(super) fn in_default_browser(url: &str, state_dir: &Path) -> Result<()> {
    let path = state_dir.join("review/open.html");
    let page = format!(
        "<!doctype html><meta charset=\"utf-8\"><title>Tintype</title>\
         <meta http-equiv=\"refresh\" content=\"0; url={url}\">\
         <p><a href=\"{url}\">Review</a>"
    );
    files::replace_privately(&path, page.as_bytes())
        .with_context(|| format!("failed to write {}", path.display()))?;
    in_browser(&path.canonicalize().unwrap_or(path));
    Ok(())
}

/// A failure is only a warning: the address has been printed.
fn in_browser(page: &Path) {
    let (program, arguments): (&str, &[&str]) = if cfg!(target_os = "macos") {
        ("open", &[])
    } else if cfg!(windows) {
        ("cmd", &["/c", "start", ""])
    } else {
        ("xdg-open", &[])
    };
    let started = Command::new(program)
        .args(arguments)
        .arg(page)
        .env_remove(super::access::TOKEN)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    match started {
        // Not waited for: some programs stay in the foreground.
        Ok(child) => drop(child),
        Err(error) => print_error!("warning: failed to run {program}: {error}"),
    }
}
