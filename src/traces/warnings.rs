//! Tells at the start of a run what keeps traces from being exported.

use std::sync::{Mutex, PoisonError};

use crate::events::{Bus, Event, Subscriber};

/// Publishes warnings, once.
pub(super) struct TraceWarnings(Mutex<Vec<String>>);

impl TraceWarnings {
    pub(super) fn new(warnings: Vec<String>) -> Self {
        Self(Mutex::new(warnings))
    }
}

impl Subscriber for TraceWarnings {
    fn on_event(&self, event: &Event, bus: &Bus) {
        if let Event::RunReady(_) = event {
            let warnings = {
                let mut warnings = self.0.lock().unwrap_or_else(PoisonError::into_inner);
                std::mem::take(&mut *warnings)
            };
            for warning in warnings {
                bus.publish(Event::Warning(warning));
            }
        }
    }
}
