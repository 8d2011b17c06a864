//! The environment of a run.

use serde::{Deserialize, Serialize};

/// The machine, tools and commit of a run. Baselines contain it too, so that a
/// result can report a baseline from another environment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Environment {
    /// The operating system: `linux`, `macos`, `windows`.
    pub platform: String,
    /// Whether the run was in continuous integration.
    pub ci: bool,
    /// The processor's architecture: `x86_64`, `aarch64`.
    pub arch: String,
    /// The Rust compiler that built the harness.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub rust_version: String,
    /// The version of this crate.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub tintype_version: String,
    /// Name and version of the browser, once known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub browser: Option<String>,
    /// Name and version of the driver, once known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub driver: Option<String>,
    /// A fingerprint of the fonts and their settings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fonts: Option<String>,
    /// The tested commit, if the project is a git repository.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub git: Option<Git>,
    /// The command that started the run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
}

/// The tested commit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Git {
    /// The full hash of `HEAD`.
    pub commit: String,
    /// The branch; absent when `HEAD` is detached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// Whether tracked files differed from the commit.
    pub dirty: bool,
}

/// A difference between the environments of a baseline and of the run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EnvironmentChange {
    /// What differs: `platform`, `arch`, `browser`, `fonts`.
    pub what: String,
    /// The value when the baseline was captured.
    pub baseline: String,
    /// The value in this run.
    pub current: String,
}

impl Environment {
    /// What differs from `baseline` among the things that decide pixels:
    /// platform, architecture, browser and fonts. A value that either side
    /// does not know is not a difference.
    pub fn changes_since(&self, baseline: &Self) -> Vec<EnvironmentChange> {
        let known = |text: &Option<String>| text.clone().unwrap_or_default();
        [
            ("platform", baseline.platform.clone(), self.platform.clone()),
            ("arch", baseline.arch.clone(), self.arch.clone()),
            ("browser", known(&baseline.browser), known(&self.browser)),
            ("fonts", known(&baseline.fonts), known(&self.fonts)),
        ]
        .into_iter()
        .filter(|(_, before, now)| !before.is_empty() && !now.is_empty() && before != now)
        .map(|(what, baseline, current)| EnvironmentChange {
            what: what.to_owned(),
            baseline,
            current,
        })
        .collect()
    }
}
