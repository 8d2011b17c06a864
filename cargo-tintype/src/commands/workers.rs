//! `cargo tintype workers`

use anyhow::{Result, bail};
use serde_json::json;
use tintype::internals::config::Config;
use tintype::internals::model::RunId;
use tintype::internals::record::{LaneStatus, SharedRun, WorkerCommand, WorkerStatus};

use super::runs;
use crate::output::{self, print_line};
use crate::record_access::RecordAccess;

/// Show the machines of a shared run, or pause, resume or cancel them
#[derive(clap::Args)]
pub(crate) struct WorkersOptions {
    /// Id of the run, a unique prefix of it, or `latest` [default: latest]
    #[arg(value_name = "RUN")]
    run: Option<String>,

    /// Let workers take no more work until --resume
    #[arg(long, group = "command")]
    pause: bool,

    /// Let paused workers go on
    #[arg(long, group = "command")]
    resume: bool,

    /// Stop workers; the run ends as interrupted
    #[arg(long, group = "command")]
    cancel: bool,

    /// Send the command to this worker only, instead of to the whole run
    #[arg(long, value_name = "NAME", requires = "command")]
    worker: Option<String>,

    /// Print a JSON object instead of a table
    #[arg(long)]
    json: bool,
}

impl WorkersOptions {
    fn command(&self) -> Option<WorkerCommand> {
        let choices = [
            (self.pause, WorkerCommand::Pause),
            (self.resume, WorkerCommand::Resume),
            (self.cancel, WorkerCommand::Cancel),
        ];
        let chosen = choices.into_iter().find(|(is_chosen, _)| *is_chosen);
        chosen.map(|(_, command)| command)
    }
}

pub(crate) fn run(config: &Config, options: &WorkersOptions) -> Result<()> {
    let record = RecordAccess::open(config)?;
    let id = record.run_id(options.run.as_deref())?;
    match options.command() {
        Some(command) => send(&record, &id, command, options),
        None => show(&record, &id, options.json),
    }
}

fn send(
    record: &RecordAccess,
    id: &RunId,
    command: WorkerCommand,
    options: &WorkersOptions,
) -> Result<()> {
    let records = &record.records;
    if let Some(reason) = record.wait(records.run(id))?.reason {
        bail!("the run {id} has ended: {reason}", reason = reason.as_str());
    }
    let reached = match &options.worker {
        None => record.wait(records.command_all(id, command))?,
        Some(worker) => {
            if !record.wait(records.command_worker(id, worker, command))? {
                bail!(
                    "the run {id} has no worker `{worker}` (help: list them with `cargo tintype \
                     workers {id}`)"
                );
            }
            vec![worker.clone()]
        }
    };
    if reached.is_empty() {
        bail!("the run {id} has no workers that take commands (help: set TINTYPE_SHARE=on)");
    }
    if options.json {
        let sent = json!({ "runId": id, "command": command, "workers": reached });
        return output::print_json(&sent);
    }
    print_line!("sent {} to {}", command.as_str(), reached.join(", "));
    Ok(())
}

fn show(record: &RecordAccess, id: &RunId, json: bool) -> Result<()> {
    let run = record.wait(record.records.run(id))?;
    let shared = record.wait(record.records.shared_run(id))?;
    if json {
        let mut object = json!(shared);
        object["runId"] = json!(id);
        return output::print_json(&object);
    }
    print_line!("{}", runs::line(&run));
    for line in table(&shared) {
        print_line!("{line}");
    }
    Ok(())
}

/// The workers as a table, then the open groups of each lane.
fn table(shared: &SharedRun) -> Vec<String> {
    if shared.workers.is_empty() && shared.groups == 0 {
        return vec!["no machines share this run (TINTYPE_SHARE=on does)".to_owned()];
    }
    let mut rows = vec![
        [
            "WORKER",
            "STATE",
            "SESSIONS",
            "ENGINES",
            "LAST SEEN",
            "TESTS",
        ]
        .map(str::to_owned),
    ];
    rows.extend(shared.workers.iter().map(row));
    let mut widths = [0; 5];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    let line = |row: &[String; 6]| {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(widths) {
            line += &format!("{cell:<width$}  ");
        }
        (line + &row[5]).trim_end().to_owned()
    };
    let mut lines: Vec<_> = rows.iter().map(line).collect();
    lines.extend(shared.lanes.iter().map(lane));
    lines
}

fn row(worker: &WorkerStatus) -> [String; 6] {
    let report = &worker.report;
    [
        worker.worker.clone(),
        worker.state().to_owned(),
        format!("{} of {}", report.running, report.sessions),
        report.engines.join(", "),
        format!("{} s ago", worker.silent_ms / 1_000),
        report.current_tests.join(", "),
    ]
}

fn lane(lane: &LaneStatus) -> String {
    let LaneStatus {
        lane,
        waiting,
        leased,
    } = lane;
    let left = waiting + leased;
    let groups = if left == 1 { "group" } else { "groups" };
    format!("{lane}: {left} {groups} left ({waiting} waiting, {leased} running)")
}

/// A worker in one line.
pub(crate) fn one_line(worker: &WorkerStatus) -> String {
    let report = &worker.report;
    let (running, sessions) = (report.running, report.sessions);
    let mut line = format!("{}  {}", worker.worker, worker.state());
    if worker.lost {
        line += &format!(", last seen {} s ago", worker.silent_ms / 1_000);
    } else {
        line += &format!(", {running} of {sessions} sessions");
    }
    if !report.current_tests.is_empty() {
        line += &format!(": {}", report.current_tests.join(", "));
    }
    line
}
