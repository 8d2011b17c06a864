//! Runs the test target of a suite with `cargo test`.

use std::ffi::OsStr;
use std::process::Command;

use anyhow::{Context, Result, bail};
use tintype::internals::config::Config;

use crate::project::Project;

/// `cargo test` for the test target of a project, without arguments for it.
pub(super) fn command(config: &Config, project: &Project, test: &str) -> Command {
    let mut command = Command::new(&config.system.cargo);
    command
        .args(["test", "--test", test, "--"])
        .current_dir(&project.manifest.root);
    // Tests of the same manifest, wherever it is named.
    if config.manifest.is_some()
        && let Ok(path) = std::path::absolute(&project.manifest.path)
    {
        command.env("TINTYPE_MANIFEST", path);
    }
    command
}

/// Selects exactly these snapshots.
pub(super) fn only<I: IntoIterator<Item: AsRef<OsStr>>>(command: &mut Command, names: I) {
    command.arg("--exact").args(names);
}

/// Runs it, with the streams of this process.
pub(super) fn run(command: &mut Command) -> Result<()> {
    let status = command.status().context("failed to start cargo test")?;
    if !status.success() {
        bail!("cargo test failed: {status}");
    }
    Ok(())
}
