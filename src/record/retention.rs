//! Removes old runs and their images.

use std::fs;
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use super::error::RecordError;
use super::journal::Journal;
use super::journal_folder::journals;
use super::records::Records;
use crate::model::{RunId, VisualTestRun, now_ms};

/// The limits beyond which runs are removed. A run is removed when it exceeds
/// any of them; a run that has not ended is never removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    /// The number of runs to keep.
    pub runs: Option<usize>,
    /// The age up to which runs are kept.
    pub age: Option<Duration>,
    /// The total size of images to keep, those of the newest runs first. Beyond
    /// it only the images of a run are removed, not its record.
    pub image_bytes: Option<u64>,
}

/// A run that exceeds a [`Retention`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Surplus {
    /// The run.
    pub run: RunId,
    /// Whether its record is removed too, or only its images.
    pub record: bool,
    /// The size of its images.
    pub image_bytes: u64,
    /// The exceeded limit as text.
    pub reason: String,
    folder: PathBuf,
}

impl Records {
    /// The runs that exceed `retention`, newest first. `folder` has a folder of
    /// images for each run.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn surplus(
        &self,
        retention: Retention,
        folder: &Path,
    ) -> Result<Vec<Surplus>, RecordError> {
        let mut surplus = Vec::new();
        let mut kept_bytes = 0;
        let runs = self.runs(usize::MAX).await?;
        for (run, number) in runs.iter().filter(|run| run.reason.is_some()).zip(1..) {
            // An id that would leave the folder has no images.
            let folder = match Path::new(run.run_id.as_str())
                .components()
                .collect::<Vec<_>>()[..]
            {
                [Component::Normal(name)] => folder.join(name),
                _ => continue,
            };
            let image_bytes = size_of_files(&folder);
            kept_bytes += image_bytes;
            let Some((record, reason)) = retention.exceeded_by(run, number, kept_bytes) else {
                continue;
            };
            kept_bytes -= image_bytes;
            if record || image_bytes > 0 {
                surplus.push(Surplus {
                    run: run.run_id.clone(),
                    record,
                    image_bytes,
                    reason,
                    folder,
                });
            }
        }
        Ok(surplus)
    }

    /// Removes a surplus run, or its images.
    ///
    /// # Errors
    /// When the store cannot be reached or images cannot be removed.
    pub async fn prune(&self, surplus: &Surplus) -> Result<(), RecordError> {
        if surplus.record {
            // A journal that stays would restore the run.
            if let Some(folder) = self.config().journals() {
                for path in journals(folder, Some(&surplus.run)) {
                    if let Some((_, journal)) = Journal::open_orphan(&path)? {
                        journal.remove();
                    }
                }
            }
            self.store().remove(&surplus.run).await?;
        }
        match fs::remove_dir_all(&surplus.folder) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                Err(RecordError::File {
                    action: "remove the images in",
                    path: surplus.folder.clone(),
                    source,
                })
            }
            _ => Ok(()),
        }
    }
}

impl Retention {
    /// The exceeded limit as text, and whether the record is removed too.
    /// `number` counts runs from the newest, from 1; `bytes` is the size of the
    /// images of this run and of all newer ones.
    fn exceeded_by(self, run: &VisualTestRun, number: usize, bytes: u64) -> Option<(bool, String)> {
        let age = Duration::from_millis(u64::try_from(now_ms() - run.timestamp).unwrap_or(0));
        if let Some(runs) = self.runs.filter(|runs| number > *runs) {
            return Some((true, format!("older than the newest {runs} runs")));
        }
        if let Some(limit) = self.age.filter(|limit| age > *limit) {
            let days = limit.as_secs() / 86_400;
            return Some((true, format!("older than {days} days")));
        }
        let limit = self.image_bytes.filter(|limit| bytes > *limit)?;
        Some((false, format!("images beyond {} MB", limit >> 20)))
    }
}

fn size_of_files(folder: &Path) -> u64 {
    walkdir::WalkDir::new(folder)
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.metadata().ok())
        .filter(fs::Metadata::is_file)
        .map(|file| file.len())
        .sum()
}
