//! Lists the machines of recent runs, and what the windows of the record count.

use std::collections::{BTreeMap, BTreeSet};

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use serde_json::{Value, json};
use tintype::internals::model::{RunId, VisualTestResult, VisualTestRun, now_ms};
use tintype::internals::record::{MetricsWindow, NodeReport, WindowLength};

use super::error::ApiError;
use super::state::App;

/// How many runs are read.
const MAX_RUNS: usize = 10;

/// The runs that are read have about so many snapshots together at most.
const MAX_SNAPSHOTS: u64 = 20_000;

/// The time that windows of one minute and of five minutes show, in milliseconds.
const HOUR: i64 = 3_600_000;
const SIX_HOURS: i64 = 6 * HOUR;

/// A machine that took part in recent runs.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Machine {
    host: String,
    /// Its last report, if it is not older than five minutes.
    #[serde(skip_serializing_if = "Option::is_none")]
    report: Option<NodeReport>,
    /// The number of its processes in the runs.
    workers: usize,
    runs: usize,
    /// The number of its snapshots in the runs that were not taken from the cache.
    snapshots: u64,
    /// Snapshots per second of its last run that captured some.
    #[serde(skip_serializing_if = "Option::is_none")]
    per_second: Option<f64>,
    last_run: RunId,
    /// When it reported, or its last run ended or started, in milliseconds since the
    /// Unix epoch.
    last_seen: i64,
}

/// What a machine did in recent runs.
#[derive(Default)]
struct MachineWork {
    workers: BTreeSet<String>,
    runs: usize,
    snapshots: u64,
    per_second: Option<f64>,
    last: Option<(RunId, i64)>,
}

pub(super) async fn nodes(State(app): State<App>) -> Result<Json<Value>, ApiError> {
    let now = now_ms();
    let work = recent_work(&app, now).await?;
    let records = &app.source.records;
    let hosts: Vec<_> = work.keys().cloned().collect();
    let mut reports = records.nodes(&hosts).await?;
    let machines = work.into_iter().filter_map(|(host, work)| {
        let report = reports.iter().position(|report| report.host == host);
        let report = report.map(|index| reports.swap_remove(index));
        machine(host, work, report)
    });
    let mut machines: Vec<_> = machines.collect();
    machines.sort_by(|one, other| {
        let by_time = other.last_seen.cmp(&one.last_seen);
        by_time.then_with(|| one.host.cmp(&other.host))
    });
    let minutes = windows(&app, WindowLength::Minute, now, HOUR).await?;
    let five_minutes = windows(&app, WindowLength::FiveMinutes, now, SIX_HOURS).await?;
    Ok(Json(json!({
        "now": now,
        "machines": machines,
        "minutes": minutes,
        "fiveMinutes": five_minutes,
    })))
}

/// The work of each machine in the newest runs, by host.
async fn recent_work(app: &App, now: i64) -> Result<BTreeMap<String, MachineWork>, ApiError> {
    let mut machines: BTreeMap<String, MachineWork> = BTreeMap::new();
    let mut read = 0;
    for run in app.source.runs().await.runs.iter().take(MAX_RUNS) {
        if read > MAX_SNAPSHOTS {
            break;
        }
        read += run.summary.total;
        let (run, results) = app.source.run(&run.run_id).await?;
        for (host, results) in by_host(&results) {
            machines.entry(host).or_default().add(&run, &results, now);
        }
    }
    Ok(machines)
}

fn by_host(results: &[VisualTestResult]) -> BTreeMap<String, Vec<&VisualTestResult>> {
    let mut hosts: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for result in results {
        if let Some(worker) = &result.worker {
            // A name is `{host}:{pid}`, with a suffix in shared runs.
            let host = worker
                .rsplit_once(':')
                .map_or(worker.as_str(), |(host, _)| host);
            hosts.entry(host.to_owned()).or_default().push(result);
        }
    }
    hosts
}

impl MachineWork {
    /// Adds a run; newer runs come first.
    fn add(&mut self, run: &VisualTestRun, results: &[&VisualTestResult], now: i64) {
        let workers = results.iter().filter_map(|result| result.worker.clone());
        self.workers.extend(workers);
        self.runs += 1;
        let captured = results.iter().filter(|result| result.capture_ms.is_some());
        let captured = captured.count() as u64;
        self.snapshots += captured;
        let until_now = u64::try_from(now - run.timestamp).unwrap_or(0);
        let ms = run.duration.unwrap_or(until_now);
        if self.per_second.is_none() && captured > 0 && ms > 0 {
            #[expect(clippy::cast_precision_loss, reason = "a rate is shown rounded")]
            let rate = captured as f64 * 1000.0 / ms as f64;
            self.per_second = Some(rate);
        }
        self.last.get_or_insert_with(|| {
            let lasted = run.duration.map_or(0, |ms| i64::try_from(ms).unwrap_or(0));
            (run.run_id.clone(), run.timestamp.saturating_add(lasted))
        });
    }
}

fn machine(host: String, work: MachineWork, report: Option<NodeReport>) -> Option<Machine> {
    let (last_run, ended) = work.last?;
    Some(Machine {
        last_seen: report
            .as_ref()
            .map_or(ended, |report| report.last_seen.max(ended)),
        host,
        report,
        workers: work.workers.len(),
        runs: work.runs,
        snapshots: work.snapshots,
        per_second: work.per_second,
        last_run,
    })
}

/// The windows of the last `time` milliseconds, oldest first, also the empty ones.
async fn windows(
    app: &App,
    length: WindowLength,
    now: i64,
    time: i64,
) -> Result<Vec<Value>, ApiError> {
    let last = length.start(now);
    let first = last - time + length.ms();
    let found = app.source.records.windows(length, first, last).await?;
    let starts = (0..time / length.ms()).map(|number| first + number * length.ms());
    let shown = starts.map(|start| {
        let window = found.iter().find(|window| window.start == start);
        window.map_or_else(|| json!({ "start": start, "outcomes": 0 }), window_document)
    });
    Ok(shown.collect())
}

fn window_document(window: &MetricsWindow) -> Value {
    let MetricsWindow {
        start,
        counts,
        gauges,
    } = window;
    json!({
        "start": start,
        "outcomes": counts.compared(),
        "failed": counts.failed,
        "flaky": counts.flaky,
        "medianMs": counts.quantile(0.5),
        "journalLag": gauges.map(|gauges| gauges.journal_lag),
    })
}

#[cfg(test)]
mod tests {
    use tintype::internals::model::{Environment, Status};

    use super::*;

    fn run(id: &str, start: i64, duration: Option<u64>) -> VisualTestRun {
        let mut run = VisualTestRun::start(RunId(id.to_owned()), Environment::default());
        (run.timestamp, run.duration) = (start, duration);
        run
    }

    fn result(worker: &str, is_captured: bool) -> VisualTestResult {
        let (run, story) = (RunId("run-1".to_owned()), "a::light::1x1".parse().unwrap());
        let mut result = VisualTestResult::new(run, story, Status::Passed);
        result.worker = Some(worker.to_owned());
        result.capture_ms = is_captured.then_some(1);
        result
    }

    #[test]
    fn the_work_of_a_machine_is_that_of_its_processes() {
        let results = [
            result("ci-1:7", true),
            result("ci-1:8-abc", true),
            result("ci-1:8-abc", false),
            result("ci-2:7", true),
        ];
        let hosts = by_host(&results);
        assert_eq!(Vec::from_iter(hosts.keys()), ["ci-1", "ci-2"]);
        let mut work = MachineWork::default();
        work.add(&run("run-2", 10_000, None), &[], 10_000);
        work.add(&run("run-1", 1_000, Some(4_000)), &hosts["ci-1"], 20_000);
        let shown = machine("ci-1".to_owned(), work, None).unwrap();
        assert_eq!((shown.workers, shown.runs, shown.snapshots), (2, 2, 2));
        assert_eq!(shown.per_second, Some(0.5));
        assert_eq!(
            (shown.last_run.as_str(), shown.last_seen),
            ("run-2", 10_000)
        );
    }
}
