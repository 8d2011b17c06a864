//! Multiplies stories by browsers, themes and viewports.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;

use crate::manifest::{Manifest, ManifestError, Problem, Screen, StorySpec, TemplateValues, Theme};
use crate::model::BrowserName;
use crate::model::{StoryIdentifier, today};

use super::types::{Plan, Snapshot};

impl Plan {
    /// Every snapshot of a manifest: stories in the manifest's order, and for
    /// each of them browsers, then themes, then viewports.
    ///
    /// # Errors
    /// When two snapshots would share a test name or a file.
    pub fn from_manifest(manifest: &Manifest) -> Result<Self, ManifestError> {
        let mut snapshots = Vec::new();
        for story in &manifest.stories {
            for &browser in &story.browsers {
                for theme in &story.themes {
                    for &screen in &story.screens {
                        snapshots.push(snapshot(manifest, story, browser, theme, screen));
                    }
                }
            }
        }
        let problems = conflicts(&snapshots);
        if problems.is_empty() {
            Ok(Self { snapshots })
        } else {
            Err(manifest.invalid(problems))
        }
    }

    /// The snapshot with this identifier.
    pub fn snapshot(&self, story: &StoryIdentifier) -> Option<&Snapshot> {
        let mut snapshots = self.snapshots.iter();
        snapshots.find(|snapshot| snapshot.identifier == *story)
    }

    /// The path of a snapshot's baseline. Snapshots that only the test target or
    /// a Storybook that is not running knows have one too; `None` for other
    /// unknown snapshots.
    pub fn baseline(&self, manifest: &Manifest, story: &StoryIdentifier) -> Option<PathBuf> {
        if let Some(listed) = self.snapshot(story) {
            return Some(listed.baseline.clone());
        }
        let may_exist = (manifest.from_code || manifest.is_stale) && story.check().is_ok();
        may_exist.then(|| baseline(manifest, story, engine_of(manifest, story)))
    }
}

fn snapshot(
    manifest: &Manifest,
    story: &Arc<StorySpec>,
    browser: BrowserName,
    theme: &Arc<Theme>,
    screen: Screen,
) -> Snapshot {
    let first = manifest.browser.names.first() == Some(&browser);
    let identifier = StoryIdentifier {
        story_id: suffixed(&story.id, (!first).then_some(browser), screen.scale),
        theme: theme.name.clone(),
        viewport: screen.viewport,
    };
    let quarantines = manifest.quarantines.iter();
    let quarantines =
        quarantines.filter(|it| it.snapshots.covers(&identifier) && it.holds_on(today()));
    let quarantines = quarantines.cloned().collect();
    let known = story.known_failure.as_ref();
    let known = known.filter(|known| known.applies(browser, manifest.browser.platform()));
    Snapshot {
        quarantines,
        known_failure: known.map(|known| known.reason.clone()),
        baseline: baseline(manifest, &identifier, browser),
        identifier,
        story: Arc::clone(story),
        theme: Arc::clone(theme),
        screen,
        device: story.device.over(&theme.device).over(&manifest.device),
        browser,
        skip: story.skip.clone(),
    }
}

fn baseline(manifest: &Manifest, identifier: &StoryIdentifier, browser: BrowserName) -> PathBuf {
    let path = manifest.baselines.path(&TemplateValues {
        story: &identifier.story_id,
        theme: &identifier.theme,
        viewport: &identifier.viewport.to_string(),
        browser: browser.as_str(),
    });
    manifest.root.join(path)
}

/// The engine that a story id names, otherwise the first one.
fn engine_of(manifest: &Manifest, story: &StoryIdentifier) -> BrowserName {
    story.named_browser().unwrap_or(manifest.browser.names[0])
}

/// A story id with the suffixes of a browser other than the first and of a
/// scale other than 1: `button@firefox@2x`.
fn suffixed(id: &str, browser: Option<BrowserName>, scale: f64) -> String {
    let mut id = id.to_owned();
    if let Some(browser) = browser {
        id.push('@');
        id.push_str(browser.as_str());
    }
    // Scales are read from the manifest, never computed, so 1 is exactly 1.
    if scale.to_bits() != 1.0_f64.to_bits() {
        id.push_str(&format!("@{scale}x"));
    }
    id
}

/// Snapshots with the same test name, the same file in the run's folder or the
/// same baseline. Letter case is ignored, as macOS and Windows do.
fn conflicts(snapshots: &[Snapshot]) -> Vec<Problem> {
    let mut names = HashSet::with_capacity(snapshots.len());
    let mut stems = HashMap::with_capacity(snapshots.len());
    let mut files = HashMap::with_capacity(snapshots.len());
    let mut problems = Vec::new();
    for snapshot in snapshots {
        if problems.len() == MAX_CONFLICTS {
            break;
        }
        let name = &snapshot.identifier;
        if !names.insert(name) {
            problems.push(
                at(snapshot, format!("the snapshot `{name}` is defined twice"))
                    .help("remove one of its viewports with the same size and scale"),
            );
            continue;
        }
        if cfg!(windows) {
            let files = [
                name.file_stem(),
                snapshot.baseline.to_string_lossy().into_owned(),
            ];
            if let Some(part) = files.iter().find_map(|file| reserved_part(file)) {
                problems.push(
                    at(
                        snapshot,
                        format!("Windows has no files with the name `{part}`"),
                    )
                    .help("give the story another `id`"),
                );
                continue;
            }
        }
        let stem = name.file_stem().to_ascii_lowercase();
        if let Some(first) = stems.insert(stem, snapshot) {
            problems.push(share_file(snapshot, first, &name.file_stem()));
            continue;
        }
        let file = snapshot.baseline.as_os_str().to_ascii_lowercase();
        if let Some(first) = files.insert(file, snapshot) {
            let problem = share_file(snapshot, first, &snapshot.baseline.display().to_string());
            problems.push(problem);
        }
    }
    problems
}

/// The first part of a path that Windows reserves for devices, whatever its
/// extension, or whose last dot it drops.
fn reserved_part(path: &str) -> Option<&str> {
    let is_reserved = |part: &&str| {
        let stem = part.split('.').next().unwrap_or_default();
        let stem = stem.to_ascii_uppercase();
        let port = stem
            .strip_prefix("COM")
            .or_else(|| stem.strip_prefix("LPT"));
        matches!(&*stem, "CON" | "PRN" | "AUX" | "NUL")
            || port.is_some_and(|port| matches!(port.as_bytes(), [b'1'..=b'9']))
            || (part.ends_with('.') && !matches!(*part, "." | ".."))
    };
    path.split(['/', '\\']).find(is_reserved)
}

/// The most conflicts in a message: a wrong template causes one for every
/// snapshot.
const MAX_CONFLICTS: usize = 10;

fn at(snapshot: &Snapshot, message: String) -> Problem {
    Problem::new(snapshot.story.declared.clone(), message)
}

fn share_file(snapshot: &Snapshot, first: &Snapshot, file: &str) -> Problem {
    let message = format!(
        "`{}` and `{}` would share the file `{file}`",
        first.identifier, snapshot.identifier
    );
    at(snapshot, message).help(
        "give one of the stories another `id`, or use {story}, {theme} and {viewport} in `path` \
         of [baselines]",
    )
}

#[cfg(test)]
mod tests {
    use super::reserved_part;

    #[test]
    fn names_of_devices_are_reserved_on_windows() {
        for (path, part) in [
            ("forms/aux/button-light-375x667", Some("aux")),
            ("nul.png", Some("nul.png")),
            ("a\\Com1\\b", Some("Com1")),
            ("menu./item", Some("menu.")),
            ("console/com10/lpt0/auxiliary.nul", None),
            ("../con-light-375x667", None),
        ] {
            assert_eq!(reserved_part(path), part, "{path}");
        }
    }
}
