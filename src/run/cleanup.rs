//! Applies `[retention]` at the end of a run.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime};

use serde::{Deserialize, Serialize};

use super::folders;
use crate::baseline::{Baselines, baseline_files};
use crate::files;
use crate::manifest::Manifest;
use crate::model::RunId;
use crate::record::{CleanupRules, Records, Retention};

/// How long a cleanup may take. The next one continues.
const LIMIT: Duration = Duration::from_millis(200);
/// The file with the runs of baselines, in `target/tintype`.
const INDEX: &str = "baseline-runs.json";
/// The largest index that is read, in bytes.
const MAX_INDEX: u64 = 100 << 20;
/// The days of a limit in seconds.
const DAY: u64 = 86_400;

/// The runs that baselines name, by their files, which are read once.
#[derive(Default, Serialize, Deserialize)]
struct BaselineRuns {
    files: BTreeMap<PathBuf, BaselineRun>,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
struct BaselineRun {
    length: u64,
    modified: Option<SystemTime>,
    /// Absent if the file has no provenance.
    run: Option<RunId>,
}

/// Removes runs and images beyond the limits of the manifest; returns a warning if
/// that failed.
pub(super) async fn clean_up(
    manifest: &Manifest,
    records: &Records,
    run: &RunId,
) -> Option<String> {
    let settings = &manifest.retention;
    if !settings.is_limited() {
        return None;
    }
    let until = Instant::now() + LIMIT;
    let images = manifest.state_dir().join("runs");
    if let Some(megabytes) = settings.image_mb {
        folders::prune_to_size(&images, run, megabytes << 20, until);
    }
    if records.is_memory() || (settings.runs.is_none() && settings.days.is_none()) {
        return None;
    }
    if manifest.keeps_in_store {
        return Some(
            "[retention] was not applied: the baselines are in the artifact store; use \
             `cargo tintype prune`"
                .to_owned(),
        );
    }
    let kept = standing_runs(manifest, until);
    let records = records.clone().of_project(&manifest.project);
    let rules = || {
        Some(CleanupRules {
            retention: Retention {
                runs: settings.runs,
                age: settings.days.map(|days| Duration::from_secs(days * DAY)),
                image_bytes: None,
            },
            kept: kept.as_ref()?,
            archive: settings.archive.as_deref(),
            images: &images,
            until,
        })
    };
    let problem = match records.clean_up(run, rules).await {
        Ok(status) => status?.error?,
        Err(error) => error.to_string(),
    };
    Some(format!("[retention] was not applied: {problem}"))
}

/// The runs that baselines name; `None` if not all could be read in time.
fn standing_runs(manifest: &Manifest, until: Instant) -> Option<HashSet<RunId>> {
    let path = manifest.state_dir().join(INDEX);
    let before = files::read(&path, MAX_INDEX).ok();
    let before: Option<BaselineRuns> = before.and_then(|text| serde_json::from_slice(&text).ok());
    let before = before.unwrap_or_default();
    let (baselines, mut now) = (Baselines::of(manifest), BaselineRuns::default());
    let mut is_complete = true;
    for file in baseline_files(manifest).ok()? {
        let meta = fs::metadata(&file).ok()?;
        let (length, modified) = (meta.len(), meta.modified().ok());
        let known = before.files.get(&file);
        let known = known.filter(|known| (known.length, known.modified) == (length, modified));
        let entry = match known {
            Some(known) => known.clone(),
            None if Instant::now() >= until => {
                is_complete = false;
                continue;
            }
            None => {
                // A damaged baseline names no run.
                let baseline = baselines.read(&file).ok().flatten();
                let provenance = baseline.and_then(|baseline| baseline.provenance);
                BaselineRun {
                    length,
                    modified,
                    run: provenance.map(|provenance| provenance.run_id),
                }
            }
        };
        now.files.insert(file, entry);
    }
    if let Ok(text) = serde_json::to_vec(&now) {
        // Without it the files are read again.
        let _ = files::replace(&path, &text);
    }
    let runs = now.files.into_values().filter_map(|entry| entry.run);
    is_complete.then(|| runs.collect())
}
