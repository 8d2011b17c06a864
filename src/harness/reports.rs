//! Subscribes the reports to the events of a run.

use std::sync::Arc;

use crate::config::Config;
use crate::events::Bus;
use crate::manifest::Manifest;
use crate::report::AnnotationPlaces;
use crate::report::github::GithubReport;
use crate::report::html::HtmlReport;
use crate::report::junit::JunitReport;
use crate::report::terminal::Terminal;
#[cfg(feature = "artifacts")]
use crate::report::upload::ArtifactUpload;
use crate::traces;

/// Subscribes the reports that are files in the run's folder, and the traces.
pub(super) fn subscribe_files(bus: &Bus, manifest: &Manifest, config: &Config) {
    bus.subscribe(Arc::new(HtmlReport::new(manifest.root.clone())));
    bus.subscribe(Arc::new(JunitReport::new(suite_name(manifest, config))));
    traces::subscribe(bus, &config.traces, manifest);
    #[cfg(feature = "artifacts")]
    if let Some(upload) = ArtifactUpload::new(manifest) {
        bus.subscribe(Arc::new(upload));
    }
}

/// Subscribes every report, for a process that owns the terminal.
pub(super) fn subscribe_all(bus: &Bus, manifest: &Manifest, config: &Config) {
    subscribe_files(bus, manifest, config);
    if let Some(github) = &config.run.github {
        let summary = github.step_summary.clone();
        let places = AnnotationPlaces::new(manifest);
        bus.subscribe(Arc::new(GithubReport::new(places, summary)));
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

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use tempfile::TempDir;

    use super::suite_name;
    use crate::config::Config;
    use crate::manifest::Manifest;

    const MANIFEST: &str = "[stories]\ndir = \"stories\"\n\n[[story]]\npath = \"a.html\"\n\n\
                            [[story]]\nid = \"b\"\npath = \"a.html\"\n";

    fn project(manifest: &str) -> (TempDir, Manifest) {
        let folder = TempDir::new().unwrap();
        let root = folder.path().join("shop");
        fs::create_dir_all(root.join("stories")).unwrap();
        fs::write(root.join("stories/a.html"), "").unwrap();
        let path = root.join(manifest);
        fs::write(&path, MANIFEST).unwrap();
        let manifest = Manifest::load(&path, &Config::default()).unwrap();
        (folder, manifest)
    }

    #[test]
    fn a_suite_is_named_after_package_and_manifest() {
        let mut config = Config::default();
        config.system.package = Some("shop-ui".to_owned());
        let (_folder, mut manifest) = project("stories.toml");
        assert_eq!(suite_name(&manifest, &config), "shop-ui");
        manifest.path = Path::new("suites/admin.toml").into();
        assert_eq!(suite_name(&manifest, &config), "shop-ui: admin");
        config.system.package = None;
        assert_eq!(suite_name(&manifest, &config), "shop: admin");
    }
}
