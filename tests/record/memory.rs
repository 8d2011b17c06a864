//! Tests of the record in memory, which other processes read from journals.

use std::path::Path;
use std::time::{Duration, SystemTime};

use tintype::internals::config::Config;
use tintype::internals::model::{Reason, Status, VisualTestRun};
use tintype::internals::record::{RecordConfig, Recorder, Records};

use super::support::{finished, run};
use super::{ten, wait_until_unlocked};

/// Without `REDIS_URL` and `PATH`.
fn settings(folder: &Path) -> RecordConfig {
    RecordConfig::new(folder, &Config::default()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_record_is_restored_from_journals() {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(folder.path());
    assert_eq!(
        settings.describe(),
        "record: memory (no redis-server on the PATH)"
    );
    let recorder = Recorder::open(settings.clone(), run("run-1"), 10, false).unwrap();
    ten(&recorder, "run-1").await;
    let report = recorder.finish(None).await;
    assert_eq!((report.pending, report.reason), (0, Some(Reason::Passed)));
    drop(recorder);
    let records = Records::open(&settings).await.unwrap();
    let run = records.run(&run("run-1").run_id).await.unwrap();
    assert_eq!((run.summary.passed, run.reason), (10, Some(Reason::Passed)));
}

/// Simulates a process that records snapshots of a run and is killed.
async fn record_and_die(settings: &RecordConfig, folder: &Path, planned: u64, stories: &[usize]) {
    let recorder = Recorder::open(settings.clone(), run("run-1"), planned, false);
    let recorder = recorder.unwrap();
    for n in stories {
        recorder.record(&finished(&run("run-1").run_id, *n, Status::Passed));
    }
    assert_eq!(read_run(settings).await.reason, None);
    drop(recorder);
    wait_until_unlocked(folder).await;
}

/// Reads the run from the journals, as another process does.
async fn read_run(settings: &RecordConfig) -> VisualTestRun {
    let records = Records::open(settings).await.unwrap();
    records.run(&run("run-1").run_id).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_ends_with_its_processes() {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(folder.path());
    record_and_die(&settings, folder.path(), 2, &[0]).await;
    let journal = std::fs::read_dir(folder.path().join("journal")).unwrap();
    let journal = journal.into_iter().next().unwrap().unwrap().path();
    let file = std::fs::File::open(journal).unwrap();
    file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1))
        .unwrap();
    let ended = read_run(&settings).await;
    assert_eq!(ended.reason, Some(Reason::Interrupted));
    assert_eq!(ended.end_time.as_deref(), Some("1970-01-01T00:00:01Z"));
    assert_eq!(ended.summary.passed, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_run_can_be_resumed() {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(folder.path());
    record_and_die(&settings, folder.path(), 2, &[0]).await;
    record_and_die(&settings, folder.path(), 1, &[1]).await;
    let ended = read_run(&settings).await;
    assert_eq!(
        (ended.summary.total, ended.reason),
        (2, Some(Reason::Passed))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shared_run_ends_with_the_last_of_its_processes() {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(folder.path());
    let run_id = run("run-1").run_id;
    let open = |_| Recorder::open(settings.clone(), run("run-1"), 1, true);
    let (one, two) = (open(1).unwrap(), open(2).unwrap());
    for (n, recorder) in [&one, &two].into_iter().enumerate() {
        recorder.record(&finished(&run_id, n, Status::Passed));
        assert_eq!(recorder.finish(None).await.pending, 0);
    }
    drop(one);
    // The second process has left the run, but is alive.
    assert_eq!(read_run(&settings).await.reason, None);
    drop(two);
    wait_until_unlocked(folder.path()).await;
    let ended = read_run(&settings).await;
    assert_eq!(
        (ended.summary.total, ended.reason),
        (2, Some(Reason::Passed))
    );
}
