//! Selects the snapshots of a plan that will run.

use crate::config::Config;
use crate::plan::{Plan, Snapshot};

use super::arguments::Arguments;

/// The filters of the command line and of `TINTYPE_BROWSER`, with libtest's
/// meaning: a test is selected when its name contains any of the filters (or is
/// one of them, with `--exact`) and none of the `--skip` filters.
#[derive(Clone, Debug)]
pub(crate) struct Selection<'a> {
    arguments: &'a Arguments,
    config: &'a Config,
}

/// The selected part of a plan.
#[derive(Clone, Debug, Default)]
pub(crate) struct Selected {
    /// The selected snapshots, in the plan's order. [`Snapshot::skip`] has the
    /// reason of those that are ignored, and is cleared by `--ignored` and
    /// `--include-ignored`.
    pub snapshots: Vec<Snapshot>,
    /// The number of snapshots that a filter left out.
    pub filtered_out: usize,
}

impl Selected {
    /// The number of snapshots that will run.
    pub(crate) fn planned(&self) -> usize {
        self.snapshots.iter().filter(|s| s.skip.is_none()).count()
    }
}

impl<'a> Selection<'a> {
    /// A selection by these arguments and this config.
    pub(crate) fn new(arguments: &'a Arguments, config: &'a Config) -> Self {
        Self { arguments, config }
    }

    /// Applies the selection.
    pub(crate) fn apply(&self, plan: Plan) -> Selected {
        let all = plan.snapshots.len();
        let mut snapshots = plan.snapshots;
        if self.filters() {
            snapshots.retain(|snapshot| self.keeps(snapshot));
        }
        let wanted = self.arguments.ignored || self.arguments.include_ignored;
        // `--list` always tells which tests are ignored.
        if wanted && !self.arguments.list {
            for snapshot in &mut snapshots {
                snapshot.skip = None;
            }
        }
        Selected {
            filtered_out: all - snapshots.len(),
            snapshots,
        }
    }

    fn filters(&self) -> bool {
        let Arguments {
            filters,
            skip,
            ignored,
            ..
        } = self.arguments;
        let by_name = !filters.is_empty() || !skip.is_empty();
        by_name || *ignored || self.config.overrides.browsers.is_some()
    }

    fn keeps(&self, snapshot: &Snapshot) -> bool {
        let name = snapshot.identifier.test_name();
        let hit = |filter: &String| match self.arguments.exact {
            true => name == *filter,
            false => name.contains(filter.as_str()),
        };
        let filters = &self.arguments.filters;
        (filters.is_empty() || filters.iter().any(hit))
            && !self.arguments.skip.iter().any(hit)
            && (!self.arguments.ignored || snapshot.skip.is_some())
            && self.config.overrides.includes(snapshot.browser)
    }
}
