//! Opens the page in the default browser.

use std::path::Path;
use std::process::Stdio;

use crate::output::print_error;
use anyhow::{Context, Result};
use tintype::internals::files;
use tintype::internals::process::desktop_opener;

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
    in_browser(&std::path::absolute(&path).unwrap_or(path));
    Ok(())
}

/// A failure is only a warning: the address has been printed.
fn in_browser(page: &Path) {
    let mut opener = desktop_opener();
    let started = opener
        .arg(page)
        .env_remove(super::access::TOKEN)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    match started {
        // Not waited for: some programs stay in the foreground.
        Ok(child) => drop(child),
        Err(error) => print_error!("warning: failed to run {:?}: {error}", opener.get_program()),
    }
}
