//! Finds the pictures of Playwright Test.

use std::path::PathBuf;

use serde_json::Value;

use super::node::Shot;
use super::suite::ImportedSuite;

/// The picture by Playwright's default template.
pub(super) fn picture(
    suite: &mut ImportedSuite,
    shot: &Shot,
    config: &Value,
    project: &str,
) -> Option<PathBuf> {
    if config["snapshotPathTemplate"].is_string()
        || config["expect"]["toHaveScreenshot"]["pathTemplate"].is_string()
    {
        suite.note("snapshotPathTemplate: pictures are found by the default template only");
        return None;
    }
    let name = match &shot.name {
        Value::String(name) => sanitized(name.strip_suffix(".png").unwrap_or(name)),
        Value::Array(parts) => {
            let parts: Vec<_> = parts.iter().filter_map(Value::as_str).collect();
            let name = parts.join("/");
            name.strip_suffix(".png").unwrap_or(&name).to_owned()
        }
        _ => sanitized(&format!("{} {}", shot.titles.join(" "), shot.index)),
    };
    let mut folder = suite.folder.join(format!("{}-snapshots", shot.file));
    if let Some(dir) = config["snapshotDir"].as_str() {
        let tests = config["testDir"]
            .as_str()
            .unwrap_or(".")
            .trim_start_matches("./");
        let file = shot
            .file
            .strip_prefix(tests)
            .unwrap_or(&shot.file)
            .trim_start_matches('/');
        folder = suite.folder.join(dir).join(format!("{file}-snapshots"));
    }
    let project = match project {
        "" => String::new(),
        name => format!("-{}", sanitized(name)),
    };
    let files = ["-linux", "-darwin", "-win32", ""];
    let files = files.map(|system| folder.join(format!("{name}{project}{system}.png")));
    let found = files.into_iter().find(|file| file.is_file());
    if found.is_none() {
        suite.note(format!(
            "{}: no picture {name}{project} in {}",
            shot.file,
            folder.display()
        ));
    }
    found
}

/// A name as Playwright writes it: other characters become a hyphen.
fn sanitized(name: &str) -> String {
    let mut text = String::new();
    for c in name.chars() {
        if c.is_alphanumeric() || c == '-' || !c.is_ascii() {
            text.push(c);
        } else if !text.ends_with('-') {
            text.push('-');
        }
    }
    text
}
