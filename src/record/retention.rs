//! Removes old runs and their images.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::error::RecordError;
use super::journal::{Journal, is_journal_of};
use super::journal_folder::{journals, remove_pruned};
use super::records::Records;
use super::store::TOMBSTONE_LIFETIME;
use crate::files::size_of_files;
use crate::model::{RunId, VisualTestRun, now_ms};

/// How many runs one step removes.
const RUNS_PER_STEP: usize = 500;

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
    /// The runs that exceed `retention`, newest first, and entries of the index
    /// without a run. `folder` has a folder of images for each run. `progress` is
    /// called after each step with the number of entries that were read.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn surplus(
        &self,
        retention: Retention,
        folder: &Path,
        mut progress: impl FnMut(usize),
    ) -> Result<Vec<Surplus>, RecordError> {
        let mut surplus = Vec::new();
        let (mut number, mut kept_bytes) = (0, 0);
        let mut pages = self.pages();
        while let Some(page) = pages.next().await? {
            for run in page.iter().filter(|run| run.reason.is_some()) {
                number += 1;
                let folder = folder.join(run.run_id.as_str());
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
            let ghosts = pages.take_ghosts().await?.into_iter();
            surplus.extend(ghosts.map(|run| Surplus {
                folder: folder.join(run.as_str()),
                run,
                record: true,
                image_bytes: 0,
                reason: "the index names it, but the record does not have it".to_owned(),
            }));
            progress(pages.entries());
        }
        Ok(surplus)
    }

    /// Removes surplus runs, or their images, in steps: an interrupted removal
    /// continues when it is repeated. `progress` is called after each step with
    /// the number of runs that were removed.
    ///
    /// # Errors
    /// When the store cannot be reached or images cannot be removed.
    pub async fn prune(
        &self,
        surplus: &[Surplus],
        mut progress: impl FnMut(usize),
    ) -> Result<(), RecordError> {
        let journals = self
            .config()
            .journals()
            .map(|folder| journals(folder, None));
        for (step, items) in surplus.chunks(RUNS_PER_STEP).enumerate() {
            let removed = items.iter().filter(|item| item.record);
            let removed: Vec<_> = removed.map(|item| item.run.clone()).collect();
            // A journal that stays would restore the run.
            for path in journals.iter().flatten() {
                if removed.iter().any(|run| is_journal_of(path, Some(run)))
                    && let Ok(Some((_, journal))) = Journal::open_orphan(path)
                {
                    journal.remove();
                }
            }
            self.store().remove_all(&removed).await?;
            items.iter().try_for_each(Surplus::remove_images)?;
            progress(step * RUNS_PER_STEP + items.len());
        }
        if let Some(folder) = self.config().journals() {
            let lifetime = i64::try_from(TOMBSTONE_LIFETIME.as_millis()).unwrap_or(i64::MAX);
            remove_pruned(folder, now_ms().saturating_sub(lifetime));
        }
        Ok(())
    }
}

impl Surplus {
    /// A run whose record and images are removed. `images` has a folder for each
    /// run.
    pub(super) fn of_run(run: RunId, images: &Path) -> Self {
        Self {
            folder: images.join(run.as_str()),
            run,
            record: true,
            image_bytes: 0,
            reason: String::new(),
        }
    }

    fn remove_images(&self) -> Result<(), RecordError> {
        match fs::remove_dir_all(&self.folder) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                Err(RecordError::File {
                    action: "remove the images in",
                    path: self.folder.clone(),
                    source,
                })
            }
            _ => Ok(()),
        }
    }
}

impl Retention {
    /// Whether a run exceeds the number of runs or the age. `number` counts runs
    /// from the newest, from 1.
    pub fn exceeds(self, run: &VisualTestRun, number: usize) -> bool {
        self.exceeded_by(run, number, 0).is_some()
    }

    /// The exceeded limit as text, and whether the record is removed too.
    /// `number` counts runs from the newest, from 1; `bytes` is the size of the
    /// images of this run and of all newer ones.
    fn exceeded_by(self, run: &VisualTestRun, number: usize, bytes: u64) -> Option<(bool, String)> {
        let age = Duration::from_millis(
            u64::try_from(now_ms().saturating_sub(run.timestamp)).unwrap_or(0),
        );
        if let Some(runs) = self.runs.filter(|runs| number > *runs) {
            let newest = match runs {
                1 => "newest run".to_owned(),
                runs => format!("newest {runs} runs"),
            };
            return Some((true, format!("older than the {newest}")));
        }
        if let Some(limit) = self.age.filter(|limit| age > *limit) {
            let days = limit.as_secs() / 86_400;
            return Some((true, format!("older than {days} days")));
        }
        let limit = self.image_bytes.filter(|limit| bytes > *limit)?;
        Some((false, format!("images beyond {} MB", limit >> 20)))
    }
}
