//! Runs that are removed at the end of other runs.

use std::collections::HashSet;
use std::path::Path;
use std::time::{Duration, Instant};

use tintype::internals::model::{Reason, RunId};
use tintype::internals::record::{
    CleanupRules, CleanupStatus, ExportedRun, RecordConfig, Recorder, Records, Retention,
};

use super::support::run;
use super::support::server::Server;
use super::{settings, ten};

/// Records a run of a project. One that does not end is open as long as its
/// recorder.
async fn record(
    settings: &RecordConfig,
    id: &str,
    project: &str,
    start: i64,
    ends: bool,
) -> Recorder {
    let mut run = run(id);
    run.project = Some(project.to_owned());
    run.timestamp = start;
    let recorder = Recorder::open(settings.clone(), run, 10, false).unwrap();
    ten(&recorder, id).await;
    if ends {
        recorder.finish(Some(Reason::Passed)).await;
    } else {
        recorder.sync().await;
    }
    recorder
}

async fn clean_up(
    records: &Records,
    archive: &Path,
    limit: Duration,
    kept: &HashSet<RunId>,
) -> CleanupStatus {
    let images = archive.join("images");
    let rules = || {
        Some(CleanupRules {
            retention: Retention {
                runs: Some(2),
                ..Retention::default()
            },
            kept,
            archive: Some(archive),
            images: &images,
            until: Instant::now() + limit,
        })
    };
    let status = records.clean_up(&RunId("run-9".to_owned()), rules).await;
    status.unwrap().unwrap()
}

async fn ids(records: &Records) -> Vec<String> {
    let runs = records.runs(100).await.unwrap();
    runs.into_iter().map(|run| run.run_id.0).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn old_runs_are_archived_and_removed_in_steps() {
    let (server, folder) = (Server::start(&[]), tempfile::tempdir().unwrap());
    let settings = settings(folder.path(), &server.url());
    // The first is open, the second one that of a standing baseline.
    let _open = record(&settings, "run-1", "shop", 1000, false).await;
    for n in 2..=6 {
        record(&settings, &format!("run-{n}"), "shop", 1000 * n, true).await;
    }
    record(&settings, "run-7", "blog", 500, true).await;
    let archive = tempfile::tempdir().unwrap();
    let records = Records::open(&settings).await.unwrap().of_project("shop");
    let kept = HashSet::from([RunId("run-2".to_owned())]);

    // Without time nothing is removed, and the next cleanup continues.
    let none = clean_up(&records, archive.path(), Duration::ZERO, &kept).await;
    assert_eq!((none.removed, none.finished), (0, false));
    assert_eq!(ids(&records).await.len(), 6);

    let minute = Duration::from_secs(60);
    let done = clean_up(&records, archive.path(), minute, &kept).await;
    assert_eq!((done.removed, done.finished, &done.error), (2, true, &None));
    assert_eq!(ids(&records).await, ["run-6", "run-5", "run-2", "run-1"]);
    assert_eq!(records.cleanup_status().await.unwrap(), Some(done));
    let text = std::fs::read_to_string(archive.path().join("run-3.ndjson")).unwrap();
    let archived = ExportedRun::from_ndjson(&text).unwrap();
    assert_eq!(archived[0].tests.len(), 10);
    // Histories keep the outcomes of removed runs.
    let history = records.history(&super::support::story(3)).await.unwrap();
    assert_eq!(history.len(), 6);
    // Other projects keep their runs, and archived ones can be imported.
    let blog = records.clone().of_project("blog");
    assert_eq!(ids(&blog).await, ["run-7"]);
    assert!(records.import(&archived[0]).await.unwrap());
    assert_eq!(ids(&records).await.len(), 5);
    assert_eq!(server.cli(&["HLEN", "tintype:cleanup"]), "1");
}
