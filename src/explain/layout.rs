//! Finds the change that pushed each element which moved or got another size.

use super::changes::{Change, ChangedElement, Changes, Effect};
use super::digest::LayoutDigest;
use super::matching::Matching;
use crate::model::CauseKind;

/// The least distance that counts, in pixels.
const LEAST: f64 = 0.05;

/// Properties that place an element among others.
const PLACING: [&str; 22] = [
    "margin-top",
    "margin-right",
    "margin-bottom",
    "margin-left",
    "top",
    "right",
    "bottom",
    "left",
    "position",
    "float",
    "transform",
    "translate",
    "rotate",
    "scale",
    "zoom",
    "order",
    "align-self",
    "justify-self",
    "vertical-align",
    "display",
    "grid-column-start",
    "grid-row-start",
];

/// Why elements of the current page have another box than in the baseline.
#[derive(Debug)]
pub(super) struct Pushes {
    /// The change that gave an element another size.
    pub(super) size: Vec<Option<usize>>,
    /// The change that moved it.
    pub(super) place: Vec<Option<usize>>,
    /// The change that reflows its text, although its box is the same.
    pub(super) reflow: Vec<Option<usize>>,
}

/// Left, top, right and bottom of a box now, less those in the baseline.
fn delta(old: [f64; 4], new: [f64; 4]) -> [f64; 4] {
    let right = |area: [f64; 4]| area[0] + area[2];
    let bottom = |area: [f64; 4]| area[1] + area[3];
    [
        new[0] - old[0],
        new[1] - old[1],
        right(new) - right(old),
        bottom(new) - bottom(old),
    ]
}

fn is_zero(distance: f64) -> bool {
    distance.abs() < LEAST
}

/// Finds the change behind every other box. Changes without a known origin are
/// added: a used value, or `moved`.
pub(super) fn pushes(
    baseline: &LayoutDigest,
    current: &LayoutDigest,
    matching: &Matching,
    changes: &mut Changes,
) -> Pushes {
    let count = current.elements.len();
    let mut layout = LayoutSearch {
        baseline,
        current,
        matching,
        children: children_with_gaps(baseline, current, matching, changes),
        only: only_layout_change(changes),
        changes,
        pushes: Pushes {
            size: vec![None; count],
            place: vec![None; count],
            reflow: vec![None; count],
        },
    };
    for index in 0..count {
        layout.adopt_used_of_pseudo(index);
    }
    for index in (0..count).rev() {
        layout.find_size_inside(index);
    }
    for index in 0..count {
        layout.find_size_outside(index);
        layout.find_place(index);
        layout.find_reflow(index);
    }
    layout.pushes
}

/// A child of an element, or the place of a removed one.
#[derive(Clone, Copy, Debug)]
enum Child {
    Present(usize),
    /// A new element or the place of one that is gone, with its change.
    Pushing(usize),
}

struct LayoutSearch<'a> {
    baseline: &'a LayoutDigest,
    current: &'a LayoutDigest,
    matching: &'a Matching,
    children: Vec<Vec<Child>>,
    /// The only change that can move boxes, if there is just one.
    only: Option<usize>,
    changes: &'a mut Changes,
    pushes: Pushes,
}

impl LayoutSearch<'_> {
    fn delta(&self, index: usize) -> Option<[f64; 4]> {
        let old = self.matching.to_baseline[index]?;
        let (old, new) = (&self.baseline.elements[old], &self.current.elements[index]);
        Some(delta(old.area, new.area))
    }

    fn is_resized(&self, index: usize) -> bool {
        self.delta(index).is_some_and(|[left, top, right, bottom]| {
            !is_zero(right - left) || !is_zero(bottom - top)
        })
    }

    fn is_moved(&self, index: usize) -> bool {
        self.delta(index)
            .is_some_and(|[left, top, ..]| !is_zero(left) || !is_zero(top))
    }

    /// A change of the element itself that can move boxes.
    fn own(&self, index: usize) -> Option<usize> {
        let effects = self.changes.effects[index].iter();
        let mut moving = effects.filter(|effect| effect.moves_boxes());
        moving.next().map(|effect| effect.change)
    }

    fn own_placing(&self, index: usize) -> Option<usize> {
        let mut effects = self.changes.effects[index].iter();
        let placing = |effect: &&Effect| PLACING.contains(&effect.property.as_str());
        effects.find(placing).map(|effect| effect.change)
    }

    /// The change by which a child affects its siblings and parent.
    fn pusher(&self, child: Child) -> Option<usize> {
        match child {
            Child::Pushing(change) => Some(change),
            Child::Present(index) => {
                self.pushes.size[index]
                    .or_else(|| self.own(index))
                    .or_else(|| {
                        // What has no box of its own pushes by its children.
                        let area = self.current.elements[index].area;
                        let is_flat = area[2] * area[3] == 0.0;
                        let inner = self.children[index].iter();
                        let mut inner = inner.filter_map(|&child| self.pusher(child));
                        is_flat.then(|| inner.next()).flatten()
                    })
            }
        }
    }

    fn find_size_inside(&mut self, index: usize) {
        if !self.is_resized(index) {
            return;
        }
        let inner = || {
            let mut inner = self.children[index].iter();
            inner.find_map(|&child| self.pusher(child))
        };
        self.pushes.size[index] = self.own(index).or_else(inner);
    }

    fn find_size_outside(&mut self, index: usize) {
        if !self.is_resized(index) || self.pushes.size[index].is_some() {
            return;
        }
        let parent = self.current.elements[index].parent;
        let outer = parent.and_then(|parent| {
            self.own(parent)
                .or(self.pushes.size[parent])
                .or_else(|| self.nearest_pusher(parent, index))
        });
        let change = outer
            .or_else(|| self.used(index, &["width", "height"]))
            .or(self.only);
        self.pushes.size[index] = change.or(self.changes.font);
    }

    fn find_place(&mut self, index: usize) {
        if !self.is_moved(index) {
            return;
        }
        let parent = self.current.elements[index].parent;
        let with_parent = parent.filter(|&parent| {
            let (Some(outer), Some(own)) = (self.delta(parent), self.delta(index)) else {
                return false;
            };
            self.is_moved(parent) && is_zero(own[0] - outer[0]) && is_zero(own[1] - outer[1])
        });
        if let Some(parent) = with_parent {
            self.pushes.place[index] = self.pushes.place[parent];
            return;
        }
        if self.matching.reordered.contains(&index) {
            self.pushes.place[index] = Some(self.add_moved(index));
            return;
        }
        let change = self
            .own_placing(index)
            .or_else(|| parent.and_then(|parent| self.nearest_pusher(parent, index)))
            .or_else(|| self.own(index))
            .or(self.pushes.size[index])
            .or_else(|| parent.and_then(|parent| self.own(parent)))
            .or_else(|| parent.and_then(|parent| self.pushes.size[parent]))
            .or_else(|| parent.and_then(|parent| self.pushes.place[parent]))
            .or_else(|| self.pusher_in_table(index))
            .or_else(|| self.used(index, &PLACING))
            .or(self.only)
            .or(self.changes.font);
        self.pushes.place[index] = Some(change.unwrap_or_else(|| self.add_moved(index)));
    }

    /// The change of a sibling that pushes a child: of those before it the
    /// nearest, otherwise of those after it.
    fn nearest_pusher(&self, parent: usize, index: usize) -> Option<usize> {
        let children = &self.children[parent];
        let is_self = |child: &Child| matches!(child, Child::Present(at) if *at == index);
        let at = children.iter().position(is_self)?;
        let before = children[..at].iter().rev();
        let after = children[at + 1..].iter();
        before.chain(after).find_map(|&child| self.pusher(child))
    }

    /// A change in another row of the table or grid that an element is in: it
    /// moves columns.
    fn pusher_in_table(&self, index: usize) -> Option<usize> {
        let mut outer = self.current.elements[index].parent;
        while let Some(at) = outer {
            let element = &self.current.elements[at];
            let display = element.style.get("display").map_or("", String::as_str);
            if matches!(display, "table" | "inline-table" | "grid" | "inline-grid") {
                return self.any_pusher(at);
            }
            outer = element.parent;
        }
        None
    }

    fn any_pusher(&self, index: usize) -> Option<usize> {
        self.own(index).or_else(|| {
            let children = self.children[index].iter();
            let mut pushers = children.filter_map(|child| match *child {
                Child::Pushing(change) => Some(change),
                Child::Present(inner) => self.any_pusher(inner),
            });
            pushers.next()
        })
    }

    /// Used values of a pseudo-element that changed although its host has the same
    /// size: nothing else can have changed them.
    fn adopt_used_of_pseudo(&mut self, index: usize) {
        let element = &self.current.elements[index];
        if element.is_pseudo() && !element.parent.is_some_and(|host| self.is_resized(host)) {
            const NAMES: [&str; 2] = ["width", "height"];
            let sizes = self.used(index, &NAMES);
            if sizes.is_none() {
                self.used(index, &PLACING);
            }
        }
    }

    /// A change of a used value of the element, which nothing else explains.
    fn used(&mut self, index: usize, properties: &[&str]) -> Option<usize> {
        let mut used = self.changes.used[index].iter();
        let (property, from, to) = used
            .find(|(property, ..)| properties.contains(&property.as_str()))?
            .clone();
        self.changes.all.push(Change {
            kind: CauseKind::Style,
            property: Some(property.clone()),
            from: Some(from.clone()),
            to: Some(to.clone()),
            element: ChangedElement::Current(index),
        });
        let change = self.changes.all.len() - 1;
        self.changes.effects[index].push(Effect {
            change,
            property,
            from,
            to,
        });
        Some(change)
    }

    /// An element at another place, pushed by nothing that is known.
    fn add_moved(&mut self, index: usize) -> usize {
        let place = |area: [f64; 4]| format!("{},{}", area[0].round(), area[1].round());
        let old = self.matching.to_baseline[index];
        let old = old.map(|old| place(self.baseline.elements[old].area));
        self.changes.all.push(Change {
            kind: CauseKind::Moved,
            property: None,
            from: old,
            to: Some(place(self.current.elements[index].area)),
            element: ChangedElement::Current(index),
        });
        self.changes.all.len() - 1
    }

    /// Text around a child that has another size flows differently.
    fn find_reflow(&mut self, index: usize) {
        if self.current.elements[index].text.is_empty() || self.is_resized(index) {
            return;
        }
        let mut inner = self.children[index].iter();
        self.pushes.reflow[index] = inner.find_map(|&child| self.pusher(child));
    }
}

/// The children of each element in order, with the places of removed ones.
fn children_with_gaps(
    baseline: &LayoutDigest,
    current: &LayoutDigest,
    matching: &Matching,
    changes: &Changes,
) -> Vec<Vec<Child>> {
    let is_new = |index: usize| changes.added.iter().find(|(added, _)| *added == index);
    let mut all: Vec<Vec<Child>> = current
        .elements
        .iter()
        .map(|element| {
            let children = element.children.iter();
            let child = |&index: &usize| match is_new(index) {
                Some(&(_, change)) => Child::Pushing(change),
                None => Child::Present(index),
            };
            children.map(child).collect()
        })
        .collect();
    for &(removed, change) in &changes.removed {
        let Some(old_parent) = baseline.elements[removed].parent else {
            continue;
        };
        let Some(parent) = matching.to_current[old_parent] else {
            continue;
        };
        // After its last sibling before it that is still there.
        let siblings = &baseline.elements[old_parent].children;
        let before = siblings.iter().take_while(|&&sibling| sibling != removed);
        let last = before
            .filter_map(|&sibling| matching.to_current[sibling])
            .last();
        let place = all[parent].iter().position(|child| match child {
            Child::Present(index) => Some(*index) == last,
            Child::Pushing(_) => false,
        });
        all[parent].insert(place.map_or(0, |place| place + 1), Child::Pushing(change));
    }
    all
}

/// The only change that can move boxes, if there is just one.
fn only_layout_change(changes: &Changes) -> Option<usize> {
    let effects = changes.effects.iter().flatten();
    let moving = effects.filter(|effect| effect.moves_boxes());
    let moving = moving.map(|effect| effect.change);
    let structural = changes.added.iter().chain(&changes.removed);
    let mut all: Vec<usize> = moving
        .chain(structural.map(|(_, change)| *change))
        .collect();
    all.sort_unstable();
    all.dedup();
    match all[..] {
        [only] => Some(only),
        _ => None,
    }
}
