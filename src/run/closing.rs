//! What a run has come to: told to everybody, written, counted.

use super::conductor::RunReport;
use super::folders;
use super::stage::Stage;
use crate::manifest::Manifest;
use crate::model::{Event, Reason, RunFile, RunId, Summary, VisualTestRun, now_ms, rfc3339};
use crate::record::{RecordReport, RecordSettings, Records};
use crate::settings::Update;

/// Makes the run's document true of now.
pub(super) fn conclude(stage: &Stage, run: &mut VisualTestRun, interrupted: bool) {
    let now = now_ms();
    let summary = stage.summary();
    run.summary = summary;
    run.environment = stage.environment();
    run.end_time = Some(rfc3339(now));
    run.duration = Some(u64::try_from(now - run.timestamp).unwrap_or(0));
    run.reason = Some(reason(stage, &summary, interrupted));
}

fn reason(stage: &Stage, summary: &Summary, interrupted: bool) -> Reason {
    let planned = stage.snapshots.iter().any(|s| s.skip.is_none());
    let compared = summary.total - summary.skipped;
    if interrupted {
        Reason::Interrupted
    } else if planned && compared == 0 {
        Reason::Failed
    } else if stage.settings.update != Update::No && summary.failed == 0 {
        // What is new has been accepted.
        Reason::Passed
    } else {
        summary.reason()
    }
}

/// Waits until record and cache have all that was told until now.
pub(super) async fn written(stage: &Stage) -> RecordReport {
    let (mut record, warnings) = tokio::join!(stage.recorder.written(), stage.cache.flush());
    record.warnings.extend(warnings);
    record
}

/// Tells everybody that the run has ended and lets the record finish it.
pub(super) async fn close(stage: &Stage, run: &VisualTestRun, interrupted: bool) -> RecordReport {
    stage.tell(&Event::RunFinished(Box::new(run.clone())));
    // Under nextest no single process knows whether anything was compared at
    // all; but what came of what it was asked for it knows, and whether it was
    // interrupted.
    let compared = run.summary.total > run.summary.skipped;
    let word = run
        .reason
        .filter(|_| !stage.settings.nextest || interrupted || compared);
    let (mut record, warnings) = tokio::join!(stage.recorder.finish(word), stage.cache.flush());
    record.warnings.extend(warnings);
    record
}

/// Writes the run's own file and gives account.
pub(super) fn report(stage: &Stage, run: VisualTestRun, mut record: RecordReport) -> RunReport {
    let results = stage.results();
    let own = RunFile {
        run: run.clone(),
        results: results.clone(),
    };
    let whole = folders::merge(own.clone(), &stage.folder).unwrap_or_else(|error| {
        let folder = stage.folder.display();
        let warning = format!("failed to write run.json in {folder}: {error}");
        record.warnings.push(warning);
        own
    });
    folders::prune(&stage.manifest.state_dir().join("runs"));
    RunReport {
        run,
        results,
        whole,
        record,
        folder: stage.folder.clone(),
        uncacheable: stage.uncacheable(),
    }
}

/// Ends a run all of whose processes are gone, in the record and in its own
/// file.
pub fn end(manifest: &Manifest, run: &RunId) -> Result<(), Box<dyn std::error::Error>> {
    let settings = RecordSettings::from_env(&manifest.state_dir())?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let ended = runtime.block_on(async {
        let records = Records::open(&settings).await?;
        records.finish_gone(run).await?;
        records.run(run).await
    })?;
    let own = RunFile {
        run: ended,
        results: Vec::new(),
    };
    folders::merge(own, &manifest.run_dir(run))?;
    Ok(())
}
