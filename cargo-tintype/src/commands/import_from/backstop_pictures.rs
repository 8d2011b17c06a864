//! Finds the references of BackstopJS.

use std::path::{Path, PathBuf};

use serde_json::Value;

/// What the name of a reference is made of.
pub(super) struct FileName<'a> {
    pub(super) scenario: usize,
    pub(super) label: &'a str,
    pub(super) position: usize,
    pub(super) selector: &'a str,
    pub(super) number: usize,
    pub(super) viewport: &'a str,
}

/// The reference of a scenario's selector at a viewport.
pub(super) fn find_picture(folder: &Path, config: &Value, name: &FileName<'_>) -> Option<PathBuf> {
    let references = config["paths"]["bitmaps_reference"]
        .as_str()
        .unwrap_or("backstop_data/bitmaps_reference");
    let references = folder.join(references);
    let template = config["fileNameTemplate"].as_str().unwrap_or(
        "{configId}_{scenarioLabel}_{selectorIndex}_{selectorLabel}_{viewportIndex}_{viewportLabel}",
    );
    let safe = |text: &str| text.replace([' ', '/'], "_");
    let plain = |text: &str| {
        text.chars()
            .filter(|c| c.is_ascii_alphanumeric() || "_-".contains(*c))
            .collect::<String>()
    };
    let filled = template
        .replace("{scenarioIndex}", &name.scenario.to_string())
        .replace("{scenarioLabel}", &safe(name.label))
        .replace("{selectorIndex}", &name.position.to_string())
        .replace("{selectorLabel}", &plain(name.selector))
        .replace("{viewportIndex}", &name.number.to_string())
        .replace("{viewportLabel}", &safe(name.viewport));
    // Without an id, that of the configuration is a hash of its folder.
    let (before, after) = filled.split_once("{configId}").unwrap_or(("", &filled));
    let (before, after) = (plain(before), plain(after));
    let entries = std::fs::read_dir(references).ok()?.flatten();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    files.sort();
    files.into_iter().find(|file| {
        let stem = file.file_stem().unwrap_or_default().to_string_lossy();
        let rest = stem
            .strip_prefix(&before)
            .and_then(|rest| rest.strip_suffix(&after));
        file.extension().is_some_and(|extension| extension == "png")
            && rest.is_some_and(|id| config["id"].as_str().is_none_or(|own| plain(own) == id))
    })
}
