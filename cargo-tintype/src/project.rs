//! The project that a command is about.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use tintype::config::Config;
use tintype::manifest::Manifest;
use tintype::model::StoryIdentifier;
use tintype::plan::Plan;

/// A manifest and its whole plan.
pub(crate) struct Project {
    pub(crate) manifest: Manifest,
    pub(crate) plan: Plan,
    pub(crate) config: Config,
}

impl Project {
    /// Opens the project of the manifest in `config`, otherwise of the nearest
    /// `stories.toml` in the current folder or above.
    pub(crate) fn open(config: &Config) -> Result<Self> {
        let path = match &config.manifest {
            Some(path) => path.clone(),
            None => nearest()?,
        };
        let text = |error: tintype::manifest::ManifestError| {
            // The report already says that it is one of errors.
            let text = error.to_string();
            anyhow!(
                "{}",
                text.strip_prefix("error: ").unwrap_or(&text).to_owned()
            )
        };
        let manifest = Manifest::load(&path, config).map_err(text)?;
        let plan = Plan::from_manifest(&manifest).map_err(text)?;
        Ok(Self {
            manifest,
            plan,
            config: config.clone(),
        })
    }

    /// Where the baseline of a snapshot is: as the manifest says, not as a
    /// record does.
    pub(crate) fn baseline(&self, story: &StoryIdentifier) -> Result<PathBuf> {
        let path = self.plan.baseline(&self.manifest, story);
        path.context("the manifest has no such snapshot any more")
    }

    /// A path for people: relative to the manifest's folder.
    pub(crate) fn shown(&self, path: &Path) -> String {
        let path = path.strip_prefix(&self.manifest.root).unwrap_or(path);
        path.display().to_string()
    }
}

fn nearest() -> Result<PathBuf> {
    let here = env::current_dir().context("failed to find out the current folder")?;
    let mut above = here.ancestors().map(|folder| folder.join("stories.toml"));
    let found = above.find(|path| path.is_file()).ok_or_else(|| {
        anyhow!(
            "there is no stories.toml in {} or above (`cargo tintype init` writes one)",
            here.display()
        )
    })?;
    // Messages name it the short way where that is possible.
    Ok(found
        .strip_prefix(&here)
        .map(Path::to_owned)
        .unwrap_or(found))
}

/// Whether a snapshot is meant by filters: any of them is its whole name or a
/// part of it, or there are none. One that could be a whole name means no other
/// snapshot, of which it may be a part as well.
pub(crate) fn is_meant(identifier: &StoryIdentifier, filters: &[String]) -> bool {
    let name = identifier.test_name();
    let is_meant = |filter: &String| match filter.parse::<StoryIdentifier>() {
        Ok(whole) => whole == *identifier,
        Err(_) => name.contains(filter.as_str()),
    };
    filters.is_empty() || filters.iter().any(is_meant)
}
