//! Decides which stories may run, from the outcomes of those that they run after.
//!
//! The outcomes may be those of this process or of other machines on the run.

use std::collections::{BTreeSet, HashMap};

use crate::model::Status;
use crate::plan::Snapshot;

/// An outcome, as far as later stories depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DependencyOutcome {
    /// Stories after it may run.
    Passed,
    /// They are skipped.
    NotPassed(Status),
}

impl DependencyOutcome {
    /// The outcome of a snapshot. With `accepts_new`, a new one has become the
    /// baseline.
    pub(crate) fn of(status: Status, accepts_new: bool) -> Self {
        match status {
            Status::Passed | Status::Changed => Self::Passed,
            Status::New if accepts_new => Self::Passed,
            status => Self::NotPassed(status),
        }
    }
}

/// Whether a story may run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Readiness {
    /// All stories that it runs after have passed.
    Ready,
    /// Some of these snapshots have no outcome yet, by their index.
    Blocked(Vec<usize>),
    /// It is skipped, for this reason.
    Skipped(String),
}

/// The stories of a plan that run after others, and the outcomes of these.
/// Stories that are not in the plan, because a filter left them out, block
/// nothing.
#[derive(Debug, Default)]
pub(crate) struct Dependencies {
    /// For each story with dependencies, those that are in the plan.
    after: HashMap<String, Vec<String>>,
    /// The snapshots of each story that another one runs after.
    stories: HashMap<String, StoryOutcomes>,
    /// The story of each of these snapshots.
    story_of: HashMap<usize, String>,
}

/// The outcomes of the snapshots of a story, in all themes, viewports and
/// engines.
#[derive(Debug, Default)]
struct StoryOutcomes {
    open: BTreeSet<usize>,
    not_passed: HashMap<usize, Status>,
}

impl Dependencies {
    /// The dependencies between the snapshots of a plan.
    pub(crate) fn of(snapshots: &[Snapshot]) -> Self {
        let mut all = Self::default();
        let with_dependencies = snapshots.iter().filter(|s| !s.story.after.is_empty());
        for snapshot in with_dependencies {
            let after = snapshot.story.after.iter();
            let after = after.map(|dependency| dependency.story.clone());
            let id = &snapshot.story.id;
            all.after
                .entry(id.clone())
                .or_insert_with(|| after.collect());
        }
        let names = all.after.values().flatten().cloned();
        all.stories = names.map(|name| (name, StoryOutcomes::default())).collect();
        for (index, snapshot) in snapshots.iter().enumerate() {
            if let Some(story) = all.stories.get_mut(&snapshot.story.id) {
                story.open.insert(index);
                all.story_of.insert(index, snapshot.story.id.clone());
            }
        }
        all.stories.retain(|_, story| !story.open.is_empty());
        for after in all.after.values_mut() {
            after.retain(|name| all.stories.contains_key(name));
        }
        all
    }

    /// Notes the outcome of a snapshot, here or on another machine. A later
    /// outcome of the same snapshot replaces the earlier one. Returns whether
    /// stories run after this one.
    pub(crate) fn note(&mut self, index: usize, outcome: DependencyOutcome) -> bool {
        let story = self.story_of.get(&index);
        let Some(story) = story.and_then(|story| self.stories.get_mut(story)) else {
            return false;
        };
        story.open.remove(&index);
        match outcome {
            DependencyOutcome::Passed => drop(story.not_passed.remove(&index)),
            DependencyOutcome::NotPassed(status) => {
                story.not_passed.insert(index, status);
            }
        }
        true
    }

    /// Whether a story, by its id, may run now.
    pub(crate) fn readiness(&self, story: &str) -> Readiness {
        let mut open = Vec::new();
        for name in self.after.get(story).into_iter().flatten() {
            let Some(outcomes) = self.stories.get(name) else {
                continue;
            };
            if let Some(status) = outcomes.not_passed.values().max() {
                return Readiness::Skipped(reason(name, *status));
            }
            open.extend(&outcomes.open);
        }
        match open.is_empty() {
            true => Readiness::Ready,
            false => Readiness::Blocked(open),
        }
    }
}

/// `` after `login`, which failed ``
fn reason(story: &str, status: Status) -> String {
    let what = match status {
        Status::New => "is new and was not accepted",
        Status::Skipped => "was skipped",
        _ => "failed",
    };
    format!("after `{story}`, which {what}")
}

#[cfg(test)]
mod tests {
    use super::{Dependencies, DependencyOutcome, Readiness};
    use crate::config::Config;
    use crate::manifest::Manifest;
    use crate::model::Status;
    use crate::plan::{Plan, Snapshot};

    /// `login` in two themes, `cart` and `pay` after it, and `help`.
    fn snapshots() -> Vec<Snapshot> {
        let folder = tempfile::tempdir().unwrap();
        let text = r#"
[stories]
url = "http://127.0.0.1:1"
[themes]
light = {}
dark = {}
[[story]]
id = "pay"
path = "/pay"
themes = ["dark"]
after = ["cart", "login"]
[[story]]
id = "cart"
path = "/cart"
themes = ["dark"]
after = ["login"]
[[story]]
id = "login"
path = "/login"
[[story]]
id = "help"
path = "/help"
"#;
        let path = folder.path().join("stories.toml");
        let manifest = Manifest::parse(&path, text, &Config::default()).unwrap();
        Plan::from_manifest(&manifest).unwrap().snapshots
    }

    const PAY: usize = 0;
    const CART: usize = 1;
    const LOGIN: [usize; 2] = [2, 3];

    fn skipped(reason: &str) -> Readiness {
        Readiness::Skipped(reason.to_owned())
    }

    #[test]
    fn a_story_runs_when_every_snapshot_before_it_has_passed() {
        let mut all = Dependencies::of(&snapshots());
        assert_eq!(all.readiness("login"), Readiness::Ready);
        assert_eq!(all.readiness("help"), Readiness::Ready);
        assert_eq!(all.readiness("cart"), Readiness::Blocked(LOGIN.to_vec()));
        all.note(LOGIN[0], DependencyOutcome::of(Status::Passed, false));
        assert_eq!(all.readiness("cart"), Readiness::Blocked(vec![LOGIN[1]]));
        all.note(LOGIN[1], DependencyOutcome::of(Status::New, true));
        assert_eq!(all.readiness("cart"), Readiness::Ready);
        assert_eq!(all.readiness("pay"), Readiness::Blocked(vec![CART]));
        all.note(CART, DependencyOutcome::of(Status::Changed, false));
        all.note(PAY, DependencyOutcome::of(Status::Failed, false));
        assert_eq!(all.readiness("pay"), Readiness::Ready);
    }

    #[test]
    fn a_story_is_skipped_when_one_before_it_has_not_passed() {
        let mut all = Dependencies::of(&snapshots());
        all.note(LOGIN[0], DependencyOutcome::of(Status::Failed, true));
        let reason = skipped("after `login`, which failed");
        assert_eq!(all.readiness("cart"), reason);
        // The story before it is named that comes first in `after`.
        assert_eq!(all.readiness("pay"), reason);
        all.note(CART, DependencyOutcome::of(Status::Skipped, false));
        let of_cart = skipped("after `cart`, which was skipped");
        assert_eq!(all.readiness("pay"), of_cart);
        // A test runner may run it again.
        for index in LOGIN {
            all.note(index, DependencyOutcome::of(Status::Passed, false));
        }
        assert_eq!(all.readiness("cart"), Readiness::Ready);
        all.note(LOGIN[1], DependencyOutcome::of(Status::New, false));
        let of_new = skipped("after `login`, which is new and was not accepted");
        assert_eq!(all.readiness("cart"), of_new);
    }

    #[test]
    fn stories_that_a_filter_left_out_block_nothing() {
        let mut snapshots = snapshots();
        snapshots.retain(|snapshot| snapshot.story.id != "login");
        let all = Dependencies::of(&snapshots);
        assert_eq!(all.readiness("cart"), Readiness::Ready);
        assert_eq!(all.readiness("pay"), Readiness::Blocked(vec![CART]));
    }
}
