//! Subscribes the reports to the events of a run.

use std::collections::HashMap;
use std::sync::Arc;

use crate::config::Config;
use crate::events::Bus;
use crate::manifest::Manifest;
use crate::report::github::GithubReport;
use crate::report::html::HtmlReport;
use crate::report::junit::JunitReport;
use crate::report::terminal::Terminal;

/// Subscribes the reports that are files in the run's folder.
pub(super) fn subscribe_files(bus: &Bus, manifest: &Manifest, config: &Config) {
    bus.subscribe(Arc::new(HtmlReport::new(manifest.root.clone())));
    bus.subscribe(Arc::new(JunitReport::new(suite_name(manifest, config))));
}

/// Subscribes every report, for a process that owns the terminal.
pub(super) fn subscribe_all(bus: &Bus, manifest: &Manifest, config: &Config) {
    subscribe_files(bus, manifest, config);
    if let Some(github) = &config.run.github {
        let summary = github.step_summary.clone();
        let path = path_in_repository(manifest);
        bus.subscribe(Arc::new(GithubReport::new(path, HashMap::new(), summary)));
    }
    // The terminal names the other reports, so it subscribes last.
    bus.subscribe(Arc::new(Terminal::default()));
}

/// The package's name, with the manifest's if it is not `stories.toml`.
fn suite_name(manifest: &Manifest, config: &Config) -> String {
    let folder = || {
        let name = manifest.root.file_name().unwrap_or_default();
        name.to_string_lossy().into_owned()
    };
    let package = config.system.package.clone().unwrap_or_else(folder);
    match manifest.path.file_stem() {
        Some(stem) if stem != "stories" => format!("{package}: {}", stem.to_string_lossy()),
        _ => package,
    }
}

/// The manifest's path from the root of its repository.
fn path_in_repository(manifest: &Manifest) -> String {
    let name = manifest.path.file_name().unwrap_or_default();
    let path = manifest.root.join(name);
    let mut folders = manifest.root.ancestors();
    let repository = folders.find(|folder| folder.join(".git").exists());
    let path = repository.and_then(|root| path.strip_prefix(root).ok());
    path.unwrap_or(&manifest.path)
        .to_string_lossy()
        .into_owned()
}
