//! The parts of the images in which each change can show.

use super::areas::{
    PixelRect, changed_edges, corners, frame_areas, has_ink, outset, paints_inside, rect,
};
use super::changes::{Changes, Effect};
use super::digest::LayoutDigest;
use super::layout::Pushes;
use super::matching::Matching;
use super::properties::{affects_group, is_colour, is_frame};
use super::values::{opaque, reach};

/// How far glyphs and anti-aliasing reach beyond a box, in pixels.
const OVERHANG: f64 = 2.0;

/// The layer of an element that was pushed: above a change of its colours, below
/// one of its content.
const PUSHED: f64 = 0.28;

/// The part of the images in which a change shows on one element.
#[derive(Clone, Debug)]
pub(super) struct Claim {
    pub(super) change: usize,
    /// The element in the current page; of a removed one, its place in the
    /// baseline after all of the current page.
    pub(super) element: usize,
    /// Claims with a higher order are painted over those with a lower one.
    pub(super) order: f64,
    pub(super) areas: Vec<PixelRect>,
    /// A colour and the one that replaces it.
    pub(super) colours: Option<([u8; 3], [u8; 3])>,
    pub(super) check: ClaimCheck,
}

/// How the pixels of a claim can be verified.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum ClaimCheck {
    /// They are in the claimed area.
    Area,
    /// Equal colours become equal colours.
    Recolouring,
    /// They are those of the baseline at another place.
    Shift(f64, f64),
}

/// Lists the claims of all changes, in no particular order.
pub(super) fn claims(
    baseline: &LayoutDigest,
    current: &LayoutDigest,
    matching: &Matching,
    changes: &Changes,
    pushes: &Pushes,
) -> Vec<Claim> {
    let mut claims = ClaimList {
        baseline,
        current,
        matching,
        found: Vec::new(),
    };
    for index in 0..current.elements.len() {
        for effect in &changes.effects[index] {
            claims.add_effect(index, effect);
        }
        claims.add_push(index, pushes);
    }
    for &(index, change) in &changes.added {
        let areas = claims.current.with_descendants(index);
        claims.add(change, index, 0.5, areas);
    }
    for &(index, change) in &changes.removed {
        let areas = claims.baseline.with_descendants(index);
        let order = claims.order_of_removed(index);
        claims.add_areas(change, current.elements.len() + index, order, areas);
    }
    claims.found
}

struct ClaimList<'a> {
    baseline: &'a LayoutDigest,
    current: &'a LayoutDigest,
    matching: &'a Matching,
    found: Vec<Claim>,
}

impl ClaimList<'_> {
    fn add(&mut self, change: usize, element: usize, layer: f64, areas: Vec<PixelRect>) {
        self.add_areas(change, element, element as f64 + layer, areas);
    }

    fn add_areas(&mut self, change: usize, element: usize, order: f64, areas: Vec<PixelRect>) {
        self.found.push(Claim {
            change,
            element,
            order,
            areas: areas
                .into_iter()
                .map(|area| outset(area, OVERHANG))
                .collect(),
            colours: None,
            check: ClaimCheck::Area,
        });
    }

    /// The order of an element that is gone: after its last sibling before it.
    fn order_of_removed(&self, index: usize) -> f64 {
        let Some(parent) = self.baseline.elements[index].parent else {
            return 0.5;
        };
        let siblings = &self.baseline.elements[parent].children;
        let before = siblings.iter().take_while(|&&sibling| sibling != index);
        let last = before
            .filter_map(|&sibling| self.matching.to_current[sibling])
            .last();
        let last = last.map(|last| self.current.last_descendant(last));
        let place = last.or(self.matching.to_current[parent]).unwrap_or(0);
        place as f64 + 0.9
    }

    /// The boxes of an element in both pages.
    fn boxes(&self, index: usize) -> Vec<PixelRect> {
        let old = self.matching.to_baseline[index].map(|old| self.baseline.ink_box(old));
        let new = self.current.ink_box(index);
        old.into_iter()
            .filter(|old| *old != new)
            .chain([new])
            .collect()
    }

    fn add_effect(&mut self, index: usize, effect: &Effect) {
        let element = &self.current.elements[index];
        let property = &*effect.property;
        if property.starts_with("--") {
            return;
        }
        let covers_page =
            property.starts_with("background") && matches!(&*element.tag, "html" | "body");
        let mut areas = match covers_page {
            true => vec![[0.0, 0.0, f64::MAX, f64::MAX]],
            false => self.boxes(index),
        };
        let layer;
        if affects_group(property) {
            layer = 0.4;
            areas.extend(self.current.with_descendants(index));
            if let Some(old) = self.matching.to_baseline[index] {
                areas.extend(self.baseline.with_descendants(old));
            }
            if property == "filter" {
                let blur = 3.0 * reach(&effect.from).max(reach(&effect.to));
                areas = areas.into_iter().map(|area| outset(area, blur)).collect();
            }
        } else if is_frame(property) {
            layer = 0.6;
            areas = areas
                .into_iter()
                .flat_map(|area| frame_areas(area, element, effect))
                .collect();
        } else if property.contains("radius") {
            layer = 0.5;
            let corner = reach(&effect.from).max(reach(&effect.to));
            areas = areas
                .into_iter()
                .flat_map(|area| corners(area, corner))
                .collect();
        } else if property == "text-shadow" {
            layer = 0.2;
            let around = reach(&effect.from).max(reach(&effect.to));
            areas = areas.into_iter().map(|area| outset(area, around)).collect();
        } else {
            layer = match property {
                "picture" => 0.45,
                "text" | "attribute" => 0.35,
                _ if effect.moves_boxes() => 0.3,
                _ if property.starts_with("background") => 0.2,
                _ => 0.25,
            };
        }
        self.add(effect.change, index, layer, areas);
        let claim = self.found.last_mut().expect("it was just added");
        if is_colour(property) {
            claim.check = ClaimCheck::Recolouring;
            claim.colours = opaque(&effect.from).zip(opaque(&effect.to));
        }
    }

    /// Where an element that was pushed shows.
    fn add_push(&mut self, index: usize, pushes: &Pushes) {
        let element = &self.current.elements[index];
        if let Some(change) = pushes.reflow[index] {
            let areas = self.boxes(index);
            self.add(change, index, PUSHED, areas);
        }
        let Some(old) = self.matching.to_baseline[index] else {
            return;
        };
        let before = &self.baseline.elements[old];
        if !has_ink(self.current, index) && !has_ink(self.baseline, old) {
            return;
        }
        if let Some(change) = pushes.place[index] {
            let areas = self.boxes(index);
            self.add(change, index, PUSHED, areas);
            let is_same_size = before.area[2..] == element.area[2..];
            if is_same_size && pushes.size[index].is_none() {
                let [x, y] = [0, 1].map(|at| element.area[at] - before.area[at]);
                let claim = self.found.last_mut().expect("it was just added");
                claim.check = ClaimCheck::Shift(x, y);
            }
        }
        if let Some(change) = pushes.size[index] {
            let (old, new) = (rect(before.area), rect(element.area));
            let areas = match paints_inside(element) {
                true => vec![old, new],
                false => changed_edges(old, new, element),
            };
            self.add(change, index, PUSHED, areas);
        }
    }
}

/// The elements whose content can change without any change of the page: images,
/// canvases and frames, and files of a background.
pub(super) fn opaque_contents(digest: &LayoutDigest) -> Vec<(usize, &'static str, PixelRect)> {
    let elements = digest.elements.iter().enumerate();
    let found = elements.filter_map(|(index, element)| {
        let property = match &*element.tag {
            "img" | "canvas" | "video" | "image" | "object" | "embed" => "content",
            _ => {
                let style = element.style.get("background-image");
                let has_file = style.is_some_and(|image| image.contains("url("));
                has_file.then_some("background-image")?
            }
        };
        Some((index, property, digest.ink_box(index)))
    });
    found.collect()
}
