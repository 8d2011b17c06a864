//! Copies the pictures of another tool to baselines.

use std::collections::HashMap;
use std::fs;

use anyhow::{Context, Result};
use image::ImageFormat;
use tintype::compare::MAX_FILE_BYTES;
use tintype::internals::files;

use super::manifest::Converted;
use super::suite::ImportedSuite;
use crate::progress;

/// How pictures are copied.
#[derive(Clone, Copy)]
pub(super) struct CopyMode {
    /// Replace baselines.
    pub(super) force: bool,
    /// Write nothing.
    pub(super) dry_run: bool,
}

/// Copies every picture that belongs to a snapshot. Returns how many.
pub(super) fn copy(
    suite: &mut ImportedSuite,
    converted: &Converted,
    mode: CopyMode,
) -> Result<usize> {
    let snapshots = converted.plan.snapshots.iter();
    let paths: HashMap<_, _> = snapshots
        .map(|snapshot| (snapshot.identifier.test_name(), snapshot.baseline.clone()))
        .collect();
    let mut copied = 0;
    let pictures = std::mem::take(&mut suite.pictures);
    let bar = progress::bar(pictures.len(), "pictures");
    for picture in bar.wrap_iter(pictures.into_iter()) {
        let shown = picture.file.display();
        let Some(path) = paths.get(&picture.snapshot) else {
            suite.note(format!(
                "{shown}: there is no snapshot {}",
                picture.snapshot
            ));
            continue;
        };
        let path = converted.manifest.root.join(path);
        if path.exists() && !mode.force {
            suite.note(format!("{shown}: {} exists", path.display()));
            continue;
        }
        let bytes = files::read(&picture.file, MAX_FILE_BYTES)
            .with_context(|| format!("failed to read {shown}"))?;
        if let Err(error) = image::load_from_memory_with_format(&bytes, ImageFormat::Png) {
            suite.note(format!("{shown} is not a PNG image: {error}"));
            continue;
        }
        copied += 1;
        if mode.dry_run {
            continue;
        }
        let folder = path.parent().unwrap_or(&path);
        fs::create_dir_all(folder)
            .with_context(|| format!("failed to create {}", folder.display()))?;
        files::replace_durably(&path, &bytes)
            .with_context(|| format!("failed to write {}", path.display()))?;
    }
    bar.finish_and_clear();
    Ok(copied)
}
