//! Lets the engines that show a story meet at its `sync` steps.

use std::collections::{BTreeSet, HashMap};
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::step_progress::StepProgress;
use crate::browser::StepBarrier;
use crate::model::PerformedStep;
use crate::plan::Snapshot;
use crate::record::coordination::Coordination;

/// How often an engine looks who has arrived.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// How long an engine waits for others whose sessions are still busy.
const START_LIMIT: Duration = Duration::from_secs(10 * 60);
/// The points at which an engine begins and ends a snapshot: no step can have
/// these names.
const BEGUN: &str = "<begun>";
const ENDED: &str = "<ended>";

/// The barriers of a run.
pub(crate) struct Barriers {
    /// Those of this process.
    local: Arc<dyn Coordination>,
    coordination: Arc<dyn Coordination>,
    /// The engines of each snapshot with a `sync` step, by [`Barriers::place`].
    engines: HashMap<String, BTreeSet<&'static str>>,
    /// What tells this run from an earlier one with the same id.
    round: String,
}

impl Barriers {
    /// The barriers of a plan. Snapshots that are skipped are not waited for.
    pub(crate) fn new(
        local: Arc<dyn Coordination>,
        coordination: Arc<dyn Coordination>,
        snapshots: &[Snapshot],
        round: String,
    ) -> Self {
        let mut engines: HashMap<String, BTreeSet<_>> = HashMap::new();
        let meets = |s: &&Snapshot| s.skip.is_none() && s.story.has_sync();
        for snapshot in snapshots.iter().filter(meets) {
            let all = engines.entry(place(snapshot)).or_default();
            all.insert(snapshot.browser.as_str());
        }
        Self {
            local,
            coordination,
            engines,
            round,
        }
    }

    /// Notes that an engine begins to load a snapshot's page: the others now wait
    /// no longer than the story's time.
    pub(super) async fn begin(&self, snapshot: &Snapshot) {
        self.note(snapshot, BEGUN).await;
    }

    /// Notes that an engine has ended a snapshot: it arrives nowhere any more.
    pub(crate) async fn end(&self, snapshot: &Snapshot) {
        self.note(snapshot, ENDED).await;
    }

    async fn note(&self, snapshot: &Snapshot, point: &str) {
        if self.engines(snapshot).len() > 1 {
            let (point, own) = (self.point(snapshot, point), snapshot.browser.as_str());
            // Without it, the others wait longer.
            let _ = self.local.arrive(&point, own).await;
            let _ = self.coordination.arrive(&point, own).await;
        }
    }

    /// The barrier at the steps of a snapshot.
    pub(super) fn of<'a>(&'a self, snapshot: &'a Snapshot) -> SnapshotBarrier<'a> {
        SnapshotBarrier {
            barriers: self,
            snapshot,
            progress: None,
        }
    }

    fn point(&self, snapshot: &Snapshot, name: &str) -> String {
        format!("{}:{}:{name}", place(snapshot), self.round)
    }

    /// The engines that meet at the steps of a snapshot.
    fn engines(&self, snapshot: &Snapshot) -> &BTreeSet<&'static str> {
        static NONE: BTreeSet<&str> = BTreeSet::new();
        self.engines.get(&place(snapshot)).unwrap_or(&NONE)
    }

    async fn meet(&self, snapshot: &Snapshot, name: &str) -> Result<(), String> {
        let point = self.point(snapshot, name);
        let limit = snapshot.story.capture.timeout;
        let arrived_at = Instant::now();
        // When the last engine has begun.
        let mut counts_from: Option<Instant> = None;
        loop {
            let look = self.look(snapshot, &point).await;
            if look.missing.is_empty() {
                return Ok(());
            }
            if !look.gone.is_empty() {
                let gone = look.gone.join(" and ");
                return Err(format!("{gone} ended before arriving at `{name}`"));
            }
            if look.has_begun {
                counts_from.get_or_insert_with(Instant::now);
            }
            let is_late = counts_from.is_some_and(|since| since.elapsed() >= limit);
            if is_late || arrived_at.elapsed() >= START_LIMIT {
                let (missing, seconds) = (look.missing.join(" and "), limit.as_secs_f32());
                return Err(format!(
                    "{missing} did not arrive at `{name}` within {seconds} s"
                ));
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    async fn look(&self, snapshot: &Snapshot, point: &str) -> BarrierLook {
        let (all, own) = (self.engines(snapshot), snapshot.browser.as_str());
        let here = self.local.arrive(point, own).await.unwrap_or_default();
        if all.iter().all(|engine| has(&here, engine)) {
            let (coordination, point) = (Arc::clone(&self.coordination), point.to_owned());
            tokio::spawn(async move { coordination.arrive(&point, own).await });
            return BarrierLook::default();
        }
        // The engines of this process can meet while the server is away.
        let elsewhere = self
            .coordination
            .arrive(point, own)
            .await
            .unwrap_or_default();
        let is_missing = |engine: &&&str| !has(&here, engine) && !has(&elsewhere, engine);
        let missing: Vec<_> = all.iter().filter(is_missing).copied().collect();
        if missing.is_empty() {
            return BarrierLook::default();
        }
        let ended = self.arrived(&self.point(snapshot, ENDED)).await;
        let begun = self.arrived(&self.point(snapshot, BEGUN)).await;
        let gone = missing.iter().filter(|engine| has(&ended, engine));
        BarrierLook {
            gone: gone.copied().collect(),
            has_begun: missing.iter().all(|engine| has(&begun, engine)),
            missing,
        }
    }

    /// Who has arrived at a point, here or elsewhere.
    async fn arrived(&self, point: &str) -> Vec<String> {
        let mut arrived = self.local.arrived(point).await.unwrap_or_default();
        arrived.extend(self.coordination.arrived(point).await.unwrap_or_default());
        arrived
    }
}

fn has(engines: &[String], engine: &str) -> bool {
    engines.iter().any(|name| name == engine)
}

/// Who has arrived at a point.
#[derive(Default)]
struct BarrierLook {
    /// The engines that have not.
    missing: Vec<&'static str>,
    /// Those of them that will not.
    gone: Vec<&'static str>,
    /// Whether all others of them have begun.
    has_begun: bool,
}

/// The barrier at the steps of a snapshot.
pub(super) struct SnapshotBarrier<'a> {
    barriers: &'a Barriers,
    snapshot: &'a Snapshot,
    /// Publishes the steps that have ended.
    pub(super) progress: Option<&'a StepProgress>,
}

impl StepBarrier for SnapshotBarrier<'_> {
    fn meet<'a>(
        &'a self,
        point: &'a str,
    ) -> Pin<Box<dyn Future<Output = Result<(), String>> + Send + 'a>> {
        Box::pin(self.barriers.meet(self.snapshot, point))
    }

    fn step_ended(&self, step: &PerformedStep, of: usize) {
        if let Some(progress) = self.progress {
            progress.publish(step, of);
        }
    }
}

/// What the snapshots that meet have in common: all but the engine.
fn place(snapshot: &Snapshot) -> String {
    let (story, theme) = (&snapshot.story.id, &snapshot.theme.name);
    let screen = snapshot.screen;
    format!("{story}:{theme}:{}@{}x", screen.viewport, screen.scale)
}
