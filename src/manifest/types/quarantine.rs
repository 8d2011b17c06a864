//! Snapshots that are in quarantine.

use jiff::civil::Date;

use super::snapshot_selector::SnapshotSelector;

/// An entry of `quarantine.toml`: snapshots whose failures do not fail the run
/// for a time.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Quarantine {
    /// The snapshots that it is about.
    pub snapshots: SnapshotSelector,
    /// The last day on which it holds, in UTC.
    pub until: Date,
    /// Why the snapshots are in quarantine.
    pub reason: String,
    /// The day on which it was set, in UTC.
    pub since: Option<Date>,
    /// The commit on which it was set.
    pub commit: Option<String>,
    /// The fingerprint of the only difference that it is about. Other failures of
    /// the snapshots fail the run.
    pub difference: Option<String>,
    /// The line of the entry in the file, from 1.
    pub line: usize,
}

impl Quarantine {
    /// Whether it still holds on a day.
    pub fn holds_on(&self, day: Date) -> bool {
        day <= self.until
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_holds_to_the_end_of_its_last_day() {
        let quarantine = Quarantine {
            snapshots: "button".parse().unwrap(),
            until: Date::constant(2026, 12, 31),
            reason: "issue 12".to_owned(),
            since: None,
            commit: None,
            difference: None,
            line: 1,
        };
        assert!(quarantine.holds_on(Date::constant(2026, 12, 31)));
        assert!(!quarantine.holds_on(Date::constant(2027, 1, 1)));
    }
}
