//! Writes the reports of a whole run, with pictures of other machines.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::Serialize;
use tintype::internals::files;
use tintype::internals::manifest::Manifest;
use tintype::internals::model::{RunFile, RunId, VisualTestResult};
use tintype::internals::report::{html, junit};

use crate::artifacts;
use crate::images::{self, RunImage};
use crate::project::Project;
use crate::record_access::warn;

/// The reports of a run.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ReportFiles {
    pub(super) report: PathBuf,
    pub(super) junit: PathBuf,
    run_file: PathBuf,
}

/// Writes the reports into the run's folder.
pub(super) fn write(project: &Project, file: &mut RunFile) -> Result<ReportFiles> {
    let manifest = &project.manifest;
    let id = &file.run.run_id;
    if RunId::parse(id.as_str()).is_none() {
        bail!("the id of the run is invalid");
    }
    let folder = manifest.run_dir(id);
    std::fs::create_dir_all(&folder)
        .with_context(|| format!("failed to create {}", folder.display()))?;
    fetch_pictures(manifest, &mut file.results);
    let run_file = folder.join(RunFile::NAME);
    files::replace_durably(&run_file, &serde_json::to_vec_pretty(file)?)
        .with_context(|| format!("failed to write {}", run_file.display()))?;
    let (run, results) = (&file.run, &file.results);
    Ok(ReportFiles {
        report: html::write(&folder, &manifest.root, run, results, html::EMBED_UP_TO)?,
        junit: junit::write(&folder, &manifest.project, run, results)?,
        run_file,
    })
}

/// Puts the pictures of all results into the folder of the run, as if it had run
/// on this machine. Those that are missing are counted in one warning.
fn fetch_pictures(manifest: &Manifest, results: &mut [VisualTestResult]) {
    prefetch(manifest, results);
    let (mut missing, mut first) = (0, None);
    for result in results {
        for image in [RunImage::Current, RunImage::Diff] {
            if !image.is_of(result) {
                continue;
            }
            match fetch(manifest, result, image) {
                Ok(path) => image.set(result, path),
                Err(error) => {
                    missing += 1;
                    first.get_or_insert(error);
                }
            }
        }
    }
    if let Some(error) = first {
        warn(&format!(
            "{missing} pictures are missing in the report: {error:#} (help: with [artifacts] in \
             the manifest, machines share their pictures)"
        ));
    }
}

/// Fetches what this machine lacks, several pictures at a time.
fn prefetch(manifest: &Manifest, results: &[VisualTestResult]) {
    let Ok(Some(store)) = artifacts::store(manifest) else {
        return;
    };
    let mut hashes = Vec::new();
    for result in results.iter().filter(|result| result.current.is_some()) {
        let Some(known) = &result.sha256 else {
            continue;
        };
        let own = |image| images::path(manifest, result, image).ok();
        let baseline = result.baseline.as_ref();
        let baseline = baseline.map(|path| manifest.root.join(path));
        for (hash, file) in [
            (&known.current, own(RunImage::Current)),
            (&known.diff, own(RunImage::Diff)),
            (&known.baseline, baseline),
        ] {
            let is_here = file.is_some_and(|file| file.is_file());
            hashes.extend(hash.clone().filter(|_| !is_here));
        }
    }
    // Those that cannot be fetched are reported when they are read.
    store.fetch_pictures(&manifest.state_dir(), hashes);
}

/// The path of a picture in the folder of the run, as results name it.
fn fetch(manifest: &Manifest, result: &VisualTestResult, image: RunImage) -> Result<String> {
    let (found, bytes) = images::verified(manifest, result, image)?;
    let own = images::path(manifest, result, image)?;
    if found.canonicalize().ok() != own.canonicalize().ok() {
        write_picture(&own, &bytes)
            .with_context(|| format!("failed to write {}", own.display()))?;
    }
    let shown = own.strip_prefix(&manifest.root).unwrap_or(&own);
    Ok(shown.to_string_lossy().replace('\\', "/"))
}

fn write_picture(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    files::replace_durably(path, bytes)
}
