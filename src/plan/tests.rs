use std::fs;

use tempfile::TempDir;

use crate::config::Config;
use crate::manifest::{Manifest, ManifestError};

use super::Plan;

fn plan(pages: &[&str], text: &str) -> Result<Plan, ManifestError> {
    let folder = TempDir::new().unwrap();
    let stories = folder.path().join("stories");
    for page in pages {
        let path = stories.join(page);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "").unwrap();
    }
    let text = format!("[stories]\ndir = \"stories\"\n{text}");
    Plan::from_manifest(
        &Manifest::parse(
            &folder.path().join("stories.toml"),
            &text,
            &Config::default(),
        )
        .unwrap(),
    )
}

fn names(plan: &Plan) -> Vec<String> {
    let name = |snapshot: &super::Snapshot| snapshot.identifier.test_name();
    plan.snapshots.iter().map(name).collect()
}

const MATRIX: &str = "
[themes]
light = {}
dark = {}
[viewports]
phone = \"375x667\"
retina = \"375x667@2x\"
";

#[test]
fn orders_by_story_browser_theme_and_viewport() {
    let browsers = "[browser]\nnames = [\"chromium\", \"firefox\"]\n";
    let plan = plan(&["a.html", "b.html"], &format!("{browsers}{MATRIX}")).unwrap();
    assert_eq!(
        names(&plan)[..9],
        [
            "a::light::375x667",
            "a@2x::light::375x667",
            "a::dark::375x667",
            "a@2x::dark::375x667",
            "a@firefox::light::375x667",
            "a@firefox@2x::light::375x667",
            "a@firefox::dark::375x667",
            "a@firefox@2x::dark::375x667",
            "b::light::375x667",
        ]
    );
    assert_eq!(plan.snapshots.len(), 16);
    let retina = &plan.snapshots[5];
    assert!(retina.baseline.is_absolute());
    assert!(
        retina
            .baseline
            .ends_with("baselines/a@firefox@2x-light-375x667.png")
    );
}

#[test]
fn fractional_scales_keep_their_digits() {
    let text = "[[story]]\npath = \"a.html\"\nscale = 1.5\n";
    assert_eq!(
        names(&plan(&["a.html"], text).unwrap()),
        ["a@1.5x::light::1280x720"]
    );
}

fn conflict(pages: &[&str], text: &str) -> String {
    let error = plan(pages, text).unwrap_err().to_string();
    let temporary = std::env::temp_dir().display().to_string();
    // Removes the random name of the folder.
    let mut shown = String::new();
    for (index, part) in error.split(&format!("{temporary}/")).enumerate() {
        let rest = if index == 0 {
            part
        } else {
            part.split_once('/').unwrap().1
        };
        shown += rest;
    }
    shown
}

#[test]
fn viewports_of_the_same_size_conflict() {
    let text =
        "[viewports]\nphone = \"375x667\"\nsmall = \"375x667\"\n[[story]]\npath = \"a.html\"\n";
    insta::assert_snapshot!(conflict(&["a.html"], text));
}

#[test]
fn ids_and_themes_with_the_same_file_name_conflict() {
    let text = "[themes]\nb = {}\n\"x-b\" = {}\n[[story]]\nid = \"a\"\npath = \"a.html\"\n[[story]]\nid = \"a-x\"\npath = \"a.html\"\n";
    insta::assert_snapshot!(conflict(&["a.html"], text));
}

#[test]
fn a_template_without_the_theme_conflicts() {
    let text =
        "[baselines]\npath = \"shots/{story}-{viewport}.png\"\n[themes]\nlight = {}\ndark = {}\n";
    insta::assert_snapshot!(conflict(&["a.html"], text));
}

#[test]
fn ids_that_differ_only_in_case_conflict() {
    let text = "[[story]]\nid = \"Button\"\npath = \"a.html\"\n[[story]]\nid = \"button\"\npath = \"a.html\"\n";
    insta::assert_snapshot!(conflict(&["a.html"], text));
}
