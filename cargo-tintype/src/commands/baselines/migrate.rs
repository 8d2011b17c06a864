//! `cargo tintype baselines move`

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use clap::ValueEnum;
use serde_json::json;
use tintype::compare::MAX_FILE_BYTES;
use tintype::internals::artifacts::ArtifactStore;
use tintype::internals::baseline::{BaselineLock, files_of_all_platforms};
use tintype::internals::config::Config;
use tintype::internals::files;
use tintype::internals::manifest::Manifest;
use toml_edit::{DocumentMut, Item, Table, value};

use crate::output::{self, print_line};
use crate::progress;
use crate::project::Project;
use crate::stored_baselines::{check, hashes, lock, remove_empty_folders, store, transfer};

/// How many pictures are in memory at the same time.
const AT_ONCE: usize = 64;

/// Move all baselines to the artifact store, or back to files in git
///
/// Edits the manifest too. Nothing is removed before everything is at its new
/// place; repeat the command if it was interrupted.
#[derive(clap::Args)]
pub(super) struct MoveOptions {
    /// Where the baselines are kept from now on
    #[arg(long, value_name = "PLACE")]
    to: Place,

    /// Print JSON instead of lines
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Place {
    /// The artifact store; baselines.lock names them
    Store,
    /// Files in the repository
    Git,
}

pub(super) fn run(config: &Config, options: &MoveOptions) -> Result<()> {
    let project = Project::open(config)?;
    let manifest = &project.manifest;
    let store = store(manifest)?;
    let moved = match options.to {
        Place::Store => to_store(manifest, &store)?,
        Place::Git => to_git(manifest, &store)?,
    };
    let name = store.name();
    match (options.json, options.to) {
        (true, Place::Store) => output::print_json(&json!({ "moved": moved, "to": name }))?,
        (true, Place::Git) => output::print_json(&json!({ "moved": moved, "to": "git" }))?,
        (false, Place::Store) => {
            print_line!("moved {moved} baselines to {name}");
            print_line!("commit {} and the manifest", BaselineLock::NAME);
        }
        (false, Place::Git) => print_line!("moved {moved} baselines to files"),
    }
    Ok(())
}

/// Returns how many baselines were moved.
fn to_store(manifest: &Manifest, store: &ArtifactStore) -> Result<usize> {
    let files = files_of_all_platforms(manifest).context("failed to list the baselines")?;
    if files.is_empty() && manifest.keeps_in_store {
        bail!("the baselines are already in the artifact store");
    }
    let mut lock = BaselineLock::read(&manifest.root)?;
    let state_dir = manifest.state_dir();
    let bar = progress::bar(files.len(), "baselines uploaded");
    let mut uploaded = 0;
    for files in files.chunks(AT_ONCE) {
        let pictures = files.iter().map(|file| read(file)).collect::<Result<_>>()?;
        let hashes = store.put_baselines(&state_dir, pictures)?;
        for (file, hash) in files.iter().zip(&hashes) {
            lock.set(&manifest.relative(file), Some(hash));
        }
        uploaded += files.len();
        progress::set(&bar, uploaded);
    }
    bar.finish_and_clear();
    lock.write(&manifest.root)?;
    keep(manifest, Place::Store)?;
    for file in &files {
        fs::remove_file(file).with_context(|| format!("failed to remove {}", file.display()))?;
        remove_empty_folders(&manifest.root, file);
    }
    Ok(files.len())
}

/// Returns how many baselines were moved.
fn to_git(manifest: &Manifest, store: &ArtifactStore) -> Result<usize> {
    if !manifest.keeps_in_store {
        bail!("the baselines are already files");
    }
    let lock = lock(manifest)?;
    let state_dir = manifest.state_dir();
    let transfer = transfer(&hashes(&lock), "baselines fetched", |part| {
        store.fetch_pictures(&state_dir, part)
    });
    check(&transfer, &lock, "fetch")?;
    let mut files: Vec<(PathBuf, Vec<u8>)> = Vec::new();
    for (name, hash) in lock.iter() {
        let path = manifest.root.join(name);
        let (_, bytes) = store.cached_picture(&state_dir, hash)?;
        ensure!(
            !path.exists() || read(&path)? == bytes,
            "{name} exists and is another picture (help: remove it)"
        );
        files.push((path, bytes));
    }
    for (path, bytes) in &files {
        files::replace_durably(path, bytes)
            .with_context(|| format!("failed to write {}", path.display()))?;
    }
    keep(manifest, Place::Git)?;
    let path = manifest.root.join(BaselineLock::NAME);
    fs::remove_file(&path).with_context(|| format!("failed to remove {}", path.display()))?;
    Ok(files.len())
}

fn read(path: &Path) -> Result<Vec<u8>> {
    files::read(path, MAX_FILE_BYTES).with_context(|| format!("failed to read {}", path.display()))
}

/// Sets `keep` in the manifest.
fn keep(manifest: &Manifest, place: Place) -> Result<()> {
    let path = &manifest.path;
    let text =
        fs::read_to_string(path).with_context(|| format!("failed to read {}", path.display()))?;
    let mut document: DocumentMut = text
        .parse()
        .with_context(|| format!("failed to parse {}", path.display()))?;
    let section = document
        .entry("baselines")
        .or_insert(Item::Table(Table::new()));
    let section = section
        .as_table_like_mut()
        .context("`baselines` in the manifest is not a table")?;
    match place {
        Place::Store => {
            section.insert("keep", value("store"));
        }
        Place::Git => {
            section.remove("keep");
        }
    }
    if section.is_empty() {
        document.remove("baselines");
    }
    files::replace_durably(path, document.to_string().as_bytes())
        .with_context(|| format!("failed to write {}", path.display()))
}
