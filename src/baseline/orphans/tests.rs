//! Tests of the search for orphaned baselines.

use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;

use super::orphans;
use crate::config::Config;
use crate::manifest::Manifest;
use crate::plan::Plan;

/// The orphans among `files`, as paths relative to the project.
fn find_orphans(template: &str, files: &[&str]) -> Vec<String> {
    let folder = TempDir::new().unwrap();
    let root = folder.path();
    fs::create_dir(root.join("stories")).unwrap();
    fs::write(root.join("stories/button.html"), "").unwrap();
    for file in files {
        let path = root.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "").unwrap();
    }
    let text = format!("[stories]\ndir = \"stories\"\n[baselines]\npath = \"{template}\"\n");
    let manifest = Manifest::parse(&root.join("stories.toml"), &text, &Config::default()).unwrap();
    let plan = Plan::from_manifest(&manifest).unwrap();
    let shown = |path: PathBuf| path.strip_prefix(root).unwrap().display().to_string();
    orphans(&manifest, &plan)
        .unwrap()
        .into_iter()
        .map(shown)
        .collect()
}

#[test]
fn orphans_match_the_template() {
    let found = find_orphans(
        "baselines/{story}-{theme}-{viewport}.png",
        &[
            "baselines/button-light-1280x720.png",
            "baselines/button-light-375x667.png",
            "baselines/button@2x-light-1280x720.png",
            "baselines/old/card-dark-1280x720.png",
            // Another engine, another file type, another name, another folder.
            "baselines/button@firefox-light-1280x720.png",
            "baselines/README.md",
            "baselines/logo.png",
            "baselines/button-light-1280x720.png.orig",
            "shots/button-light-375x667.png",
        ],
    );
    assert_eq!(
        found,
        [
            "baselines/button-light-375x667.png",
            "baselines/button@2x-light-1280x720.png",
            "baselines/old/card-dark-1280x720.png",
        ]
    );
}

#[test]
fn baselines_of_other_platforms_and_browsers_are_not_orphans() {
    let here = std::env::consts::OS;
    let old = format!("shots/{here}/chromium/old-light-1x1.png");
    let found = find_orphans(
        "shots/{platform}/{browser}/{story}-{theme}-{viewport}.png",
        &[
            &old,
            &format!("shots/{here}/firefox/old-light-1x1.png"),
            "shots/plan9/chromium/old-light-1x1.png",
        ],
    );
    assert_eq!(found, [old]);
}

#[test]
fn build_output_is_not_searched_for_orphans() {
    let found = find_orphans(
        "{story}-{theme}-{viewport}.png",
        &[
            "target/tintype/a-light-1x1.png",
            ".git/a-light-1x1.png",
            "a-light-1x1.png",
        ],
    );
    assert_eq!(found, ["a-light-1x1.png"]);
}
