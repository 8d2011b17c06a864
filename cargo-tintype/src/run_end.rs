//! Follows a run to its end.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;
use tintype::internals::model::{RunId, VisualTestRun};
use tintype::internals::record::{EventFollower, RecordError, Records, StreamEntry};
use tokio::time::timeout;

use crate::retrying_record::RetryingRecord;

/// After this time without an event, the processes of a run may have died.
const SILENCE: Duration = Duration::from_secs(5);

/// Calls `event` for every event of a run, from the first one on, and returns
/// the run when it has ended. Ends runs whose processes have all died, which may
/// include this one.
pub(crate) async fn follow_to_end(
    records: &Records,
    record: &RetryingRecord<'_>,
    id: &RunId,
    mut event: impl FnMut(&StreamEntry, &Value),
    warn: impl Fn(&str),
) -> Result<VisualTestRun> {
    let mut events = records.follow(id.clone(), "0");
    loop {
        let entry = record
            .request(async || next(records, &mut events).await)
            .await?;
        for warning in records.take_warnings() {
            warn(&warning);
        }
        let content: Value = serde_json::from_str(&entry.event)
            .with_context(|| format!("failed to understand the event {}", entry.id))?;
        event(&entry, &content);
        if content["type"] == "run:finished" {
            let run = record.request(async || records.run(id).await).await?;
            // A run that was resumed ends again.
            if run.reason.is_some() {
                return Ok(run);
            }
        }
    }
}

/// The next event. During silence, runs of dead processes are ended.
async fn next(records: &Records, events: &mut EventFollower) -> Result<StreamEntry, RecordError> {
    loop {
        match timeout(SILENCE, events.next()).await {
            Ok(entry) => return entry,
            Err(_) => records.end_abandoned().await?,
        };
    }
}

/// Refuses a record that other processes cannot see.
pub(crate) fn check_is_visible(records: &Records) -> Result<()> {
    if records.is_memory() {
        bail!(
            "{}, which other processes cannot see (help: set REDIS_URL)",
            records.describe()
        );
    }
    Ok(())
}
