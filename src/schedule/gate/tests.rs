//! Tests of the gate, with the plan of a manifest.

use super::{Gate, GateAction, GateMode};
use crate::config::Config;
use crate::manifest::Manifest;
use crate::model::Status;
use crate::plan::{Plan, Snapshot};
use crate::schedule::{DependencyOutcome, SnapshotGroup};

const HEAD: &str = r#"
[stories]
url = "http://127.0.0.1:1"
[browser]
names = ["chromium", "firefox"]
"#;

fn plan(stories: &str) -> Vec<Snapshot> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("stories.toml");
    let text = format!("{HEAD}{stories}");
    let manifest = Manifest::parse(&path, &text, &Config::default()).unwrap();
    Plan::from_manifest(&manifest).unwrap().snapshots
}

fn gate(snapshots: &[Snapshot], sessions: usize) -> Gate {
    let mut gate = Gate::new(snapshots, |_| false, |_| false, GateMode::All);
    gate.set_sessions(sessions);
    gate
}

fn start(indices: &[usize]) -> GateAction {
    let groups = indices.iter().map(|index| SnapshotGroup(vec![*index]));
    GateAction::Start(groups.collect())
}

fn passed() -> DependencyOutcome {
    DependencyOutcome::of(Status::Passed, false)
}

/// The units that ask for a lock.
fn asking(actions: &[GateAction]) -> Vec<usize> {
    let units = actions.iter().map(|action| match action {
        GateAction::Acquire(unit, _) => *unit,
        other => panic!("{other:?}"),
    });
    units.collect()
}

const LOGIN: &str = r#"
[[story]]
id = "cart"
path = "/cart"
browsers = ["chromium"]
after = ["login"]
[[story]]
id = "login"
path = "/login"
"#;

#[test]
fn groups_start_when_the_stories_before_them_have_passed() {
    let mut gate = gate(&plan(LOGIN), 2);
    assert!(gate.has(0) && !gate.has(1) && gate.len() == 1);
    assert_eq!(gate.actions(), []);
    assert_eq!(gate.note(1, passed()), None);
    assert_eq!(gate.actions(), []);
    gate.note(2, passed());
    assert_eq!(gate.actions(), [start(&[0])]);
    assert!(!gate.is_pending() && !gate.has_ended());
    assert_eq!(gate.actions(), []);
    assert_eq!(gate.note(0, passed()), Some(0));
    assert!(gate.has_ended());
}

#[test]
fn groups_are_skipped_when_a_story_before_them_failed() {
    let mut gate = gate(&plan(LOGIN), 2);
    gate.note(2, DependencyOutcome::of(Status::Failed, false));
    let reason = "after `login`, which failed".to_owned();
    assert_eq!(gate.actions(), [GateAction::Skip(vec![0], reason)]);
    assert_eq!(gate.actions(), []);
    assert!(!gate.is_pending());
}

#[test]
fn no_more_groups_ask_for_a_lock_than_could_run() {
    let stories = ["a", "b", "c"].map(|id| {
        format!(
            "[[story]]\nid = \"{id}\"\npath = \"/{id}\"\nbrowsers = [\"chromium\"]\n\
             lock = {{ name = \"staging\", slots = 2 }}\n"
        )
    });
    let other =
        "[[story]]\nid = \"d\"\npath = \"/d\"\nbrowsers = [\"chromium\"]\nlock = \"till\"\n";
    let snapshots = plan(&format!("{}{other}", stories.concat()));
    // Two slots, but one session.
    assert_eq!(asking(&gate(&snapshots, 1).actions()), [0, 3]);
    let mut gate = gate(&snapshots, 8);
    assert_eq!(asking(&gate.actions()), [0, 1, 3]);
    assert_eq!(gate.granted(0), start(&[0]));
    assert_eq!(gate.actions(), []);
    assert_eq!(gate.note(0, passed()), Some(0));
    assert_eq!(asking(&gate.actions()), [2]);
    assert!(gate.is_pending());
    assert_eq!(gate.open(2), [2]);
}

const MEETINGS: &str = r#"
[[story]]
id = "one"
path = "/one"
steps = [{ sync = "paid" }]
[[story]]
id = "two"
path = "/two"
lock = "staging"
steps = [{ sync = "paid" }]
[[story]]
id = "alone"
path = "/alone"
browsers = ["firefox"]
steps = [{ sync = "paid" }]
"#;

/// Otherwise each of two stories could wait for the session of the other.
#[test]
fn stories_whose_engines_meet_run_one_at_a_time() {
    let snapshots = plan(MEETINGS);
    let mut gate = gate(&snapshots, 2);
    assert_eq!(gate.largest_meeting().len(), 2);
    // A story with one engine does not wait.
    let both = gate.actions();
    assert_eq!(both.len(), 2, "{both:?}");
    assert!(both.contains(&start(&[0, 1])) && both.contains(&start(&[4])));
    gate.note(0, passed());
    assert_eq!(gate.actions(), []);
    assert!(gate.note(1, passed()).is_some());
    // Its engines share one slot of the lock.
    let units = asking(&gate.actions());
    assert_eq!(gate.granted(units[0]), start(&[2, 3]));
}

#[test]
fn on_request_what_a_snapshot_waits_for_is_requested_too() {
    let snapshots = plan(&format!("{LOGIN}{MEETINGS}"));
    let mut gate = Gate::new(&snapshots, |_| false, |_| false, GateMode::OnRequest);
    assert_eq!(gate.actions(), []);
    assert_eq!(gate.request(0), [0_usize; 0]);
    assert_eq!(gate.actions(), [GateAction::Request(vec![1, 2])]);
    for login in [1, 2] {
        gate.note(login, passed());
    }
    assert_eq!(gate.actions(), [start(&[0])]);
    gate.note(0, passed());
    // The other engine of its story.
    assert_eq!(gate.request(4), [3]);
    assert_eq!(gate.request(3), [0_usize; 0]);
    assert_eq!(gate.actions(), [start(&[3, 4])]);
    gate.note(3, passed());
    gate.note(4, passed());
    // A retry by the test runner.
    assert_eq!(gate.request(4), [0_usize; 0]);
    assert_eq!(gate.actions(), [start(&[4])]);
}

/// A shared run: another machine has captured the story before.
#[test]
fn a_claimed_snapshot_waits_for_an_outcome_of_another_machine() {
    let snapshots = plan(LOGIN);
    let mut gate = Gate::new(&snapshots, |_| false, |_| false, GateMode::OnClaim);
    let cart = snapshots.iter().position(|s| s.story.id == "cart").unwrap();
    let logins = (0..snapshots.len()).filter(|index| *index != cart);
    assert_eq!(gate.actions(), []);
    gate.claim(&[cart]);
    assert_eq!(gate.actions(), [], "it waits, and requests nothing");
    for login in logins {
        gate.note(login, passed());
    }
    assert_eq!(gate.actions(), [start(&[cart])]);
    gate.note(cart, passed());
    gate.claim(&[cart]);
    assert_eq!(gate.actions(), [start(&[cart])], "it was lost meanwhile");
}
