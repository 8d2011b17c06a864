//! Subscribes the reports to the events of a run.

use std::env;
use std::sync::Arc;

use crate::events::Bus;
use crate::manifest::Manifest;
use crate::report::github::GithubReport;
use crate::report::html::HtmlReport;
use crate::report::junit::JunitReport;
use crate::report::terminal::Terminal;

/// Subscribes the reports that are files in the run's folder.
pub(super) fn subscribe_files(bus: &Bus, manifest: &Manifest) {
    bus.subscribe(Arc::new(HtmlReport::new(manifest.root.clone())));
    bus.subscribe(Arc::new(JunitReport));
}

/// Subscribes every report, for a process that owns the terminal.
pub(super) fn subscribe_all(bus: &Bus, manifest: &Manifest) {
    subscribe_files(bus, manifest);
    if env::var("GITHUB_ACTIONS").is_ok_and(|value| value == "true") {
        let summary = env::var_os("GITHUB_STEP_SUMMARY").map(Into::into);
        let path = manifest.path.to_string_lossy().into_owned();
        bus.subscribe(Arc::new(GithubReport::new(path, summary)));
    }
    // The terminal names the other reports, so it subscribes last.
    bus.subscribe(Arc::new(Terminal::default()));
}
