//! Measures cost and throughput of the record with its own redis-server:
//! `cargo bench --bench record`.
#![expect(clippy::print_stdout, reason = "a benchmark prints its numbers")]

#[path = "../tests/support/mod.rs"]
mod support;

use std::time::{Duration, Instant};

use support::proxy::Proxy;
use support::server::Server;
use support::{finished, result, run, started, story};
use tintype::internals::config::Config;
use tintype::internals::model::{Git, ImageHashes, RecordedEvent, RunId, Status};
use tintype::internals::record::{RecordConfig, Recorder, Records};

const SNAPSHOTS: usize = 100_000;

fn settings(folder: &std::path::Path, url: &str) -> RecordConfig {
    let config = Config::from_variables([("REDIS_URL", url)]).unwrap();
    RecordConfig::new(folder, &config).unwrap()
}

fn per_second(count: usize, took: Duration) -> u64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        clippy::cast_sign_loss,
        reason = "rates are small and positive"
    )]
    let rate = (count as f64 / took.as_secs_f64()) as u64;
    rate
}

/// Measures the time per event on the caller's thread.
async fn cost(url: &str) {
    let folder = tempfile::tempdir().unwrap();
    let id = RunId("bench-cost".to_owned());
    let recorder = Recorder::open(settings(folder.path(), url), run(id.as_str()), 0, false);
    let recorder = recorder.unwrap();
    let mut times = Vec::with_capacity(20_000);
    for n in 0..20_000 {
        let event = finished(&id, n, Status::Passed);
        let begun = Instant::now();
        recorder.record(&event);
        times.push(begun.elapsed());
        if n % 50 == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    recorder.finish(None).await;
    times.sort();
    let at = |share: usize| times[times.len() * share / 1000];
    println!(
        "record(): median {:?}, 99 % {:?}, worst {:?}",
        at(500),
        at(990),
        at(999)
    );
}

/// Measures the throughput of one writer.
async fn throughput(server: &Server) {
    let folder = tempfile::tempdir().unwrap();
    let id = RunId("bench-commits".to_owned());
    let settings = settings(folder.path(), &server.url());
    let recorder = Recorder::open(settings, run(id.as_str()), 0, false).unwrap();
    let begun = Instant::now();
    for n in 0..SNAPSHOTS {
        recorder.record(&finished(&id, n, Status::Passed));
    }
    let journaled = begun.elapsed();
    while recorder.finish(None).await.pending > 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    println!("journal: {} appends/s", per_second(SNAPSHOTS, journaled));
    println!(
        "commits: {}/s by one writer",
        per_second(SNAPSHOTS, begun.elapsed())
    );
}

/// Measures how fast a server that was unreachable catches up.
async fn catch_up(server: &mut Server) {
    let folder = tempfile::tempdir().unwrap();
    let id = RunId("bench-catch-up".to_owned());
    let settings = settings(folder.path(), &server.url());
    server.kill();
    let recorder = Recorder::open(settings.clone(), run(id.as_str()), 0, false).unwrap();
    let begun = Instant::now();
    let mut count = 0;
    for n in 0..SNAPSHOTS / 3 {
        for event in [
            started(&id, n),
            updated(&id, n),
            finished(&id, n, Status::Passed),
        ] {
            recorder.record(&event);
            count += 1;
        }
    }
    println!(
        "journal while the server is down: {} appends/s",
        per_second(count, begun.elapsed())
    );
    let begun = Instant::now();
    let report = recorder.finish(None).await;
    println!(
        "end of a process while the server is down: {:?}, {} pending",
        begun.elapsed(),
        report.pending
    );
    drop(recorder);
    tokio::time::sleep(Duration::from_millis(50)).await;
    server.restart();
    let records = Records::open(&settings).await.unwrap();
    let begun = Instant::now();
    let adopted = records.flush().await;
    println!(
        "catch-up: {}/s",
        per_second(usize::try_from(adopted.sent).unwrap(), begun.elapsed())
    );
}

fn updated(id: &RunId, n: usize) -> RecordedEvent {
    let RecordedEvent::TestStarted(result) = started(id, n) else {
        unreachable!("`finished` creates this event")
    };
    let changes = serde_json::Map::from_iter([("step".to_owned(), "capture".into())]);
    RecordedEvent::TestUpdated { result, changes }
}

/// Measures the Redis memory of a run of 100,000 snapshots with three events
/// each.
async fn memory(server: &Server) {
    server.cli(&["FLUSHALL"]);
    let used = || {
        let info = server.cli(&["INFO", "memory"]);
        let line = info
            .lines()
            .find_map(|l| l.strip_prefix("used_memory:"))
            .unwrap();
        line.trim().parse::<usize>().unwrap()
    };
    let before = used();
    let folder = tempfile::tempdir().unwrap();
    let id = RunId("run-0198f0c2-1234-7abc-8def-0123456789ab".to_owned());
    let settings = settings(folder.path(), &server.url());
    let recorder = Recorder::open(settings, run(id.as_str()), 0, false).unwrap();
    for n in 0..SNAPSHOTS {
        recorder.record(&started(&id, n));
        recorder.record(&updated(&id, n));
        recorder.record(&finished(&id, n, Status::Passed));
    }
    while recorder.finish(None).await.pending > 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let bytes = used() - before;
    println!(
        "memory: {} MB, {} bytes per snapshot with three events",
        bytes >> 20,
        bytes / SNAPSHOTS
    );
    for key in ["control", "events"] {
        let usage = server.cli(&[
            "MEMORY",
            "USAGE",
            &format!("tintype:{id}:{key}"),
            "SAMPLES",
            "100",
        ]);
        println!("  of which {key}: {usage} bytes");
    }
}

/// Measures the Redis memory of full histories: 100 outcomes of each snapshot, as a
/// checkout with commit, browser and baseline has them.
async fn histories(server: &Server) {
    const RUNS: usize = 100;
    const STORIES: usize = 100;
    server.cli(&["FLUSHALL"]);
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(folder.path(), &server.url());
    for number in 0..RUNS {
        let mut run = run(&format!("run-0198f0c2-1234-7abc-8def-{number:012}"));
        run.project = Some("shop".to_owned());
        run.environment.git = Some(Git {
            commit: format!("{number:040x}"),
            branch: Some("main".to_owned()),
            ..Git::default()
        });
        let id = run.run_id.clone();
        let recorder = Recorder::open(settings.clone(), run, 0, false).unwrap();
        for n in 0..STORIES {
            let mut ended = result(&id, story(n), Status::Passed);
            ended.browser = Some("chromium 156.0.8078.79".to_owned());
            ended.sha256 = Some(ImageHashes {
                baseline: Some("0123456789abcdef".repeat(4)),
                ..ImageHashes::default()
            });
            recorder.record(&RecordedEvent::TestFinished(Box::new(ended)));
        }
        while recorder.finish(None).await.pending > 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    let usage = |part: &str| -> usize {
        let bytes = (0..STORIES).map(|n| {
            let key = format!("tintype:project:shop:story:{}:{part}", story(n).key());
            let usage = server.cli(&["MEMORY", "USAGE", &key, "SAMPLES", "0"]);
            usage.trim().parse::<usize>().unwrap()
        });
        bytes.sum::<usize>() / STORIES
    };
    let (history, stats) = (usage("history"), usage("stats"));
    println!(
        "history: {} bytes per outcome; {history} bytes of 100 outcomes and {stats} of statistics \
         per snapshot",
        history / RUNS
    );
}

/// Measures how soon a half-open connection is detected.
async fn half_open(server: &Server) {
    let mut times = Vec::new();
    for round in 0..5 {
        let folder = tempfile::tempdir().unwrap();
        let proxy = Proxy::start(server.port);
        let url = format!("redis://127.0.0.1:{}", proxy.port);
        let id = RunId(format!("bench-half-open-{round}"));
        let recorder = Recorder::open(settings(folder.path(), &url), run(id.as_str()), 0, false);
        let recorder = recorder.unwrap();
        recorder.record(&started(&id, 0));
        // At a varying time between two heartbeats.
        tokio::time::sleep(Duration::from_millis(1000 + 230 * round)).await;
        let before = proxy.taken();
        proxy.hold();
        let begun = Instant::now();
        while proxy.taken() == before {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        times.push(begun.elapsed());
        drop(recorder);
    }
    println!("half-open connection: detected after {times:.2?}");
}

fn main() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut server = Server::start(&[]);
    runtime.block_on(async {
        cost(&server.url()).await;
        throughput(&server).await;
        catch_up(&mut server).await;
        memory(&server).await;
        histories(&server).await;
        half_open(&server).await;
    });
}
