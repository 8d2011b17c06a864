//! A line for each worker of a shared run, below the progress bar.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use tintype::internals::escape::single_line;
use tintype::internals::model::RunId;
use tintype::internals::record::Records;
use tokio::time::sleep;

use super::view::WatchView;
use crate::commands::workers::one_line;
use crate::progress;

const INTERVAL: Duration = Duration::from_secs(1);
/// The most workers that are shown.
const MAX_SHOWN: usize = 20;

/// Shows the workers in a terminal. Never returns.
pub(super) async fn show(records: &Records, id: &RunId, view: &RefCell<WatchView>, json: bool) {
    let mut lines: BTreeMap<String, ProgressBar> = BTreeMap::new();
    if json || !progress::is_shown() {
        return std::future::pending().await;
    }
    loop {
        // An error is reported by the query of the events.
        if let Ok(shared) = records.shared_run(id).await {
            let view = view.borrow();
            lines.retain(|name, line| {
                let is_there = shared.workers.iter().any(|worker| worker.worker == *name);
                if !is_there {
                    line.finish_and_clear();
                }
                is_there
            });
            for worker in shared.workers.iter().take(MAX_SHOWN) {
                let line = lines.entry(worker.worker.clone());
                let line = line.or_insert_with(|| view.bars.add(line_below()));
                line.set_message(single_line(&one_line(worker)).into_owned());
                line.tick();
            }
        }
        sleep(INTERVAL).await;
    }
}

fn line_below() -> ProgressBar {
    let line = ProgressBar::no_length();
    match ProgressStyle::with_template("  {wide_msg}") {
        Ok(style) => line.with_style(style),
        Err(_) => line,
    }
}
