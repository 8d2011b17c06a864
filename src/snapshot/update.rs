//! Accepts captures as baselines, as `TINTYPE_UPDATE` says.

use std::sync::Arc;

use crate::baseline::{BaselineError, Baselines, Provenance};
use crate::config::UpdateMode;
use crate::events::Bus;
use crate::manifest::Manifest;
use crate::model::{Environment, RecordedEvent, RunId, Status, VisualTestResult};
use crate::plan::Snapshot;

/// Accepts captures of a run as baselines.
#[derive(Clone)]
pub(crate) struct BaselineUpdater {
    pub(crate) manifest: Arc<Manifest>,
    pub(crate) baselines: Baselines,
    pub(crate) update: UpdateMode,
    pub(crate) run_id: RunId,
    pub(crate) bus: Bus,
}

impl BaselineUpdater {
    /// Whether a capture with this status becomes the baseline. One that passed
    /// does if the baseline's file is outdated: encoded from other bytes, or made in
    /// another environment; one of a known failure only if there is no baseline.
    pub(super) fn accepts(&self, snapshot: &Snapshot, status: Status, is_outdated: bool) -> bool {
        match status {
            Status::Passed => self.update == UpdateMode::All && is_outdated,
            Status::New => self.update != UpdateMode::No,
            Status::Failed | Status::Changed if snapshot.known_failure.is_some() => false,
            Status::Failed => matches!(self.update, UpdateMode::Failed | UpdateMode::All),
            Status::Changed => self.update == UpdateMode::All,
            Status::Skipped | Status::Running => false,
        }
    }

    /// Whether baselines without a layout digest get one.
    pub(super) fn completes_digests(&self) -> bool {
        self.update == UpdateMode::All && self.manifest.takes_digest
    }

    /// Makes a capture the baseline. A failed or changed result becomes
    /// `passed`; a new one stays `new`, which is no failure when updating.
    pub(super) fn accept(
        &self,
        snapshot: &Snapshot,
        png: &[u8],
        environment: Environment,
        result: &mut VisualTestResult,
    ) -> Result<(), BaselineError> {
        let provenance = Provenance {
            environment,
            run_id: self.run_id.clone(),
            story_identifier: snapshot.identifier.clone(),
        };
        let accepted = self.baselines.accept(&snapshot.baseline, png, &provenance);
        let accepted = accepted.inspect_err(|error| {
            result.status = Status::Failed;
            result.message = Some(error.to_string());
        })?;
        let reason = result.message.take();
        // A new one says that there is no baseline.
        let reason = reason.filter(|_| result.status != Status::New);
        let reason = reason.map_or(String::new(), |reason| format!(" ({reason})"));
        result.message = Some(format!("accepted as the baseline{reason}"));
        if matches!(result.status, Status::Failed | Status::Changed) {
            result.status = Status::Passed;
        }
        result.baseline = Some(self.manifest.relative(&snapshot.baseline));
        result.sha256.get_or_insert_default().baseline = Some(accepted.file_sha256);
        self.bus.publish(RecordedEvent::BaselineAccepted {
            run_id: self.run_id.clone(),
            story_identifier: snapshot.identifier.clone(),
        });
        Ok(())
    }
}
