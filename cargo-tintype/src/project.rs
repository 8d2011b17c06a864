//! Opens the project that a command works on.

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Once;

use anyhow::{Context, Result, anyhow, bail};
use tintype::internals::baseline::Baselines;
use tintype::internals::config::Config;
use tintype::internals::manifest::{Manifest, ManifestError};
use tintype::internals::model::StoryIdentifier;
use tintype::internals::plan::Plan;
use tintype::internals::record::damaged_journals;

use crate::output::print_error;
use crate::workspace::{self, Member};

const MANIFEST: &str = "stories.toml";
/// A process warns once; the review server opens the project often.
static WARNED: Once = Once::new();

/// A manifest with its plan and the configuration.
pub(crate) struct Project {
    pub(crate) manifest: Manifest,
    pub(crate) plan: Plan,
    pub(crate) config: Config,
}

impl Project {
    /// Opens the project of the manifest in `config`, otherwise of the nearest
    /// `stories.toml` in the current folder or above, otherwise of the only
    /// package of the workspace that has one.
    pub(crate) fn open(config: &Config) -> Result<Self> {
        let path = match &config.manifest {
            Some(path) => path.clone(),
            None => nearest(&config.system.cargo)?,
        };
        let text = |error: ManifestError| {
            // The caller prints `error: ` itself.
            let text = error.to_string();
            anyhow!(
                "{}",
                text.strip_prefix("error: ").unwrap_or(&text).to_owned()
            )
        };
        let manifest = Manifest::load(&path, config).map_err(text)?;
        let plan = Plan::from_manifest(&manifest).map_err(text)?;
        WARNED.call_once(|| {
            for warning in damaged_journals(&manifest.state_dir()) {
                print_error!("warning: {warning}");
            }
        });
        Ok(Self {
            manifest,
            plan,
            config: config.clone(),
        })
    }

    /// The path of a snapshot's baseline, according to the manifest.
    pub(crate) fn baseline(&self, story: &StoryIdentifier) -> Result<PathBuf> {
        let path = self.plan.baseline(&self.manifest, story);
        path.context("the manifest no longer has this snapshot")
    }

    /// The baselines.
    pub(crate) fn baselines(&self) -> Baselines {
        Baselines::of(&self.manifest)
    }

    /// A path for messages: relative to the manifest's folder.
    pub(crate) fn shown(&self, path: &Path) -> String {
        let path = path.strip_prefix(&self.manifest.root).unwrap_or(path);
        path.display().to_string()
    }
}

fn nearest(cargo: &OsStr) -> Result<PathBuf> {
    let here = current_folder()?;
    let mut above = here.ancestors().map(|folder| folder.join(MANIFEST));
    match above.find(|path| path.is_file()) {
        Some(path) => Ok(relative(&here, path)),
        None => of_only_package(&here, cargo),
    }
}

/// The manifest of a package of the workspace.
pub(crate) fn manifest_of(package: &str, cargo: &OsStr) -> Result<PathBuf> {
    let members = workspace::members(cargo)?;
    let Some(member) = members.iter().find(|member| member.name == package) else {
        let names: Vec<_> = members.iter().map(|member| member.name.as_str()).collect();
        bail!(
            "the workspace has no package `{package}` (help: its packages are {})",
            names.join(", ")
        );
    };
    let here = current_folder()?;
    let folder = relative(&here, member.folder.clone());
    let path = folder.join(MANIFEST);
    if !path.is_file() {
        bail!(
            "the package `{package}` has no {MANIFEST} (help: `cargo tintype init {}` creates one)",
            folder.display()
        );
    }
    Ok(path)
}

fn current_folder() -> Result<PathBuf> {
    env::current_dir().context("failed to determine the current folder")
}

/// The manifest of the only package of the workspace that has one.
fn of_only_package(here: &Path, cargo: &OsStr) -> Result<PathBuf> {
    let missing = || {
        anyhow!(
            "there is no {MANIFEST} in {} or above (help: `cargo tintype init` creates one)",
            here.display()
        )
    };
    let members = workspace::members(cargo).map_err(|_| missing())?;
    let with_manifest: Vec<&Member> = members
        .iter()
        .filter(|member| member.folder.join(MANIFEST).is_file())
        .collect();
    match with_manifest.as_slice() {
        [] => Err(missing()),
        [member] => Ok(relative(here, member.folder.join(MANIFEST))),
        several => {
            let choices: Vec<_> = several
                .iter()
                .map(|member| format!("-p {}", member.name))
                .collect();
            bail!(
                "several packages of the workspace have a {MANIFEST} (help: choose one with {})",
                choices.join(" or ")
            )
        }
    }
}

/// The path relative to the current folder, where possible.
fn relative(here: &Path, path: PathBuf) -> PathBuf {
    path.strip_prefix(here).map(Path::to_owned).unwrap_or(path)
}

/// Whether filters select a snapshot: any of them is its whole name or a part
/// of it, or there are none. A filter that is a valid name selects only the
/// snapshot of that name.
pub(crate) fn is_selected(identifier: &StoryIdentifier, filters: &[String]) -> bool {
    let name = identifier.test_name();
    let matches = |filter: &String| match filter.parse::<StoryIdentifier>() {
        Ok(whole) => whole == *identifier,
        Err(_) => name.contains(filter.as_str()),
    };
    filters.is_empty() || filters.iter().any(matches)
}
