//! The windows and alerts of the record in memory.

use std::collections::BTreeMap;

use crate::model::now_ms;
use crate::record::alert_log::{ALERTS_LENGTH, AlertChange, AlertEntry, AlertState};
use crate::record::windows::{MetricsWindow, OutcomeCounts, OutcomeSample, WindowLength};

/// The windows and alerts of the record.
#[derive(Debug, Default)]
pub(super) struct MemoryMetrics {
    /// By length, start and project.
    windows: BTreeMap<(WindowLength, i64), BTreeMap<String, OutcomeCounts>>,
    pub(super) alerts: Vec<AlertEntry>,
    /// How many entries the log of alerts has had.
    entries: u64,
}

impl MemoryMetrics {
    /// Counts an outcome. The caller applies each operation once.
    pub(super) fn count(&mut self, sample: &OutcomeSample) {
        let now = now_ms();
        self.windows
            .retain(|(length, start), _| length.expiry(*start) > now);
        for length in WindowLength::ALL {
            let start = length.start(sample.at);
            if length.expiry(start) > now {
                let window = self.windows.entry((length, start)).or_default();
                let counts = window.entry(sample.project.clone()).or_default();
                counts.add(sample);
            }
        }
    }

    /// The windows of a project that start between two times, both inclusive.
    pub(super) fn of(
        &self,
        project: &str,
        length: WindowLength,
        from: i64,
        to: i64,
    ) -> Vec<MetricsWindow> {
        if from > to {
            return Vec::new();
        }
        let windows = self.windows.range((length, from)..=(length, to));
        let windows = windows.filter_map(|((_, start), projects)| {
            Some(MetricsWindow {
                start: *start,
                counts: projects.get(project)?.clone(),
                gauges: None,
            })
        });
        windows.collect()
    }

    /// Changes an alert; false if it has this state, or a newer one.
    pub(super) fn change(&mut self, change: &AlertChange) -> bool {
        let mut entries = self.alerts.iter().rev();
        let before = entries.find(|entry| entry.change.is_of_same_alert(change));
        let state = before.map_or(AlertState::Resolved, |before| before.change.state);
        if state == change.state || before.is_some_and(|before| before.change.at > change.at) {
            return false;
        }
        self.entries += 1;
        self.alerts.push(AlertEntry {
            id: format!("{}-{}", change.at, self.entries),
            change: change.clone(),
        });
        self.trim();
        true
    }

    /// Removes the oldest entries. An alert that is raised keeps its entry.
    fn trim(&mut self) {
        let mut surplus = self.alerts.len().saturating_sub(ALERTS_LENGTH);
        let mut at = 0;
        while surplus > 0 && at < self.alerts.len() {
            let change = &self.alerts[at].change;
            let mut later = self.alerts[at + 1..].iter();
            let is_last = !later.any(|later| later.change.is_of_same_alert(change));
            if is_last && change.state == AlertState::Raised {
                at += 1;
            } else {
                self.alerts.remove(at);
                surplus -= 1;
            }
        }
    }
}
