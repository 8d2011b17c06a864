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
    /// The container image with the browser, by its digest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// The tested commit, if the project is a git repository.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub git: Option<Git>,
    /// The repository's default branch, if known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_branch: Option<String>,
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
    /// The first line of the commit's message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Whether tracked files differed from the commit.
    pub dirty: bool,
}

/// A difference between the environments of a baseline and of the run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EnvironmentChange {
    /// The changed property: `platform`, `arch`, `browser`, `fonts`.
    pub what: String,
    /// The value when the baseline was captured.
    pub baseline: String,
    /// The value in this run.
    pub current: String,
}

impl Environment {
    /// The differences to `baseline` that affect pixels:
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

impl EnvironmentChange {
    /// What differs, with both values: `arch aarch64 (now x86_64)`.
    pub fn describe(&self) -> String {
        format!("{} {} (now {})", self.what, self.baseline, self.current)
    }
}

/// How to keep these differences from occurring, as one line.
pub fn pin_environment(changes: &[EnvironmentChange]) -> String {
    let differs = |what: &str| changes.iter().any(|change| change.what == what);
    let mut ways = vec![
        "run the browser in the container image that made the baselines (`image` in [browser])",
    ];
    if differs("browser") {
        ways.push("use the same browser with `binary` and `driver` in [browser]");
    }
    if differs("fonts") {
        ways.push("load web fonts in the stories");
    }
    match (differs("platform"), differs("arch")) {
        (true, true) => ways.push(
            "keep baselines for each machine with `{platform}` and `{arch}` in `path` of \
             [baselines]",
        ),
        (true, false) => {
            ways.push("keep baselines for each system with `{platform}` in `path` of [baselines]");
        }
        (false, true) => {
            ways.push("keep baselines for each processor with `{arch}` in `path` of [baselines]");
        }
        (false, false) => {}
    }
    ways.push("adopt this environment with TINTYPE_UPDATE=all");
    let last = ways.pop().unwrap_or_default();
    format!("{}, or {last}", ways.join(", "))
}

#[cfg(test)]
mod tests {
    use super::{Environment, pin_environment};

    #[test]
    fn the_advice_names_what_differs() {
        let here = Environment {
            platform: "linux".to_owned(),
            arch: "x86_64".to_owned(),
            browser: Some("chromium 156".to_owned()),
            fonts: Some("9 fonts, 0123".to_owned()),
            ..Environment::default()
        };
        let there = Environment {
            arch: "aarch64".to_owned(),
            ..here.clone()
        };
        assert_eq!(here.changes_since(&here), []);
        let changes = here.changes_since(&there);
        assert_eq!(changes[0].describe(), "arch aarch64 (now x86_64)");
        assert_eq!(
            pin_environment(&changes),
            "run the browser in the container image that made the baselines (`image` in \
             [browser]), keep baselines for each processor with `{arch}` in `path` of [baselines], or adopt this environment \
             with TINTYPE_UPDATE=all"
        );
        let there = Environment {
            browser: Some("chromium 155".to_owned()),
            fonts: Some("8 fonts, 4567".to_owned()),
            // Unknown values are no difference.
            platform: String::new(),
            ..here.clone()
        };
        let advice = pin_environment(&here.changes_since(&there));
        assert!(
            advice.contains("the same browser") && advice.contains("web fonts"),
            "{advice}"
        );
        assert!(!advice.contains("{platform}"), "{advice}");
    }
}
