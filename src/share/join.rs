//! Queues the plan of a run, or compares it with that of the run.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::estimates::estimate;
use super::plan::SharedPlan;
use crate::record::{PlanConflict, PlanOutcome, Recorder, SharedQueue};
use crate::redis::StoreError;

/// How long joining waits for the run, and then for the queue.
const JOIN_TIMEOUT: Duration = Duration::from_secs(15);
const JOIN_INTERVAL: Duration = Duration::from_millis(100);

/// Why a machine cannot join a run.
#[derive(Debug, thiserror::Error)]
pub enum JoinError {
    /// The server cannot be reached, or does not create the run.
    #[error("failed to join the shared run: {0}")]
    Unreachable(String),
    /// The plan differs from that of the run.
    #[error(
        "this machine cannot join the shared run, because its plan differs:\n  {}\n\
         help: start all machines with the same commit, manifest, filters and browsers, or \
         give them another TINTYPE_RUN_ID",
        differences.join("\n  ")
    )]
    Refused {
        /// The first differences.
        differences: Vec<String>,
    },
}

/// The state of a run when a worker joins it.
#[derive(Clone, Debug, Default)]
pub struct Joined {
    /// The other workers that take part.
    pub others: usize,
    /// The snapshots of the plan.
    pub total: usize,
    /// The snapshots that have no outcome yet.
    pub left: usize,
}

impl Joined {
    /// The state in one sentence.
    pub fn describe(&self, run: &str) -> String {
        let others = match self.others {
            0 => String::new(),
            1 => " with 1 other".to_owned(),
            others => format!(" with {others} others"),
        };
        format!(
            "joined run {run}{others}; {} of {} left",
            self.left, self.total
        )
    }
}

/// Joins a run, which the recorder creates: compares the plan with that of the run,
/// and queues it if no worker has.
///
/// # Errors
/// When the server cannot be reached, or has another plan.
pub async fn join(
    recorder: &Recorder,
    queue: &SharedQueue,
    plan: &SharedPlan,
) -> Result<Joined, JoinError> {
    let created = recorder.wait_joined(JOIN_TIMEOUT).await;
    created.map_err(|error| JoinError::Unreachable(error.to_string()))?;
    let mut deadline = Instant::now() + JOIN_TIMEOUT;
    loop {
        match try_to_join(queue, plan).await {
            Ok(Some(joined)) => return Ok(joined),
            // It goes on as long as the other worker does.
            Ok(None) => deadline = Instant::now() + JOIN_TIMEOUT,
            Err(JoinError::Unreachable(_)) if Instant::now() < deadline => {}
            Err(error) => return Err(error),
        }
        sleep(JOIN_INTERVAL).await;
    }
}

/// `None` while another worker queues the groups.
async fn try_to_join(queue: &SharedQueue, plan: &SharedPlan) -> Result<Option<Joined>, JoinError> {
    match queue_plan(queue, plan).await {
        Ok(PlanOutcome::Queued(_)) => {}
        Ok(PlanOutcome::Busy) => return Ok(None),
        Ok(PlanOutcome::Refused(conflict)) => {
            let differences = differences(queue, plan, conflict).await;
            return Err(JoinError::Refused { differences });
        }
        Ok(PlanOutcome::NoRun | PlanOutcome::Incomplete) => {
            return Err(JoinError::Unreachable(
                "the record has no such run".to_owned(),
            ));
        }
        Err(error) => return Err(unreachable(&error)),
    }
    let state = state(queue, plan).await;
    state.map(Some).map_err(|error| unreachable(&error))
}

fn unreachable(error: &StoreError) -> JoinError {
    JoinError::Unreachable(error.to_string())
}

async fn state(queue: &SharedQueue, plan: &SharedPlan) -> Result<Joined, StoreError> {
    let names: Vec<_> = plan.groups.iter().map(|group| group.name.clone()).collect();
    let progress = queue.progress(&names).await?;
    let left = progress.iter().flatten().map(|group| group.open.len());
    let others = queue.workers().await?;
    Ok(Joined {
        others: others
            .iter()
            .filter(|other| other.worker != queue.worker())
            .count(),
        total: plan.keys().count(),
        left: left.sum(),
    })
}

/// Compares the plan, and queues its groups if not all are queued.
pub(super) async fn queue_plan(
    queue: &SharedQueue,
    plan: &SharedPlan,
) -> Result<PlanOutcome, StoreError> {
    let digest = plan.digest.text();
    let compared = queue.plan(&digest, &plan.builds, &[]).await?;
    if compared != PlanOutcome::Incomplete || plan.groups.is_empty() {
        return Ok(compared);
    }
    let groups = estimate(queue, &plan.groups).await?;
    queue.plan(&digest, &plan.builds, &groups).await
}

async fn differences(
    queue: &SharedQueue,
    plan: &SharedPlan,
    conflict: PlanConflict,
) -> Vec<String> {
    match conflict {
        PlanConflict::Engine { engine, build } => {
            let own = plan.builds.iter().find(|(name, _)| *name == engine);
            let own = own.map_or("unknown", |(_, build)| build.as_str());
            vec![format!("{engine}: {own} here, {build} in the run")]
        }
        PlanConflict::Digest(text) => {
            let mut differences = plan.digest.differences(&text);
            if let Ok(planned) = queue.planned().await {
                differences.extend(plan.missing(&planned));
            }
            differences
        }
    }
}
