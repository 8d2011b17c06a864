//! The baselines that are in the artifact store, and those that could not be
//! moved.

use std::path::Path;

use anyhow::{Result, anyhow, bail};
use serde_json::{Value, json};
use tintype::internals::artifacts::{ArtifactStore, Transfer};
use tintype::internals::baseline::BaselineLock;
use tintype::internals::manifest::Manifest;

use crate::artifacts;
use crate::output::print_error;
use crate::progress;

/// How many pictures are moved between two movements of the progress bar.
const AT_ONCE: usize = 64;

/// The most reasons that are printed.
const MAX_SHOWN: usize = 10;

/// The artifact store.
pub(crate) fn store(manifest: &Manifest) -> Result<ArtifactStore> {
    artifacts::store(manifest)?.ok_or_else(|| {
        anyhow!("there is no artifact store (help: set `url` in [artifacts] or TINTYPE_ARTIFACTS)")
    })
}

/// The baselines in the store, as `baselines.lock` names them.
pub(crate) fn lock(manifest: &Manifest) -> Result<BaselineLock> {
    if !manifest.keeps_in_store {
        bail!(
            "the baselines are files (help: `cargo tintype baselines move --to store` moves them \
             to the artifact store)"
        );
    }
    Ok(BaselineLock::read(&manifest.root)?)
}

/// The pictures of all baselines, each once.
pub(crate) fn hashes(lock: &BaselineLock) -> Vec<String> {
    let mut hashes: Vec<_> = lock.iter().map(|(_, hash)| hash.to_owned()).collect();
    hashes.sort();
    hashes.dedup();
    hashes
}

/// Moves pictures in parts, with a progress bar.
pub(crate) fn transfer(
    hashes: &[String],
    label: &'static str,
    move_part: impl Fn(Vec<String>) -> Transfer,
) -> Transfer {
    let bar = progress::bar(hashes.len(), label);
    let mut whole = Transfer::default();
    for part in hashes.chunks(AT_ONCE) {
        let moved = move_part(part.to_vec());
        whole.moved += moved.moved;
        whole.failed.extend(moved.failed);
        bar.inc(part.len() as u64);
    }
    bar.finish_and_clear();
    whole
}

/// The outcome of moving baselines, for programs.
pub(crate) fn transfer_json(transfer: &Transfer, lock: &BaselineLock, store: &str) -> Value {
    let failed = transfer.failed.iter().map(|(hash, error)| {
        let (name, error) = (name_of(lock, hash), error.to_string());
        json!({ "baseline": name, "sha256": hash, "error": error })
    });
    let failed: Vec<_> = failed.collect();
    json!({ "store": store, "baselines": hashes(lock).len(), "failed": failed })
}

/// The first baseline with a picture.
fn name_of<'a>(lock: &'a BaselineLock, hash: &str) -> &'a str {
    let mut names = lock.iter().filter(|(_, other)| *other == hash);
    names.next().map_or("", |(name, _)| name)
}

/// Names the baselines that were not moved, and fails if there is one.
pub(crate) fn check(transfer: &Transfer, lock: &BaselineLock, verb: &str) -> Result<()> {
    let failed = &transfer.failed;
    for (hash, error) in failed.iter().take(MAX_SHOWN) {
        let name = name_of(lock, hash);
        print_error!("error: failed to {verb} {name}: {error}");
    }
    if failed.len() > MAX_SHOWN {
        print_error!("… {} more", failed.len() - MAX_SHOWN);
    }
    match failed.len() {
        0 => Ok(()),
        1 => bail!("failed to {verb} 1 baseline"),
        count => bail!("failed to {verb} {count} baselines"),
    }
}

/// Removes the folders above a deleted file that are empty.
pub(crate) fn remove_empty_folders(root: &Path, path: &Path) {
    let above = path
        .ancestors()
        .skip(1)
        .take_while(|folder| *folder != root);
    for folder in above {
        if std::fs::remove_dir(folder).is_err() {
            break;
        }
    }
}
