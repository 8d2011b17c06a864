//! Reads histories and statistics of snapshots.

use std::sync::PoisonError;

use super::documents::parse_run;
use super::error::RecordError;
use super::project_index::ProjectIndex;
use super::records::Records;
use super::store::HISTORY_LENGTH;
use crate::history::OutcomeTally;
use crate::model::{HistoryEntry, Lineage, RunId, StoryIdentifier};

impl Records {
    /// The last outcomes of a snapshot, oldest first: those of the lineage, where
    /// it has none those of the default branch, and those of runs of versions that
    /// did not record the project. Without a project only the latter.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn history(&self, story: &StoryIdentifier) -> Result<Vec<HistoryEntry>, RecordError> {
        let own = self.histories(std::slice::from_ref(story)).await?;
        let mut outcomes: Vec<_> = own.into_iter().flatten().collect();
        let name = || format!("the history of the snapshot `{story}`");
        let history = self.store().history(story).await;
        let history = self.unless_invalid(history, name)?.unwrap_or_default();
        for outcome in history {
            if self.is_own_id(&outcome.run_id).await? {
                outcomes.push(outcome);
            }
        }
        outcomes.sort_by_key(|outcome| outcome.at);
        let surplus = outcomes.len().saturating_sub(HISTORY_LENGTH);
        outcomes.drain(..surplus);
        Ok(outcomes)
    }

    /// The last outcomes of snapshots in their order, each oldest first: those of
    /// the lineage, where it has none those of the default branch.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn histories(
        &self,
        stories: &[StoryIdentifier],
    ) -> Result<Vec<Vec<HistoryEntry>>, RecordError> {
        let Some(lineage) = &self.lineage else {
            return Ok(vec![Vec::new(); stories.len()]);
        };
        let keys: Vec<_> = stories.iter().map(StoryIdentifier::key).collect();
        let mut all = self.store().outcomes(lineage, &keys).await?;
        if let Some(fallback) = lineage.fallback() {
            let others = self.store().outcomes(&fallback, &keys).await?;
            for (own, other) in all.iter_mut().zip(others) {
                if own.is_empty() {
                    *own = other;
                }
            }
        }
        Ok(all)
    }

    /// The counts of all outcomes of snapshots in their order: those of the
    /// lineage, where it has none those of the default branch.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn tallies(
        &self,
        stories: &[StoryIdentifier],
    ) -> Result<Vec<OutcomeTally>, RecordError> {
        let Some(lineage) = &self.lineage else {
            return Ok(vec![OutcomeTally::default(); stories.len()]);
        };
        let keys: Vec<_> = stories.iter().map(StoryIdentifier::key).collect();
        let mut all = self.store().tallies(lineage, &keys).await?;
        if let Some(fallback) = lineage.fallback() {
            let others = self.store().tallies(&fallback, &keys).await?;
            for (own, other) in all.iter_mut().zip(others) {
                if own.total == 0 {
                    *own = other;
                }
            }
        }
        Ok(all)
    }

    /// The snapshots of the project's default branch that are flaky, in quarantine
    /// or failing. Empty on a Redis Cluster.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn project_index(&self) -> Result<ProjectIndex, RecordError> {
        let Some(lineage) = &self.lineage else {
            return Ok(ProjectIndex::default());
        };
        Ok(self.store().project_index(&lineage.project).await?)
    }

    /// The lineage whose histories are read.
    pub fn lineage(&self) -> Option<&Lineage> {
        self.lineage.as_ref()
    }

    /// Whether a run is of the project. A run whose document is gone is not, if
    /// other projects use the record too.
    async fn is_own_id(&self, id: &RunId) -> Result<bool, RecordError> {
        let own_runs = || self.own_runs.lock().unwrap_or_else(PoisonError::into_inner);
        if self.project.is_none() {
            return Ok(true);
        }
        if let Some(is_own) = own_runs().get(id) {
            return Ok(*is_own);
        }
        let documents = self.store().run_documents(std::slice::from_ref(id)).await?;
        let is_own = match documents.into_iter().flatten().next() {
            None => !self.config().redis().is_shared(),
            Some(text) => {
                let run = self.valid(parse_run(id, &text));
                run.is_some_and(|run| self.is_own(&run))
            }
        };
        own_runs().insert(id.clone(), is_own);
        Ok(is_own)
    }
}
