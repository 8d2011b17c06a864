//! Removes old runs of a project in short steps, at the end of runs.

use std::collections::HashSet;
use std::path::Path;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::coordination::{LOCK_LEASE_MS, LockReply, LockRequest};
use super::error::RecordError;
use super::records::Records;
use super::retention::{Retention, Surplus};
use crate::files;
use crate::model::{RunId, now_ms};

/// How many entries of the project's index one step reads.
const PAGE: usize = 500;

/// Which runs of a project are removed, and until when.
pub struct CleanupRules<'a> {
    /// The limits. Images are not counted.
    pub retention: Retention,
    /// Runs that stay: those of standing baselines.
    pub kept: &'a HashSet<RunId>,
    /// The folder to which runs are exported before they are removed.
    pub archive: Option<&'a Path>,
    /// The folder with the images of each run.
    pub images: &'a Path,
    /// When to stop. The next cleanup continues.
    pub until: Instant,
}

/// What the last cleanup of a project has done: a field of `tintype:cleanup`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CleanupStatus {
    /// When it ended, in milliseconds since the Unix epoch.
    pub at: i64,
    /// The machine.
    pub host: String,
    /// The number of runs that were removed.
    pub removed: u64,
    /// Whether nothing is left to remove.
    pub finished: bool,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

impl Records {
    /// Removes runs of the project under a lock, up to a time limit, and records
    /// what was done. `rules` are prepared under the lock; `None` if they are
    /// not ready, which the next cleanup continues. Returns `None` if another
    /// process is cleaning up.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn clean_up<'a>(
        &self,
        run: &RunId,
        rules: impl FnOnce() -> Option<CleanupRules<'a>>,
    ) -> Result<Option<CleanupStatus>, RecordError> {
        let Some(project) = self.project.as_deref() else {
            return Ok(None);
        };
        let locks = self.config().coordination(run);
        let request = LockRequest {
            name: format!("cleanup:{project}"),
            slots: 1,
            owner: uuid::Uuid::now_v7().simple().to_string(),
            lease_ms: LOCK_LEASE_MS,
        };
        if let LockReply::Waiting { .. } = locks.acquire(&request).await? {
            locks.release(&request).await?;
            return Ok(None);
        }
        let mut status = CleanupStatus {
            host: self.config().host().to_owned(),
            ..CleanupStatus::default()
        };
        if let Some(rules) = rules() {
            let done = self.remove_surplus(project, &rules, &mut status).await;
            status.error = done.err().map(|error| error.to_string());
        }
        status.at = now_ms();
        let text = super::operation::json(&status);
        let noted = self.store().note_cleanup(project, &text).await;
        locks.release(&request).await?;
        noted?;
        Ok(Some(status))
    }

    /// What the last cleanup of the project has done.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn cleanup_status(&self) -> Result<Option<CleanupStatus>, RecordError> {
        let Some(project) = self.project.as_deref() else {
            return Ok(None);
        };
        let text = self.store().cleanup_status(project).await?;
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
    }

    async fn remove_surplus(
        &self,
        project: &str,
        rules: &CleanupRules<'_>,
        status: &mut CleanupStatus,
    ) -> Result<(), RecordError> {
        let mut next = Some(0);
        while let Some(from) = next {
            let page = self.store().project_runs(project, from, PAGE).await?;
            let numbered = (from..).zip(&page.runs);
            let old = numbered.filter(|(rank, (_, start))| rules.exceeds(*rank, *start));
            let old: Vec<_> = old.map(|(_, (id, _))| id.clone()).collect();
            let mut removed = 0;
            for run in self.read_runs(&old).await? {
                if run.reason.is_none() || rules.kept.contains(&run.run_id) {
                    continue;
                }
                if Instant::now() >= rules.until {
                    return Ok(());
                }
                self.archive_and_remove(&run.run_id, rules).await?;
                (removed, status.removed) = (removed + 1, status.removed + 1);
            }
            next = page.next.map(|next| next.saturating_sub(removed));
            if Instant::now() >= rules.until {
                return Ok(());
            }
        }
        status.finished = self.remove_branches(project, rules).await?;
        Ok(())
    }

    /// Exports a run, if there is an archive, and removes it.
    async fn archive_and_remove(
        &self,
        run: &RunId,
        rules: &CleanupRules<'_>,
    ) -> Result<(), RecordError> {
        if let Some(folder) = rules.archive {
            let text = self.export(run).await?.to_ndjson()?;
            let path = folder.join(format!("{run}.ndjson"));
            let written = std::fs::create_dir_all(folder)
                .and_then(|()| files::replace_durably(&path, text.as_bytes()));
            written.map_err(|source| RecordError::File {
                action: "archive a run in",
                path,
                source,
            })?;
        }
        let surplus = Surplus::of_run(run.clone(), rules.images);
        self.prune(std::slice::from_ref(&surplus), |_| {}).await
    }

    /// Removes the histories of branches without outcomes for the retention's age;
    /// whether none is left.
    async fn remove_branches(
        &self,
        project: &str,
        rules: &CleanupRules<'_>,
    ) -> Result<bool, RecordError> {
        let Some(age) = rules.retention.age else {
            return Ok(true);
        };
        let limit = now_ms().saturating_sub(milliseconds(age));
        self.store().forget_snapshots(project, limit).await?;
        for (branch, last) in self.store().branches(project).await? {
            if last >= limit {
                break;
            }
            if Instant::now() >= rules.until {
                return Ok(false);
            }
            self.store().remove_branch(project, &branch).await?;
        }
        Ok(true)
    }
}

impl CleanupRules<'_> {
    /// Whether the run at this rank, counted from the newest from 0, exceeds a
    /// limit.
    fn exceeds(&self, rank: usize, start: i64) -> bool {
        let Retention { runs, age, .. } = self.retention;
        let oldest = age.map(|age| now_ms().saturating_sub(milliseconds(age)));
        runs.is_some_and(|runs| rank >= runs) || oldest.is_some_and(|oldest| start < oldest)
    }
}

fn milliseconds(age: Duration) -> i64 {
    i64::try_from(age.as_millis()).unwrap_or(i64::MAX)
}
