//! Subscribes the reports to the events of a run.

use std::collections::HashMap;
use std::fs;
use std::sync::Arc;

use crate::config::Config;
use crate::events::Bus;
use crate::manifest::Manifest;
use crate::report::github::GithubReport;
use crate::report::html::HtmlReport;
use crate::report::junit::JunitReport;
use crate::report::terminal::Terminal;
#[cfg(feature = "artifacts")]
use crate::report::upload::ArtifactUpload;

/// Subscribes the reports that are files in the run's folder.
pub(super) fn subscribe_files(bus: &Bus, manifest: &Manifest, config: &Config) {
    bus.subscribe(Arc::new(HtmlReport::new(manifest.root.clone())));
    bus.subscribe(Arc::new(JunitReport::new(suite_name(manifest, config))));
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
        let path = path_in_repository(manifest);
        bus.subscribe(Arc::new(GithubReport::new(
            path,
            story_lines(manifest),
            summary,
        )));
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

/// The line of the manifest that declares each story, by story id.
fn story_lines(manifest: &Manifest) -> HashMap<String, usize> {
    let Ok(text) = fs::read(manifest.file()) else {
        return HashMap::new();
    };
    let line = |offset: usize| {
        let before = &text[..offset.min(text.len())];
        1 + before.iter().filter(|byte| **byte == b'\n').count()
    };
    let stories = manifest.stories.iter();
    stories
        .map(|story| (story.id.clone(), line(story.declared.start)))
        .collect()
}

/// The manifest's path from the root of its repository.
fn path_in_repository(manifest: &Manifest) -> String {
    let path = manifest.file();
    let mut folders = manifest.root.ancestors();
    let repository = folders.find(|folder| folder.join(".git").exists());
    let path = repository.and_then(|root| path.strip_prefix(root).ok());
    path.unwrap_or(&manifest.path)
        .to_string_lossy()
        .into_owned()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use tempfile::TempDir;

    use super::{path_in_repository, story_lines, suite_name};
    use crate::config::Config;
    use crate::manifest::Manifest;

    const MANIFEST: &str = "[stories]\ndir = \"stories\"\n\n[[story]]\npath = \"a.html\"\n\n\
                            [[story]]\nid = \"b\"\npath = \"a.html\"\n";

    fn project(manifest: &str) -> (TempDir, Manifest) {
        let folder = TempDir::new().unwrap();
        fs::create_dir_all(folder.path().join(".git")).unwrap();
        let root = folder.path().join("shop");
        fs::create_dir_all(root.join("stories")).unwrap();
        fs::write(root.join("stories/a.html"), "").unwrap();
        let path = root.join(manifest);
        fs::write(&path, MANIFEST).unwrap();
        let manifest = Manifest::load(&path, &Config::default()).unwrap();
        (folder, manifest)
    }

    #[test]
    fn annotations_point_to_the_lines_of_stories() {
        let (_folder, manifest) = project("stories.toml");
        assert_eq!(path_in_repository(&manifest), "shop/stories.toml");
        let lines = story_lines(&manifest);
        assert_eq!((lines["a"], lines["b"]), (4, 7));
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
