//! `cargo tintype cache stats`

use std::collections::BTreeMap;

use anyhow::Result;
use serde_json::{Value, json};
use tintype::internals::config::Config;
use tintype::internals::model::{CacheMissReason, RunId, Status, VisualTestResult};

use super::open::OpenCache;
use crate::output::{self, print_line};
use crate::record_access::RecordAccess;

/// Show the size of the cache, and the hits and misses of the latest runs
#[derive(clap::Args)]
pub(crate) struct CacheStatsOptions {
    /// Number of runs
    #[arg(long, value_name = "COUNT", default_value_t = 5)]
    runs: usize,

    /// Print a JSON object instead of lines
    #[arg(long)]
    json: bool,
}

/// How the snapshots of a run used the cache.
#[derive(Default)]
struct CacheUse {
    hits: u64,
    /// By reason; those of runs without the cache have none.
    misses: BTreeMap<Option<CacheMissReason>, u64>,
}

impl CacheUse {
    fn of(results: &[VisualTestResult]) -> Self {
        let mut used = Self::default();
        let ended =
            |it: &&VisualTestResult| !matches!(it.status, Status::Skipped | Status::Running);
        for result in results.iter().filter(ended) {
            if result.cached {
                used.hits += 1;
            } else {
                *used.misses.entry(result.cache_miss).or_default() += 1;
            }
        }
        used
    }

    fn total(&self) -> u64 {
        self.hits + self.misses.values().sum::<u64>()
    }

    fn json(&self, run: &RunId) -> Value {
        let misses = self
            .misses
            .iter()
            .map(|(reason, count)| (name(*reason), json!(count)));
        let misses: serde_json::Map<_, _> = misses
            .map(|(name, count)| (name.to_owned(), count))
            .collect();
        json!({ "run": run, "hits": self.hits, "misses": misses })
    }
}

fn name(reason: Option<CacheMissReason>) -> &'static str {
    reason.map_or("withoutCache", CacheMissReason::as_str)
}

pub(super) fn run(config: &Config, options: &CacheStatsOptions) -> Result<()> {
    let open = OpenCache::new(config)?;
    let disk = open.cache.disk_usage();
    let shared = open.wait(open.cache.shared_usage(&open.project.plan.snapshots));
    open.flush();
    let record = RecordAccess::open(config)?;
    let mut runs = Vec::new();
    for run in record.wait(record.records.runs(options.runs))? {
        let results = record.wait(record.records.tests(&run.run_id))?;
        runs.push((run.run_id, CacheUse::of(&results)));
    }
    if options.json {
        let shared = shared.map(|(server, usage)| {
            let usage = usage.map(
                |it| json!({ "snapshots": it.snapshots, "entries": it.entries, "bytes": it.bytes }),
            );
            json!({ "server": server, "usage": usage })
        });
        let runs: Vec<_> = runs.iter().map(|(run, used)| used.json(run)).collect();
        let disk = json!({ "stories": disk.stories, "entries": disk.entries, "bytes": disk.bytes });
        return output::print_json(&json!({
            "folder": open.project.shown(&open.folder),
            "disk": disk,
            "redis": shared,
            "runs": runs,
        }));
    }
    let folder = open.project.shown(&open.folder);
    print_line!(
        "{folder}: {} entries of {} stories, {} KiB",
        disk.entries,
        disk.stories,
        disk.bytes.div_ceil(1024)
    );
    match shared {
        None => print_line!("not shared with other machines (REDIS_URL is not set)"),
        Some((server, None)) => print_line!("{server}: unknown, it does not answer"),
        Some((server, Some(usage))) => print_line!(
            "{server}: {} entries of {} snapshots as they are now, {} KiB",
            usage.entries,
            usage.snapshots,
            usage.bytes.div_ceil(1024)
        ),
    }
    for (run, used) in &runs {
        print_line!("{run}: {}", line(used));
    }
    Ok(())
}

fn line(used: &CacheUse) -> String {
    let mut text = format!("{} of {} from the cache", used.hits, used.total());
    for (reason, count) in &used.misses {
        text += &match reason {
            Some(reason) => format!(", {count} captured ({reason})"),
            None => format!(", {count} captured without the cache"),
        };
    }
    text
}
