//! Measures the queue of a run that several machines share, with workers that
//! sleep instead of capturing and a redis-server of its own:
//! `cargo bench --bench share`.
#![expect(clippy::print_stdout, reason = "a benchmark prints its numbers")]
#![expect(
    clippy::cast_precision_loss,
    reason = "rates and ratios are small and positive"
)]

#[path = "../tests/support/sleeper.rs"]
mod sleeper;
#[path = "../tests/support/mod.rs"]
mod support;

use std::time::{Duration, Instant};

use sleeper::{LANE, Work, plan, take_part};
use support::run;
use support::server::Server;
use tintype::internals::config::Config;
use tintype::internals::model::RunId;
use tintype::internals::record::{ClaimOutcome, ClaimRequest, RecordConfig, Recorder};
use tintype::internals::share::{ShareTiming, join};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

/// Snapshots of a group.
const GROUP: usize = 3;

fn settings(folder: &std::path::Path, url: &str) -> RecordConfig {
    let config = Config::from_variables([("REDIS_URL", url)]).unwrap();
    RecordConfig::new(folder, &config).unwrap()
}

fn work(sessions: usize, time: Duration) -> Work {
    Work {
        sessions,
        time,
        timing: ShareTiming::default(),
    }
}

/// The time of a run by `workers`, without joining.
async fn elapsed(url: &str, id: &str, workers: usize, groups: usize, work: Work) -> Duration {
    let folder = tempfile::tempdir().unwrap();
    let id = RunId(id.to_owned());
    let begun = Instant::now();
    let tasks: Vec<_> = (0..workers)
        .map(|number| {
            let config = settings(&folder.path().join(number.to_string()), url);
            let lanes = [LANE.to_owned()];
            let queue = config.shared_queue(&id, &format!("host-{number}:1"), &lanes);
            let planned = (groups * GROUP) as u64;
            let recorder = Recorder::open_shared(config, run(id.as_str()), planned).unwrap();
            let (id, plan) = (id.clone(), plan(groups, GROUP));
            tokio::spawn(take_part(queue.unwrap(), recorder, id, plan, work))
        })
        .collect();
    let mut recorded = 0;
    for task in tasks {
        recorded += task.await.unwrap().unwrap();
    }
    let twice = recorded - groups * GROUP;
    if twice > 0 {
        println!("{twice} snapshots were captured twice, as a worker lost its lease");
    }
    begun.elapsed()
}

/// Snapshots per second and worker, in relation to one worker alone.
async fn efficiency(url: &str) {
    let time = Duration::from_millis(10);
    let mut alone = 0.0;
    for workers in [1, 2, 4, 8, 64] {
        let groups = 200 * workers;
        let took = elapsed(
            url,
            &format!("workers-{workers}"),
            workers,
            groups,
            work(1, time),
        )
        .await;
        let rate = (groups * GROUP) as f64 / took.as_secs_f64() / workers as f64;
        if workers == 1 {
            alone = rate;
        }
        println!(
            "{workers} workers, 10 ms per snapshot: {:.0} snapshots/s, efficiency {:.2}",
            rate * workers as f64,
            rate / alone
        );
    }
}

/// The cost of a server that is 20 ms away.
async fn distance(server: &Server) {
    let far = delayed(server.port, Duration::from_millis(10)).await;
    for time in [10, 100] {
        let work = work(2, Duration::from_millis(time));
        // Thirty seconds, so that joining and leaving do not count for much.
        let groups = 30_000 / usize::try_from(time).unwrap() / GROUP * 2;
        let near = elapsed(&server.url(), &format!("near-{time}"), 1, groups, work).await;
        let away = elapsed(&far, &format!("far-{time}"), 1, groups, work).await;
        println!(
            "{time} ms per snapshot, server 20 ms away: {:.1} s beside {:.1} s, {:+.1} %",
            away.as_secs_f64(),
            near.as_secs_f64(),
            (away.as_secs_f64() / near.as_secs_f64() - 1.0) * 100.0
        );
    }
}

/// The address of a proxy that delays every byte in both directions.
async fn delayed(port: u16, delay: Duration) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((near, _)) = listener.accept().await {
            let far = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
            let _ = (near.set_nodelay(true), far.set_nodelay(true));
            let (near_read, near_write) = near.into_split();
            let (far_read, far_write) = far.into_split();
            tokio::spawn(forward(near_read, far_write, delay));
            tokio::spawn(forward(far_read, near_write, delay));
        }
    });
    format!("redis://{address}")
}

async fn forward(
    mut from: impl AsyncReadExt + Unpin,
    mut to: impl AsyncWriteExt + Unpin + Send + 'static,
    delay: Duration,
) {
    let (sender, mut receiver) = mpsc::unbounded_channel::<(Instant, Vec<u8>)>();
    tokio::spawn(async move {
        while let Some((due, bytes)) = receiver.recv().await {
            tokio::time::sleep_until(due.into()).await;
            if to.write_all(&bytes).await.is_err() {
                return;
            }
        }
    });
    let mut buffer = vec![0; 64 << 10];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        if sender
            .send((Instant::now() + delay, buffer[..read].to_vec()))
            .is_err()
        {
            return;
        }
    }
}

/// The time of a claim on loopback.
async fn claims(url: &str) {
    let folder = tempfile::tempdir().unwrap();
    let config = settings(folder.path(), url);
    let id = RunId("claims".to_owned());
    let lanes = [LANE.to_owned()];
    let queue = config.shared_queue(&id, "host:1", &lanes).unwrap();
    let recorder = Recorder::open_shared(config, run(id.as_str()), 0).unwrap();
    let plan = plan(10_000, GROUP);
    join(&recorder, &queue, &plan).await.unwrap();
    let mut times = Vec::new();
    for request in 0..5_000 {
        let begun = Instant::now();
        let request = ClaimRequest {
            id: &request.to_string(),
            lanes: &lanes,
            count: 1,
            takes_over: false,
        };
        let claimed = queue.claim(request).await.unwrap();
        times.push(begun.elapsed());
        assert!(matches!(claimed, ClaimOutcome::Leased { .. }));
    }
    recorder.finish(None).await;
    times.sort();
    println!(
        "claim: median {:?}, 99 % {:?}",
        times[times.len() / 2],
        times[times.len() * 99 / 100]
    );
}

/// Many machines, each snapshot of which takes a second.
async fn simulation(server: &Server, workers: usize, snapshots: usize) {
    server.cli(&["FLUSHALL"]);
    server.cli(&["CONFIG", "RESETSTAT"]);
    server.cli(&["CONFIG", "SET", "slowlog-log-slower-than", "1000"]);
    let before = memory(server);
    let groups = snapshots / GROUP;
    let work = work(1, Duration::from_secs(1));
    let took = elapsed(&server.url(), "simulation", workers, groups, work).await;
    let ideal = (groups * GROUP) as f64 / workers as f64;
    let scripts = server.cli(&["INFO", "commandstats"]);
    let scripts = scripts.lines().find(|line| line.contains("evalsha"));
    println!(
        "{workers} workers, {snapshots} snapshots of 1 s: {:.0} s, {:.2} of the ideal; {} MB in Redis",
        took.as_secs_f64(),
        ideal / took.as_secs_f64(),
        (memory(server) - before) >> 20
    );
    println!("  scripts: {}", scripts.unwrap_or_default().trim());
    let slow = server.cli(&["SLOWLOG", "GET", "128"]);
    let times = slow.lines().skip(2).step_by(1);
    let longest = times.filter_map(|line| line.trim().parse::<u64>().ok());
    let longest = longest.filter(|time| *time < 1_000_000).max();
    println!(
        "  commands of more than 1 ms: {}",
        server.cli(&["SLOWLOG", "LEN"]).trim()
    );
    println!("  longest: {:?} µs", longest.unwrap_or_default());
}

fn memory(server: &Server) -> usize {
    let info = server.cli(&["INFO", "memory"]);
    let line = info
        .lines()
        .find_map(|line| line.strip_prefix("used_memory:"));
    line.unwrap().trim().parse().unwrap()
}

fn main() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let server = Server::start(&["--maxclients", "5000"]);
    // Every worker has connections of its own: raise the limit with `ulimit -n 20000`.
    let snapshots = std::env::var("TINTYPE_BENCH_SNAPSHOTS").ok();
    let snapshots = snapshots.map_or(30_000, |text| text.parse().unwrap());
    let workers = std::env::var("TINTYPE_BENCH_WORKERS").ok();
    runtime.block_on(async {
        if let Some(workers) = workers {
            // Only the simulation.
            simulation(&server, workers.parse().unwrap(), snapshots).await;
            return;
        }
        claims(&server.url()).await;
        efficiency(&server.url()).await;
        distance(&server).await;
        simulation(&server, 1000, snapshots).await;
    });
}
