//! What a run has come to: told to everybody, written, counted.

use super::context::RunContext;
use super::folders;
use crate::config::UpdateMode;
use crate::events::{Event, RunReport};
use crate::manifest::Manifest;
use crate::model::{
    Reason, RecordedEvent, RunFile, RunId, Summary, VisualTestRun, now_ms, rfc3339,
};
use crate::record::{RecordConfig, RecordReport, Records};

/// Makes the run's document true of now.
pub(super) fn conclude(context: &RunContext, run: &mut VisualTestRun, interrupted: bool) {
    let now = now_ms();
    let summary = context.summary();
    run.summary = summary;
    run.environment = context.environment();
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
    } else if context.config.update != UpdateMode::No && summary.failed == 0 {
        // What is new has been accepted.
        Reason::Passed
    } else {
        summary.reason()
    }
}

/// Waits until record and cache have all that was told until now.
pub(super) async fn written(context: &RunContext) -> RecordReport {
    let (mut record, warnings) = tokio::join!(context.recorder.sync(), context.cache.flush());
    record.warnings.extend(warnings);
    record
}

/// Tells everybody that the run has ended and lets the record finish it.
pub(super) async fn close(
    context: &RunContext,
    run: &VisualTestRun,
    interrupted: bool,
) -> RecordReport {
    context.publish(RecordedEvent::RunFinished(Box::new(run.clone())));
    // Under nextest no single process knows whether anything was compared at
    // all; but what came of what it was asked for it knows, and whether it was
    // interrupted.
    let compared = run.summary.total > run.summary.skipped;
    let word = run
        .reason
        .filter(|_| !context.config.nextest || interrupted || compared);
    let (mut record, warnings) = tokio::join!(context.recorder.finish(word), context.cache.flush());
    record.warnings.extend(warnings);
    record
}

/// Writes the run's own file, publishes the warnings, and returns the state of
/// the run.
pub(super) fn report(context: &RunContext, run: VisualTestRun, record: RecordReport) -> RunReport {
    let pending = record.pending_message();
    for warning in record.warnings.into_iter().chain(pending) {
        context.publish(Event::Warning(warning));
    }
    let results = context.results();
    let own = RunFile {
        run: run.clone(),
        results: results.clone(),
    };
    let whole = folders::merge(own.clone(), &context.folder).unwrap_or_else(|error| {
        let folder = context.folder.display();
        context.publish(Event::Warning(format!(
            "failed to write run.json in {folder}: {error}"
        )));
        own
    });
    folders::prune(&context.manifest.state_dir().join("runs"));
    RunReport {
        run,
        results,
        whole,
        folder: context.folder.clone(),
        uncacheable: context.uncacheable(),
    }
}

/// Ends a run all of whose processes are gone, in the record and in its own
/// file.
pub fn end(manifest: &Manifest, run: &RunId) -> Result<(), Box<dyn std::error::Error>> {
    let config = RecordConfig::from_env(&manifest.state_dir())?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let ended = runtime.block_on(async {
        let records = Records::open(&config).await?;
        records.end_on_this_host(run).await?;
        records.run(run).await
    })?;
    let own = RunFile {
        run: ended,
        results: Vec::new(),
    };
    folders::merge(own, &manifest.run_dir(run))?;
    Ok(())
}
