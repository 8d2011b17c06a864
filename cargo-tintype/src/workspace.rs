//! Lists the packages of the cargo workspace.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

/// A package of the workspace.
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) folder: PathBuf,
}

/// The part of `cargo metadata` that is used.
#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    manifest_path: PathBuf,
}

/// The packages of the workspace that the current folder belongs to.
pub(crate) fn members(cargo: &OsStr) -> Result<Vec<Member>> {
    let output = Command::new(cargo)
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .output()
        .context("failed to run cargo metadata")?;
    if !output.status.success() {
        let reason = String::from_utf8_lossy(&output.stderr);
        bail!("cargo metadata failed: {}", reason.trim());
    }
    let metadata: Metadata =
        serde_json::from_slice(&output.stdout).context("failed to parse cargo metadata")?;
    let members = metadata.packages.into_iter().filter_map(|package| {
        let folder = package.manifest_path.parent()?.to_owned();
        Some(Member {
            name: package.name,
            folder,
        })
    });
    Ok(members.collect())
}
