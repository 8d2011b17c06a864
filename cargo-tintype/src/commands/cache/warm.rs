//! `cargo tintype cache warm`

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use serde_json::json;
use tintype::internals::config::Config;

use super::open::OpenCache;
use crate::output::{self, print_line};

/// Fetch what the next run needs from the cache in Redis, and show what it will capture
///
/// Reads every file once, so that the run finds it in memory, and keeps the entries
/// of other machines on this one. Entries that are damaged or forged are named and
/// not used.
#[derive(clap::Args)]
pub(crate) struct CacheWarmOptions {
    /// Print a JSON object instead of lines
    #[arg(long)]
    json: bool,
}

pub(super) fn run(config: &Config, options: &CacheWarmOptions) -> Result<()> {
    let open = OpenCache::new(config)?;
    if let Some(reason) = open.disabled_reason() {
        bail!("the next run does not use the cache: {reason}");
    }
    let snapshots = &open.project.plan.snapshots;
    let forecast = open.forecast(snapshots);
    let fetched = open.cache.fetched();
    let warnings = open.flush();
    let planned = snapshots.iter().filter(|it| it.skip.is_none()).count();
    let hits = forecast.hits.iter().flatten().count();
    let mut captured: BTreeMap<_, Vec<String>> = BTreeMap::new();
    for (snapshot, miss) in snapshots.iter().zip(&forecast.misses) {
        if let Some(miss) = miss {
            let names = captured.entry(miss.reason).or_default();
            names.push(snapshot.identifier.test_name());
        }
    }
    if options.json {
        let captured: BTreeMap<_, _> = captured
            .iter()
            .map(|(reason, names)| (reason.as_str(), names))
            .collect();
        return output::print_json(&json!({
            "snapshots": planned,
            "hits": hits,
            "fetched": fetched,
            "captured": captured,
            "warnings": warnings,
        }));
    }
    print_line!(
        "{hits} of {planned} snapshots pass from the cache, {fetched} of them fetched from Redis"
    );
    for (reason, names) in &captured {
        print_line!(
            "{} will be captured ({reason}): {}",
            names.len(),
            shown(names)
        );
    }
    if !captured.is_empty() {
        print_line!("help: `cargo tintype cache why STORY` names what changed");
    }
    Ok(())
}

/// The first names of a list.
fn shown(names: &[String]) -> String {
    const SHOWN: usize = 5;
    let first = names.iter().take(SHOWN).map(String::as_str);
    let first = first.collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(SHOWN) {
        0 => first,
        rest => format!("{first} and {rest} more"),
    }
}
