//! Records decisions on snapshots of past runs.

use super::decision_journal::{DecisionJournal, LockedJournal, SnapshotDecision};
use super::documents::parse_result;
use super::error::RecordError;
use super::journal::Journal;
use super::operation::JoinRequest;
use super::orphan_journals::{Sent, send};
use super::records::Records;
use crate::model::{RunId, StoryIdentifier, VisualTestRun};

impl Records {
    /// Records a decision on a snapshot: in the journal, then in the store.
    /// Returns false if the store does not have the run.
    ///
    /// # Errors
    /// When the document of the snapshot is invalid, or when the store cannot be
    /// reached: then the journal keeps the decision.
    pub async fn decide(
        &self,
        run: &VisualTestRun,
        story: &StoryIdentifier,
        decision: SnapshotDecision,
    ) -> Result<bool, RecordError> {
        let recorded_at = self.check_before_decision(&run.run_id, story).await?;
        let journal = self.decision_journal(run);
        let mut journal = journal.lock().await;
        journal.append(story, decision, recorded_at);
        let sent = send(&**self.store(), &journal.join, &journal.journal).await?;
        Ok(matches!(sent, Sent::Completely { .. }))
    }

    /// When the result was recorded; unknown while the store is unreachable. A
    /// forged document must not be marked, nor its event published.
    async fn check_before_decision(
        &self,
        run: &RunId,
        story: &StoryIdentifier,
    ) -> Result<Option<i64>, RecordError> {
        match self.document_of(run, story).await {
            Ok(text) => parse_result(run, story, &text).map(drop)?,
            Err(RecordError::NoTest { .. }) => {}
            // The second request would only wait again.
            Err(RecordError::Store(_)) => return Ok(None),
            Err(error) => return Err(error),
        }
        Ok(self.store().recorded_at(run, story).await.ok().flatten())
    }

    fn decision_journal(&self, run: &VisualTestRun) -> LockedJournal {
        self.decision_journals().of(&run.run_id, || {
            let join = JoinRequest {
                writer: uuid::Uuid::now_v7().simple().to_string(),
                start: run.timestamp,
                decides: true,
                ..self.observer(Some(run.run_id.clone()))
            };
            let journal = Journal::create(self.config().journals(), &join);
            DecisionJournal::new(join, journal)
        })
    }
}
