//! The end of a run.

use std::sync::PoisonError;

use super::context::{RunContext, Services};
use super::folders;
use crate::config::{Config, UpdateMode};
use crate::events::{Event, RunReport};
use crate::manifest::Manifest;
use crate::model::{
    Reason, RecordedEvent, RunFile, Summary, VisualTestResult, VisualTestRun, now_ms, rfc3339,
};
use crate::record::{RecordConfig, RecordReport, Records};

/// Updates the run's document with counts, environment, end and reason.
pub(super) fn update_document(context: &RunContext, run: &mut VisualTestRun, interrupted: bool) {
    let now = now_ms();
    let summary = context.results.summary();
    run.summary = summary;
    run.environment = context.engines.environment();
    run.end_time = Some(rfc3339(now));
    run.duration = Some(u64::try_from(now - run.timestamp).unwrap_or(0));
    run.reason = Some(reason(context, &summary, interrupted));
}

fn reason(context: &RunContext, summary: &Summary, interrupted: bool) -> Reason {
    let planned = context.snapshots.iter().any(|s| s.skip.is_none());
    let compared = summary.total - summary.skipped;
    if interrupted {
        Reason::Interrupted
    } else if planned && compared == 0 {
        Reason::Failed
    } else if context.config.run.update != UpdateMode::No && summary.failed == 0 {
        // New snapshots were accepted.
        Reason::Passed
    } else {
        summary.reason()
    }
}

/// Waits until record and cache have written everything so far.
pub(super) async fn flush(context: &RunContext) -> RecordReport {
    let Services {
        recorder, cache, ..
    } = &context.services;
    let (mut record, warnings) = tokio::join!(recorder.sync(), cache.cache.flush());
    record.warnings.extend(warnings);
    record
}

/// This process's reason for the end of the run. Under nextest one process does not
/// know whether the run has compared anything, but it knows its own results and
/// whether it was interrupted. In a shared run other machines do the rest, unless
/// the run was canceled.
pub(super) fn own_reason(
    context: &RunContext,
    run: &VisualTestRun,
    interrupted: bool,
    canceled: bool,
) -> Option<Reason> {
    let compared = run.summary.total > run.summary.skipped;
    let counts = if context.config.run.shares_work {
        canceled || (compared && !interrupted)
    } else {
        !context.config.nextest.active || interrupted || compared
    };
    run.reason.filter(|_| counts)
}

/// Publishes the end of the run, and waits until record and cache have written
/// everything.
pub(super) async fn close(
    context: &RunContext,
    run: &VisualTestRun,
    reason: Option<Reason>,
) -> RecordReport {
    let Services {
        bus,
        recorder,
        cache,
        alerts,
        ..
    } = &context.services;
    let alerts = alerts.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(alerts) = alerts {
        for warning in alerts.finish().await {
            bus.publish(Event::Warning(warning));
        }
    }
    bus.publish(RecordedEvent::RunFinished(Box::new(run.clone())));
    let (mut record, warnings) = tokio::join!(recorder.finish(reason), cache.cache.flush());
    record.warnings.extend(warnings);
    record
}

/// Writes `run.json` with these results, publishes the warnings, and returns the
/// state of the run.
pub(super) fn report(
    context: &RunContext,
    run: VisualTestRun,
    results: Vec<VisualTestResult>,
    record: RecordReport,
) -> RunReport {
    let bus = &context.services.bus;
    let folder = &context.identity.folder;
    let pending = record.pending_message();
    for warning in record.warnings.into_iter().chain(pending) {
        bus.publish(Event::Warning(warning));
    }
    let own = results.len();
    let mut whole = RunFile {
        run: run.clone(),
        results,
    };
    if let Err(error) = folders::merge(&mut whole, folder) {
        let folder = folder.display();
        bus.publish(Event::Warning(format!(
            "failed to write run.json in {folder}: {error}"
        )));
    }
    folders::prune(&context.site.manifest.state_dir().join("runs"));
    RunReport {
        run,
        whole,
        own,
        folder: folder.clone(),
        uncacheable: context.services.cache.uncacheable(),
    }
}

/// Ends a run whose processes have all ended, in the record and in `run.json`.
pub(crate) fn end(manifest: &Manifest, config: &Config) -> Result<(), Box<dyn std::error::Error>> {
    let run = &config.run.id;
    let settings = RecordConfig::new(&manifest.state_dir(), config)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let ended = runtime.block_on(async {
        let records = Records::open(&settings).await?;
        records.end_on_this_host(run).await?;
        records.run(run).await
    })?;
    let mut whole = RunFile {
        run: ended,
        results: Vec::new(),
    };
    folders::merge(&mut whole, &manifest.run_dir(run))?;
    Ok(())
}
