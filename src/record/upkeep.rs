//! What is done to the record as a whole: carrying runs away and back,
//! removing old ones, looking at the server.

use std::fs;
use std::path::{Component, Path, PathBuf};
use std::time::{Duration, Instant};

use super::error::RecordError;
use super::health::{Health, Metrics, ServerFacts};
use super::journal::{Journal, journals};
use super::records::Records;
use super::whole::WholeRun;
use crate::model::{RunId, Status, StoryIdentifier, VisualTestRun, now_ms};

/// What is kept when old runs are removed. A run is removed when any limit
/// says so; a run that has not ended never is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    /// How many runs.
    pub runs: Option<usize>,
    /// For how long.
    pub age: Option<Duration>,
    /// How many bytes of images, those of the newest runs. Of older runs only
    /// the images go, their records stay.
    pub image_bytes: Option<u64>,
}

/// What a [`Retention`] does not keep of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Surplus {
    /// The run.
    pub run: RunId,
    /// Whether its record goes, too, or its images only.
    pub record: bool,
    /// How many bytes its images have.
    pub image_bytes: u64,
    /// The limit that says so, in words.
    pub why: String,
    folder: PathBuf,
}

impl Records {
    /// Everything known of a run.
    ///
    /// # Errors
    /// When there is none of that id, or the store cannot be reached.
    pub async fn export(&self, id: &RunId) -> Result<WholeRun, RecordError> {
        let whole = self.store.export(id).await?;
        whole.ok_or_else(|| RecordError::NoRun {
            run_id: id.to_string(),
            place: self.store.place(),
        })
    }

    /// Puts a whole run in; false if there is one of that id, which stays as
    /// it is.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn import(&self, run: &WholeRun) -> Result<bool, RecordError> {
        self.settings.check(&run.state.run_id)?;
        Ok(self.store.import(run).await?)
    }

    /// What `retention` does not keep, oldest last. `folder` holds the images,
    /// with a folder for each run.
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
            // A name that would lead elsewhere has no images here.
            let folder = match Path::new(run.run_id.as_str())
                .components()
                .collect::<Vec<_>>()[..]
            {
                [Component::Normal(name)] => folder.join(name),
                _ => continue,
            };
            let image_bytes = bytes_in(&folder);
            kept_bytes += image_bytes;
            let Some((record, why)) = retention.against(run, number, kept_bytes) else {
                continue;
            };
            kept_bytes -= image_bytes;
            if record || image_bytes > 0 {
                surplus.push(Surplus {
                    run: run.run_id.clone(),
                    record,
                    image_bytes,
                    why,
                    folder,
                });
            }
        }
        Ok(surplus)
    }

    /// Removes what a retention does not keep of a run.
    ///
    /// # Errors
    /// When the store cannot be reached or images cannot be removed.
    pub async fn prune(&self, surplus: &Surplus) -> Result<(), RecordError> {
        if surplus.record {
            // A journal that stays would bring the run back.
            if let Some(folder) = &self.settings.journals {
                for path in journals(folder, Some(&surplus.run)) {
                    if let Some((_, journal)) = Journal::adopt(&path)? {
                        journal.remove();
                    }
                }
            }
            self.store.remove(&surplus.run).await?;
        }
        match fs::remove_dir_all(&surplus.folder) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                Err(RecordError::File {
                    what: "remove the images in",
                    path: surplus.folder.clone(),
                    source,
                })
            }
            _ => Ok(()),
        }
    }

    /// Which snapshots of a plan have no result in a run that would stand:
    /// those that were never begun, never ended, or left out.
    ///
    /// # Errors
    /// When there is no such run, or the store cannot be reached.
    pub async fn unfinished(
        &self,
        id: &RunId,
        plan: impl IntoIterator<Item = StoryIdentifier>,
    ) -> Result<Vec<StoryIdentifier>, RecordError> {
        self.run(id).await?;
        let stands = |status: Status| status.is_final() && status != Status::Skipped;
        let tests = self.tests(id).await?.into_iter();
        let done: std::collections::HashSet<_> = tests
            .filter(|test| stands(test.status))
            .map(|test| test.story_identifier)
            .collect();
        Ok(plan.into_iter().filter(|id| !done.contains(id)).collect())
    }

    /// Whether the record answers, and how fast.
    pub async fn health(&self) -> Health {
        let begun = Instant::now();
        let healthy = self.store.facts().await.is_ok();
        Health {
            healthy,
            response_time: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
        }
    }

    /// What the server tells of itself; nothing where the record is in memory.
    ///
    /// # Errors
    /// When the server cannot be reached.
    pub async fn facts(&self) -> Result<Option<ServerFacts>, RecordError> {
        Ok(self.store.facts().await?)
    }

    /// Numbers on the record and its server; of one that does not answer, only
    /// that.
    ///
    /// # Errors
    /// When the store is lost meanwhile, or a document or a journal cannot be
    /// read.
    pub async fn metrics(&self) -> Result<Metrics, RecordError> {
        let mut metrics = Metrics::default();
        let health = self.health().await;
        metrics.add(
            "record_healthy",
            "gauge",
            "Whether the record answers.",
            u8::from(health.healthy),
        );
        metrics.add(
            "record_response_milliseconds",
            "gauge",
            "How long an answer takes.",
            health.response_time,
        );
        if health.healthy {
            self.add_contents(&mut metrics).await?;
        }
        Ok(metrics)
    }

    async fn add_contents(&self, metrics: &mut Metrics) -> Result<(), RecordError> {
        let runs = self.runs(usize::MAX).await?;
        let open = runs.iter().filter(|run| run.reason.is_none()).count();
        metrics.add("runs", "gauge", "Runs in the record.", runs.len());
        metrics.add("runs_open", "gauge", "Runs that have not ended.", open);
        let snapshots: u64 = runs.iter().map(|run| run.summary.total).sum();
        metrics.add(
            "snapshots",
            "gauge",
            "Final results in the record.",
            snapshots,
        );
        self.add_newest(metrics, &runs).await?;
        let waiting = self.waiting().await?;
        metrics.add(
            "journal_pending_operations",
            "gauge",
            "Operations in journals of this machine that the record does not have.",
            waiting,
        );
        if let Some(facts) = self.facts().await? {
            metrics.add(
                "server_memory_bytes",
                "gauge",
                "Memory that the server uses.",
                facts.used_memory,
            );
            metrics.add(
                "server_memory_limit_bytes",
                "gauge",
                "Memory that the server may use; 0 for no limit.",
                facts.max_memory,
            );
            metrics.add(
                "server_evicted_keys_total",
                "counter",
                "Keys that the server has dropped for want of memory.",
                facts.evicted_keys,
            );
        }
        Ok(())
    }

    /// What the cache has spared the newest run: older ones change no more.
    async fn add_newest(
        &self,
        metrics: &mut Metrics,
        runs: &[VisualTestRun],
    ) -> Result<(), RecordError> {
        let Some(newest) = runs.first() else {
            return Ok(());
        };
        let tests = self.tests(&newest.run_id).await?;
        let hits = tests.iter().filter(|test| test.cached).count();
        let done = tests.iter().filter(|test| test.status.is_final()).count();
        metrics.add(
            "newest_run_snapshots",
            "gauge",
            "Final results of the newest run.",
            done,
        );
        metrics.add(
            "newest_run_cache_hits",
            "gauge",
            "Snapshots of the newest run that were unchanged and needed no browser.",
            hits,
        );
        Ok(())
    }

    /// How many operations in journals of this machine the record does not
    /// have yet.
    ///
    /// # Errors
    /// When a journal cannot be read, or the store cannot be reached.
    pub async fn waiting(&self) -> Result<u64, RecordError> {
        let Some(folder) = &self.settings.journals else {
            return Ok(0);
        };
        let mut waiting = 0;
        for path in journals(folder, None) {
            let (join, operations) = Journal::peek(&path)?;
            if join.place == self.settings.destination() {
                let applied = self.store.applied(&join).await?;
                waiting += (operations.len() as u64).saturating_sub(applied);
            }
        }
        Ok(waiting)
    }
}

impl Retention {
    /// Whether a run goes with its record, and why. `number` counts from the
    /// newest, from 1; `bytes` are those of its images and of all newer runs'.
    fn against(self, run: &VisualTestRun, number: usize, bytes: u64) -> Option<(bool, String)> {
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

fn bytes_in(folder: &Path) -> u64 {
    walkdir::WalkDir::new(folder)
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.metadata().ok())
        .filter(fs::Metadata::is_file)
        .map(|file| file.len())
        .sum()
}
