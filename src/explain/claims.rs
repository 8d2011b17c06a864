//! The parts of the images in which each change can show.

use super::changes::{Changes, Effect};
use super::digest::{LaidOutElement, LayoutDigest};
use super::layout::Pushes;
use super::matching::Matching;
use super::properties::{affects_group, is_border, is_colour, is_frame};
use super::values::{opaque, reach};

/// How far glyphs and anti-aliasing reach beyond a box, in pixels.
const OVERHANG: f64 = 2.0;

/// The layer of an element that was pushed: above a change of its colours, below
/// one of its content.
const PUSHED: f64 = 0.28;

/// A rectangle in image pixels: left, top, right, bottom.
pub(super) type PixelRect = [f64; 4];

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
        claims.found.push(Claim {
            change,
            element: current.elements.len() + index,
            order: claims.order_of_removed(index),
            areas: areas
                .into_iter()
                .map(|area| outset(area, OVERHANG))
                .collect(),
            colours: None,
            check: ClaimCheck::Area,
        });
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
        self.found.push(Claim {
            change,
            element,
            order: element as f64 + layer,
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

impl LayoutDigest {
    /// The last element inside of an element, or itself.
    fn last_descendant(&self, index: usize) -> usize {
        let mut last = index;
        while let Some(&child) = self.elements[last].children.last() {
            last = child;
        }
        last
    }

    /// The box of an element, or what stands for it: a definition of an SVG shows
    /// anywhere in it, and what has no box shows in its parent's.
    fn ink_box(&self, index: usize) -> PixelRect {
        let mut at = index;
        loop {
            let element = &self.elements[at];
            let has_box = element.area[2] > 0.0 && element.area[3] > 0.0;
            match element.parent {
                Some(parent) if !has_box => at = parent,
                _ => {
                    let stroke = element.style.get("stroke-width");
                    let around = stroke.map_or(0.0, |width| reach(width));
                    let area = outset(rect(element.area), around);
                    let beside = marker_width(element);
                    return [area[0] - beside, area[1], area[2] + beside, area[3]];
                }
            }
        }
    }

    /// The boxes of an element and its descendants, with their shadows.
    fn with_descendants(&self, index: usize) -> Vec<PixelRect> {
        let element = &self.elements[index];
        let get = |name: &str| element.style.get(name).map_or(0.0, |value| reach(value));
        let around = get("box-shadow").min(200.0) + get("outline-width").min(20.0);
        let mut areas = vec![outset(self.ink_box(index), around)];
        for &child in &element.children {
            areas.extend(self.with_descendants(child));
        }
        areas
    }
}

/// How far the marker of a list item may be beside its box.
fn marker_width(element: &LaidOutElement) -> f64 {
    let style = |name: &str| element.style.get(name).map_or("", String::as_str);
    let has_marker = style("display") == "list-item"
        && (style("list-style-type") != "none" || style("list-style-image") != "none")
        && style("list-style-position") != "inside";
    match has_marker {
        true => 2.5 * reach(style("font-size")),
        false => 0.0,
    }
}

fn rect([left, top, width, height]: [f64; 4]) -> PixelRect {
    [left, top, left + width, top + height]
}

fn outset([left, top, right, bottom]: PixelRect, by: f64) -> PixelRect {
    [left - by, top - by, right + by, bottom + by]
}

/// The strips in which a border, outline or shadow is painted.
fn frame_areas(area: PixelRect, element: &LaidOutElement, effect: &Effect) -> Vec<PixelRect> {
    let property = &*effect.property;
    let longest = reach(&effect.from).max(reach(&effect.to));
    if property == "box-shadow" {
        let is_inset = effect.from.contains("inset") || effect.to.contains("inset");
        return match is_inset {
            true => vec![outset(area, longest)],
            false => ring(outset(area, longest), longest + radius(element)),
        };
    }
    if property.starts_with("outline") {
        let get = |name: &str| element.style.get(name).map_or(0.0, |value| reach(value));
        let around = get("outline-width") + get("outline-offset") + longest;
        return ring(outset(area, around), around + radius(element));
    }
    let widths = ["top", "right", "bottom", "left"].map(|side| {
        let width = element.style.get(&format!("border-{side}-width"));
        width.map_or(0.0, |width| reach(width))
    });
    let width = widths.into_iter().fold(longest, f64::max);
    ring(area, width + radius(element))
}

fn radius(element: &LaidOutElement) -> f64 {
    let corner = element.style.get("border-top-left-radius");
    corner.map_or(0.0, |corner| match corner.contains('%') {
        true => element.area[2].max(element.area[3]) / 2.0,
        false => reach(corner),
    })
}

/// The four strips along the edges of an area.
fn ring([left, top, right, bottom]: PixelRect, width: f64) -> Vec<PixelRect> {
    vec![
        [left, top, right, top + width],
        [left, bottom - width, right, bottom],
        [left, top, left + width, bottom],
        [right - width, top, right, bottom],
    ]
}

fn corners([left, top, right, bottom]: PixelRect, size: f64) -> Vec<PixelRect> {
    if size <= 0.0 {
        return vec![[left, top, right, bottom]];
    }
    vec![
        [left, top, left + size, top + size],
        [right - size, top, right, top + size],
        [left, bottom - size, left + size, bottom],
        [right - size, bottom - size, right, bottom],
    ]
}

/// Where a plain box of another size differs: between its old and new edges.
fn changed_edges(old: PixelRect, new: PixelRect, element: &LaidOutElement) -> Vec<PixelRect> {
    let border = element
        .style
        .get("border-top-width")
        .map_or(0.0, |width| reach(width));
    let shadow = element
        .style
        .get("box-shadow")
        .map_or(0.0, |shadow| reach(shadow).min(200.0));
    let edge = border + radius(element);
    let mut areas = Vec::new();
    let outer = [
        old[0].min(new[0]),
        old[1].min(new[1]),
        old[2].max(new[2]),
        old[3].max(new[3]),
    ];
    let outer = outset(outer, shadow);
    for (at, edges) in [(0, [0, 2]), (1, [1, 3])] {
        for side in edges {
            if old[side] == new[side] {
                continue;
            }
            let (low, high) = (old[side].min(new[side]), old[side].max(new[side]));
            let mut area = outer;
            area[at] = low - edge - shadow;
            area[at + 2] = high + edge + shadow;
            areas.push(area);
        }
    }
    areas
}

/// Whether an element paints something of its own inside of its box that
/// depends on its size.
fn paints_inside(element: &LaidOutElement) -> bool {
    let has_image = element
        .style
        .get("background-image")
        .is_some_and(|image| image != "none");
    let is_replaced = matches!(
        &*element.tag,
        "img"
            | "canvas"
            | "video"
            | "svg"
            | "iframe"
            | "object"
            | "embed"
            | "input"
            | "select"
            | "textarea"
            | "progress"
            | "meter"
    );
    let is_vector = element.style.contains_key("stroke-linejoin");
    has_image || is_replaced || is_vector || element.is_pseudo() || !element.text.is_empty()
}

/// Whether an element paints anything itself.
fn has_ink(digest: &LayoutDigest, index: usize) -> bool {
    let element = &digest.elements[index];
    let style = |name: &str| element.style.get(name).map_or("", String::as_str);
    let colour = style("background-color");
    let has_background =
        !(colour.is_empty() || colour.ends_with(", 0)") || colour == "transparent");
    let has_border = element
        .style
        .iter()
        .any(|(name, value)| is_border(name) && name.ends_with("-width") && value != "0px");
    let is_drawn = |name: &str| !matches!(style(name), "" | "none");
    has_background
        || has_border
        || is_drawn("box-shadow")
        || is_drawn("outline-style")
        || paints_inside(element)
        || element.tag == "hr"
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
