//! Evaluates the rules during a run.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{Instant, interval, timeout};

use super::evaluate::{Evaluation, evaluate};
use super::notifier::Notifier;
use crate::manifest::AlertSettings;
use crate::model::RunId;
use crate::record::{AlertChange, AlertState, Recorder, Records, json, run_id_field};

/// How often the rules are evaluated.
const INTERVAL: Duration = Duration::from_secs(5);
/// How long the last evaluation of a run may take.
const LAST_EVALUATION: Duration = Duration::from_secs(2);
/// How long the end of a run waits for alerts that are being sent.
const LAST_REQUESTS: Duration = Duration::from_secs(2);
/// How long an evaluation waits for that of another process.
const POLL: Duration = Duration::from_millis(50);

/// Evaluates the rules of a project until the run ends. Nothing of it can fail the
/// run.
pub(crate) struct AlertWatch {
    watch: Arc<RunWatch>,
    task: JoinHandle<()>,
}

struct RunWatch {
    records: Records,
    recorder: Recorder,
    run: RunId,
    project: String,
    settings: AlertSettings,
    notifier: Notifier,
}

impl AlertWatch {
    /// Starts to evaluate. Must be called inside a tokio runtime.
    pub(crate) fn start(
        recorder: &Recorder,
        run: &RunId,
        project: &str,
        settings: &AlertSettings,
    ) -> Self {
        let watch = Arc::new(RunWatch {
            records: recorder.records().of_project(project),
            recorder: recorder.clone(),
            run: run.clone(),
            project: project.to_owned(),
            settings: settings.clone(),
            notifier: Notifier::new(settings),
        });
        let task = tokio::spawn(repeat(Arc::clone(&watch)));
        Self { watch, task }
    }

    /// Evaluates once more, with the last outcomes, and waits a bounded time for
    /// alerts that are being sent. Returns warnings, a sentence each.
    pub(crate) async fn finish(self) -> Vec<String> {
        self.task.abort();
        let _ = self.task.await;
        let watch = self.watch;
        // An unreachable server is reported by the record.
        let _ = timeout(LAST_EVALUATION, watch.evaluate_last()).await;
        if !watch.notifier.flush(LAST_REQUESTS).await {
            let text = "the webhook did not answer in time; the log of alerts has the alert";
            return vec![text.to_owned()];
        }
        watch.notifier.take_failures()
    }
}

async fn repeat(watch: Arc<RunWatch>) {
    let mut due = interval(INTERVAL);
    due.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        // The first tick is at once.
        due.tick().await;
        let lag = watch.recorder.pending();
        if let Err(error) = watch.records.note_node(lag).await {
            tracing::debug!("the state of this machine was not recorded: {error}");
            continue;
        }
        watch.evaluate().await;
    }
}

impl RunWatch {
    async fn evaluate(&self) -> bool {
        let lag = self.recorder.pending();
        match evaluate(&self.records, &self.project, &self.settings, lag).await {
            Ok(Evaluation {
                changes,
                is_elsewhere,
            }) => {
                changes.iter().for_each(|change| self.tell(change));
                !is_elsewhere
            }
            Err(error) => {
                tracing::debug!("the alert rules were not evaluated: {error}");
                true
            }
        }
    }

    /// Evaluates once the record has all outcomes of this process. If another
    /// process evaluates, it may not have seen them.
    async fn evaluate_last(&self) {
        self.recorder.sync().await;
        let since = Instant::now();
        while !self.evaluate().await && since.elapsed() < LAST_EVALUATION {
            tokio::time::sleep(POLL).await;
        }
    }

    /// Publishes the change as an event of the run, and sends it.
    fn tell(&self, change: &AlertChange) {
        let kind = match change.state {
            AlertState::Raised => "alert:raised",
            AlertState::Resolved => "alert:resolved",
        };
        let fields = format!(
            "{},\"project\":{},\"name\":{},\"when\":{},\"value\":{}",
            run_id_field(&self.run),
            json(&change.project),
            json(&change.name),
            json(&change.when),
            json(&change.value)
        );
        self.recorder.announce(kind, fields);
        self.notifier.send(change);
    }
}
