//! Where elements, and parts of them such as borders and shadows, are painted.

use super::changes::Effect;
use super::digest::{LaidOutElement, LayoutDigest};
use super::properties::is_border;
use super::values::reach;

/// A rectangle in image pixels: left, top, right, bottom.
pub(super) type PixelRect = [f64; 4];

impl LayoutDigest {
    /// The last element inside of an element, or itself.
    pub(super) fn last_descendant(&self, index: usize) -> usize {
        let mut last = index;
        while let Some(&child) = self.elements[last].children.last() {
            last = child;
        }
        last
    }

    /// The box of an element, or what stands for it: a definition of an SVG shows
    /// anywhere in it, and what has no box shows in its parent's.
    pub(super) fn ink_box(&self, index: usize) -> PixelRect {
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
    pub(super) fn with_descendants(&self, index: usize) -> Vec<PixelRect> {
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

pub(super) fn rect([left, top, width, height]: [f64; 4]) -> PixelRect {
    [left, top, left + width, top + height]
}

pub(super) fn outset([left, top, right, bottom]: PixelRect, by: f64) -> PixelRect {
    [left - by, top - by, right + by, bottom + by]
}

/// The strips in which a border, outline or shadow is painted.
pub(super) fn frame_areas(
    area: PixelRect,
    element: &LaidOutElement,
    effect: &Effect,
) -> Vec<PixelRect> {
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

pub(super) fn corners([left, top, right, bottom]: PixelRect, size: f64) -> Vec<PixelRect> {
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
pub(super) fn changed_edges(
    old: PixelRect,
    new: PixelRect,
    element: &LaidOutElement,
) -> Vec<PixelRect> {
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
pub(super) fn paints_inside(element: &LaidOutElement) -> bool {
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
pub(super) fn has_ink(digest: &LayoutDigest, index: usize) -> bool {
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
