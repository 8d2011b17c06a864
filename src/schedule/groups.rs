//! Divides a plan into groups of snapshots that one page can show.

use crate::manifest::ColorScheme;
use crate::model::BrowserName;
use crate::plan::Snapshot;

/// Snapshots of one story in one browser, by their index in the plan: those
/// that one page can show one after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SnapshotGroup(pub(crate) Vec<usize>);

/// Snapshots with the same key can share a browser without restarting it: they
/// have the same engine and, for engines that take the look on their command
/// line, the same color scheme and scale.
type BrowserReuseKey = (BrowserName, Option<(Option<ColorScheme>, u64)>);

/// Groups the snapshots that are not finished, and sorts the groups so that a
/// session restarts its browser as rarely as possible. `needs_restart_for_theme` says
/// whether an engine gets color scheme and scale on its command line. Each
/// group is in [`serpentine_order`].
pub(super) fn by_browser(
    snapshots: &[Snapshot],
    is_finished: impl Fn(usize) -> bool,
    needs_restart_for_theme: impl Fn(BrowserName) -> bool,
) -> Vec<SnapshotGroup> {
    let open = (0..snapshots.len()).filter(|index| !is_finished(*index));
    let mut groups = in_plan_order(snapshots, open, &needs_restart_for_theme);
    groups.sort_by_key(|group| browser_reuse_key(&snapshots[group.0[0]], &needs_restart_for_theme));
    groups
}

/// Groups all snapshots, sorted by the names of their tests: the order in which
/// a test runner starts them.
pub(crate) fn by_test_name(
    snapshots: &[Snapshot],
    needs_restart_for_theme: impl Fn(BrowserName) -> bool,
) -> Vec<SnapshotGroup> {
    let mut groups = in_plan_order(snapshots, 0..snapshots.len(), needs_restart_for_theme);
    let name = |index: &usize| snapshots[*index].identifier.test_name();
    groups.sort_by_cached_key(|group| group.0.iter().map(name).min());
    groups
}

/// Groups these snapshots of a plan, which are in its order.
pub(crate) fn in_plan_order(
    snapshots: &[Snapshot],
    indices: impl IntoIterator<Item = usize>,
    needs_restart_for_theme: impl Fn(BrowserName) -> bool,
) -> Vec<SnapshotGroup> {
    let key = |snapshot: &Snapshot| browser_reuse_key(snapshot, &needs_restart_for_theme);
    let mut groups: Vec<SnapshotGroup> = Vec::new();
    let mut last: Option<&Snapshot> = None;
    for index in indices {
        let snapshot = &snapshots[index];
        let same = last
            .is_some_and(|last| last.story.id == snapshot.story.id && key(last) == key(snapshot));
        match groups.last_mut() {
            Some(group) if same => group.0.push(index),
            _ => groups.push(SnapshotGroup(vec![index])),
        }
        last = Some(snapshot);
    }
    for group in &mut groups {
        serpentine_order(&mut group.0, snapshots);
    }
    groups
}

fn browser_reuse_key(
    snapshot: &Snapshot,
    needs_restart_for_theme: impl Fn(BrowserName) -> bool,
) -> BrowserReuseKey {
    let look = (snapshot.theme.color_scheme, snapshot.screen.scale.to_bits());
    let browser = snapshot.browser;
    (browser, needs_restart_for_theme(browser).then_some(look))
}

/// Sorts the snapshots of a story so that as little as possible changes from
/// one to the next: screen by screen, since a new size costs more than a new
/// theme, and with the themes of every second screen in reverse.
fn serpentine_order(group: &mut [usize], snapshots: &[Snapshot]) {
    let screen = |index: &usize| {
        let screen = snapshots[*index].screen;
        (screen.viewport, screen.scale.to_bits())
    };
    group.sort_by_key(|index| (screen(index), *index));
    for (number, themes) in group
        .chunk_by_mut(|one, other| screen(one) == screen(other))
        .enumerate()
    {
        if number % 2 == 1 {
            themes.reverse();
        }
    }
}
