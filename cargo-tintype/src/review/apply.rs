//! A decision from beginning to end: the file, the audit, the record.

use anyhow::Result;
use tintype::model::{RunId, StoryIdentifier};
use tokio::task::spawn_blocking;

use super::authentication::AccessPolicy;
use super::{App, ServerState};
use crate::decisions::log::Decision;
use crate::record_access::tell_accepted;

impl ServerState {
    /// Carries a decision on a snapshot out for `who`. An acceptance replaces
    /// the baseline if it has the hash `expected` (the inner none: if there is
    /// no file); without that, the hash that the run compared with.
    ///
    /// What could not be told to the record is a warning: the file is what
    /// counts.
    pub(super) async fn apply(
        self: &App,
        who: &str,
        run: &RunId,
        decision: Decision,
        name: &str,
        expected: Option<Option<String>>,
    ) -> Result<Option<String>> {
        let story: StoryIdentifier = name.parse()?;
        let (run, result) = self.source.test(run, &story).await?;
        let recorded = result.sha256.clone().unwrap_or_default().baseline;
        let expected = expected.unwrap_or(recorded);
        let id = run.run_id.clone();
        let (app, name) = (App::clone(self), who.to_owned());
        spawn_blocking(move || {
            let project = app.project()?;
            match decision {
                Decision::Accept => {
                    app.decisions
                        .accept(&project, &run, &result, expected.as_deref(), &name)
                }
                Decision::Reject => app.decisions.reject(&run, &result, &name),
                Decision::Undo => app.decisions.undo(&project, &run, &result, &name),
            }
        })
        .await??;
        if let AccessPolicy::Token { sessions, .. } = &self.access {
            let what = format!("{decision:?}").to_lowercase();
            sessions
                .note(who, &what, &format!("{id} {}", story.test_name()))
                .await?;
        }
        if decision != Decision::Accept {
            return Ok(None);
        }
        let told = tell_accepted(&self.source.records, &id, &story).await;
        Ok(told
            .err()
            .map(|error| format!("accepted, but not marked in the record: {error}")))
    }
}
