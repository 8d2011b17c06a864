//! Applies a decision of the page or the terminal and publishes it.

use anyhow::{Context, Result};
use tintype::internals::model::{RunId, StoryIdentifier};
use tokio::task::spawn_blocking;

use super::access::AccessPolicy;
use super::state::App;
use crate::decisions::{Decision, ExpectedBaseline, RecordedSnapshot, publish};
use crate::record_access::record_error;

/// Applies a decision on the snapshot `name` of a run for `who`.
///
/// Gives a warning if the record could not be updated: the baseline and the
/// log have changed already.
pub(super) async fn decide(
    app: &App,
    who: &str,
    run: &RunId,
    decision: Decision,
    name: &str,
    expected: ExpectedBaseline,
) -> Result<Option<String>> {
    let story: StoryIdentifier = name.parse()?;
    let (run, result) = app.source.test(run, &story).await?;
    let (id, decided) = (run.run_id.clone(), run.clone());
    let (state, user) = (App::clone(app), who.to_owned());
    spawn_blocking(move || {
        let snapshot = RecordedSnapshot {
            run: &run,
            result: &result,
        };
        let project = state.project()?;
        state
            .decisions
            .apply(&project, snapshot, decision, &expected, &user)
    })
    .await??;
    if let AccessPolicy::Token { sessions, .. } = &app.access.policy {
        let subject = format!("{id} {}", story.test_name());
        sessions.audit(who, decision.as_str(), &subject).await?;
    }
    let published = publish(&app.source.records, &decided, &story, decision).await;
    let published = published
        .map_err(record_error)
        .context("the record is not updated yet: its journal keeps the decision");
    Ok(published
        .err()
        .map(|error| format!("{}, but {error:#}", decision.past())))
}
