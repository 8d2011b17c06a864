//! `cargo tintype init`

mod cargo_toml;

use std::ffi::OsStr;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::commands::schema;
use crate::output::print_line;
use anyhow::{Context, Result, bail};
use tintype::internals::config::Config;

/// Set up a test suite in a cargo package: manifest, test target, first story
#[derive(clap::Args)]
pub(crate) struct InitOptions {
    /// Folder of the package
    #[arg(default_value = ".")]
    folder: PathBuf,

    /// Depend on a local checkout of Tintype instead of the published crate
    #[arg(long, value_name = "DIR")]
    path: Option<PathBuf>,
}

const MANIFEST: &str = include_str!("stories.toml");
const STORY: &str = include_str!("hello.html");
const TEST: &str = include_str!("visual.rs");

pub(crate) fn run(options: &InitOptions, config: &Config) -> Result<()> {
    // Messages show short paths.
    let folder = options.folder.strip_prefix(".").unwrap_or(&options.folder);
    let cargo_toml = folder.join("Cargo.toml");
    if !cargo_toml.is_file() {
        let folder = options.folder.display();
        bail!("there is no Cargo.toml in {folder} (help: `cargo init` creates one)");
    }
    edit_cargo_toml(&cargo_toml, options.path.as_deref(), &config.system.cargo)?;
    let manifest = format!("{}{MANIFEST}", schema::line());
    write_new(&folder.join("stories.toml"), &manifest)?;
    write_new(&folder.join("stories/hello.html"), STORY)?;
    write_new(&folder.join("tests/visual.rs"), TEST)?;
    ignore_target(folder)?;
    print_line!("\n{}", next_steps(&cargo_toml)?);
    Ok(())
}

/// The commands to run next, with `-p` where the current folder needs it.
fn next_steps(cargo_toml: &Path) -> Result<String> {
    let text = fs::read_to_string(cargo_toml)
        .with_context(|| format!("failed to read {}", cargo_toml.display()))?;
    let is_here = cargo_toml
        .parent()
        .is_none_or(|folder| folder.as_os_str().is_empty());
    let package = match cargo_toml::package_name(&text) {
        Some(name) if !is_here => format!(" -p {name}"),
        _ => String::new(),
    };
    let steps = [
        (
            format!("cargo test{package} --test visual"),
            "captures stories/hello.html, which is new, and fails",
        ),
        (
            format!("cargo tintype accept{package}"),
            "accepts the image as its baseline",
        ),
        (
            format!("cargo test{package} --test visual"),
            "passes until the story looks different",
        ),
    ];
    let width = steps.iter().map(|(command, _)| command.len()).max();
    let width = width.unwrap_or(0);
    let lines = steps.map(|(command, comment)| format!("  {command:<width$}  # {comment}"));
    Ok(format!("Next:\n{}", lines.join("\n")))
}

/// Adds the test target to the package and the profile to its workspace, which
/// are usually the same file.
fn edit_cargo_toml(package: &Path, dependency: Option<&Path>, cargo: &OsStr) -> Result<()> {
    let dependency = dependency
        .map(|path| {
            fs::canonicalize(path).with_context(|| format!("there is no folder {}", path.display()))
        })
        .transpose()?;
    let test = |text: &str| cargo_toml::add_test(text, dependency.as_deref());
    let workspace = workspace_of(package, cargo)?;
    let is_same = fs::canonicalize(package).is_ok_and(|package| package == workspace);
    if is_same {
        return edit(package, |text| cargo_toml::add_profile(&test(text)?));
    }
    edit(package, test)?;
    edit(&workspace, cargo_toml::add_profile)
}

/// The `Cargo.toml` of the workspace: profiles elsewhere are ignored.
fn workspace_of(cargo_toml: &Path, cargo: &OsStr) -> Result<PathBuf> {
    let output = Command::new(cargo)
        .args(["locate-project", "--workspace", "--message-format", "plain"])
        .arg("--manifest-path")
        .arg(cargo_toml)
        .output()
        .context("failed to run cargo")?;
    if !output.status.success() {
        let reason = String::from_utf8_lossy(&output.stderr);
        bail!(
            "cargo failed to read {}: {}",
            cargo_toml.display(),
            reason.trim()
        );
    }
    let path = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
    fs::canonicalize(&path).with_context(|| format!("failed to find {}", path.display()))
}

/// Edits a file, unless nothing changes.
fn edit(path: &Path, change: impl Fn(&str) -> Result<String>) -> Result<()> {
    let context = |verb: &str| format!("failed to {verb} {}", path.display());
    let before = fs::read_to_string(path).with_context(|| context("read"))?;
    let after = change(&before).with_context(|| context("edit"))?;
    if after == before {
        print_line!("   kept {}", path.display());
        return Ok(());
    }
    fs::write(path, after).with_context(|| context("write"))?;
    print_line!(" edited {}", path.display());
    Ok(())
}

/// Writes a file, unless it exists.
fn write_new(path: &Path, text: &str) -> Result<()> {
    if path.exists() {
        print_line!("   kept {}", path.display());
        return Ok(());
    }
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder).with_context(|| format!("failed to create {}", folder.display()))?;
    fs::write(path, text).with_context(|| format!("failed to write {}", path.display()))?;
    print_line!("created {}", path.display());
    Ok(())
}

/// Ignores `target`, which has runs, journals and the private Redis.
fn ignore_target(folder: &Path) -> Result<()> {
    let path = folder.join(".gitignore");
    let before = match fs::read_to_string(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
        read => read.with_context(|| format!("failed to read {}", path.display()))?,
    };
    let lines = ["/target", "target", "/target/", "target/"];
    if before.lines().any(|line| lines.contains(&line.trim())) {
        print_line!("   kept {}", path.display());
        return Ok(());
    }
    let gap = if before.is_empty() || before.ends_with('\n') {
        ""
    } else {
        "\n"
    };
    fs::write(&path, format!("{before}{gap}/target\n"))
        .with_context(|| format!("failed to write {}", path.display()))?;
    print_line!(" edited {}", path.display());
    Ok(())
}
