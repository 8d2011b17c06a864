//! Compares the structure of one page in two engines by its layout digests.

use std::collections::BTreeMap;

use serde::Serialize;

use super::digest::{LaidOutElement, LayoutDigest};
use super::explanation::PagePair;
use super::matching::matching;

/// The most differences of a page that are listed.
const MAX_LISTED: usize = 100;

/// The distance by which places and sizes may differ, in pixels of the image.
const TOLERANCE: f64 = 2.0;

/// The same as a share of the size: text has not the same width in all engines.
const RELATIVE_TOLERANCE: f64 = 0.03;

/// How alike two engines show a page.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PageCompatibility {
    /// The elements that at least one of them shows.
    pub elements: usize,
    /// Those that both show alike.
    pub alike: usize,
    /// The number of differences of each kind.
    pub kinds: BTreeMap<StructuralKind, usize>,
    /// The first differences, in the order of the document.
    pub differences: Vec<StructuralDifference>,
}

/// An element that another engine shows in another way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StructuralDifference {
    /// Its kind.
    pub kind: StructuralKind,
    /// The element.
    pub selector: String,
    /// What the reference engine shows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// What the other engine shows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub found: Option<String>,
}

/// The kind of a difference in the structure of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum StructuralKind {
    /// The engine does not show the element.
    Missing,
    /// Only this engine shows the element.
    Added,
    /// The element has another text.
    Text,
    /// The element has another size.
    Size,
    /// The element has another place in its parent.
    Place,
}

impl StructuralKind {
    /// Its name in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Added => "added",
            Self::Text => "text",
            Self::Size => "size",
            Self::Place => "place",
        }
    }
}

/// Compares the compressed layout digests of a page in the reference engine and in
/// another one. An element that differs in several ways counts once. `None` if a
/// digest is damaged.
pub fn compare_engines(reference: &[u8], other: &[u8]) -> Option<PageCompatibility> {
    let pages = PagePair::read(reference, other)?;
    let (reference, other) = (&pages.baseline, &pages.current);
    let found = matching(reference, other);
    let mut differences = Vec::new();
    let mut alike = 0;
    for (index, element) in reference.elements.iter().enumerate() {
        let Some(current) = found.to_current[index] else {
            differences.push(one_sided(StructuralKind::Missing, reference, index));
            continue;
        };
        let difference = difference([reference, other], [index, current], element);
        alike += usize::from(difference.is_none());
        differences.extend(difference);
    }
    let added = found.to_baseline.iter().enumerate();
    let added = added.filter(|(_, baseline)| baseline.is_none());
    differences.extend(added.map(|(index, _)| one_sided(StructuralKind::Added, other, index)));
    let mut kinds = BTreeMap::new();
    for difference in &differences {
        *kinds.entry(difference.kind).or_default() += 1;
    }
    let elements = alike + differences.len();
    differences.truncate(MAX_LISTED);
    Some(PageCompatibility {
        elements,
        alike,
        kinds,
        differences,
    })
}

fn one_sided(kind: StructuralKind, page: &LayoutDigest, index: usize) -> StructuralDifference {
    StructuralDifference {
        kind,
        selector: page.selector(index),
        reference: None,
        found: None,
    }
}

/// The most important difference of an element that both engines show.
fn difference(
    pages: [&LayoutDigest; 2],
    indices: [usize; 2],
    reference: &LaidOutElement,
) -> Option<StructuralDifference> {
    let found = &pages[1].elements[indices[1]];
    let described = |kind, texts: [String; 2]| {
        let [reference, found] = texts.map(Some);
        Some(StructuralDifference {
            kind,
            selector: pages[0].selector(indices[0]),
            reference,
            found,
        })
    };
    if reference.text != found.text {
        let texts = [reference.text.clone(), found.text.clone()];
        return described(StructuralKind::Text, texts);
    }
    let sizes = [reference, found].map(|element| [element.area[2], element.area[3]]);
    if differ(sizes) {
        let texts = sizes.map(|[width, height]| format!("{width:.0}×{height:.0}"));
        return described(StructuralKind::Size, texts);
    }
    let places = [0, 1].map(|side| place(pages[side], indices[side]));
    if differ(places) {
        let texts = places.map(|[left, top]| format!("at {left:.0},{top:.0}"));
        return described(StructuralKind::Place, texts);
    }
    None
}

/// Left and top of an element in its parent: of what is in a box that moves, only
/// the box differs.
fn place(page: &LayoutDigest, index: usize) -> [f64; 2] {
    let [left, top, ..] = page.elements[index].area;
    let parent = page.elements[index].parent;
    let [outer_left, outer_top, ..] = parent.map_or([0.0; 4], |parent| page.elements[parent].area);
    [left - outer_left, top - outer_top]
}

fn differ([one, other]: [[f64; 2]; 2]) -> bool {
    let pairs = one.into_iter().zip(other);
    let mut beyond = pairs.map(|(one, other)| {
        let tolerated = TOLERANCE.max(RELATIVE_TOLERANCE * one.abs().max(other.abs()));
        (one - other).abs() > tolerated
    });
    beyond.any(|is_beyond| is_beyond)
}
