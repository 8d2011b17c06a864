//! Publishes the steps of a snapshot while they are performed.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::events::Bus;
use crate::model::{PerformedStep, RecordedEvent, VisualTestResult};
use crate::redact::redact;

/// The least time between two events of a snapshot.
const INTERVAL: Duration = Duration::from_millis(250);

/// Publishes the steps of a snapshot, at most four a second.
pub(crate) struct StepProgress {
    bus: Bus,
    /// The document of the snapshot, which is running.
    running: VisualTestResult,
    last: Mutex<Option<Instant>>,
}

impl StepProgress {
    pub(super) fn new(bus: Bus, running: VisualTestResult) -> Self {
        Self {
            bus,
            running,
            last: Mutex::new(None),
        }
    }

    /// Publishes a step that has ended, unless another one was just published.
    pub(super) fn publish(&self, step: &PerformedStep, of: usize) {
        {
            let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
            if last.is_some_and(|last| last.elapsed() < INTERVAL) {
                return;
            }
            *last = Some(Instant::now());
        }
        let step = json!({
            "number": step.number,
            "of": of,
            "kind": step.kind,
            "target": redact(&step.target),
            "status": step.status,
            "ms": step.ms,
        });
        let changes = json!({ "step": step });
        self.bus.publish(RecordedEvent::TestUpdated {
            result: Box::new(self.running.clone()),
            changes: changes.as_object().cloned().unwrap_or_default(),
        });
    }
}
