//! Explains the difference between two captures.

use tintype_compare::{Options, decode_png, inspect_png};

use super::attribution::{DifferingImages, attribute};
use super::causes::{DeclaringRules, VerifiedCause, causes, covered_causes};
use super::changes::{Change, ChangedElement, Changes, changes};
use super::claims::{Claim, ClaimCheck, claims, opaque_contents};
use super::digest::LayoutDigest;
use super::layout::pushes;
use super::matching::{Matching, matching};
use crate::model::{Cause, CauseKind, EnvironmentChange, Explanation};

/// The digests of a baseline and of the current page.
pub(crate) struct PagePair {
    pub(crate) baseline: LayoutDigest,
    pub(crate) current: LayoutDigest,
}

impl PagePair {
    /// Reads compressed digests. `None` if one is invalid.
    pub(crate) fn read(baseline: &[u8], current: &[u8]) -> Option<Self> {
        Some(Self {
            baseline: LayoutDigest::read(baseline)?,
            current: LayoutDigest::read(current)?,
        })
    }
}

/// An explanation with the causes that it is made of.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ExplainedDifference {
    pub(crate) explanation: Explanation,
    /// The known causes with their verified pixels.
    pub(crate) verified: Vec<VerifiedCause>,
    /// Other changes of the page at places that differ, whose own part in the
    /// difference cannot be told.
    pub(crate) covered: Vec<Cause>,
    /// The number of properties that changed together with an attribute: which of
    /// them follow from it is not known for certain.
    pub(crate) follow_attributes: usize,
}

/// Explains how two PNGs differ. `None` if they cannot be compared.
pub(crate) fn explain(
    pages: &PagePair,
    [baseline, current]: [&[u8]; 2],
    options: &Options,
    environment: &[EnvironmentChange],
    rules: &DeclaringRules,
) -> Option<ExplainedDifference> {
    let images = differing_images([baseline, current], options)?;
    let (changes, claims) = claimed_changes(pages);
    let pixels = attribute(&images, &claims);
    let claimed: Vec<_> = claims.into_iter().zip(pixels).collect();
    let verified = causes(
        &pages.baseline,
        &pages.current,
        &changes.all,
        &claimed,
        rules,
    );
    let differing = images.differing.len() as u64;
    let covered = covered_causes(&pages.baseline, &pages.current, &changes.all, &claimed);
    Some(ExplainedDifference {
        follow_attributes: {
            let effects = changes.effects.iter().flatten();
            let follow = effects.filter(|effect| effect.follows(&changes.all[effect.change]));
            follow.count()
        },
        covered,
        explanation: sum_up(&verified, differing, environment),
        verified,
    })
}

/// Decodes two PNGs and compares them. `None` if they cannot be compared.
pub(super) fn differing_images(
    [baseline, current]: [&[u8]; 2],
    options: &Options,
) -> Option<DifferingImages> {
    let mut inspection = inspect_png(baseline, current, options).ok()?;
    Some(DifferingImages {
        differing: inspection.differing_pixels().ok()?,
        baseline: decode_png(baseline).ok()?,
        current: decode_png(current).ok()?,
    })
}

/// What has changed between two pages, and where each change can show.
pub(super) fn claimed_changes(pages: &PagePair) -> (Changes, Vec<Claim>) {
    let matching = matching(&pages.baseline, &pages.current);
    let mut changes = changes(&pages.baseline, &pages.current, &matching);
    let pushes = pushes(&pages.baseline, &pages.current, &matching, &mut changes);
    let mut claims = claims(
        &pages.baseline,
        &pages.current,
        &matching,
        &changes,
        &pushes,
    );
    add_opaque_contents(&pages.current, &matching, &mut changes, &mut claims);
    (changes, claims)
}

/// Pictures and files can change without a change of the page. They explain
/// pixels that nothing else explains.
fn add_opaque_contents(
    current: &LayoutDigest,
    matching: &Matching,
    changes: &mut Changes,
    claims: &mut Vec<Claim>,
) {
    for (index, property, area) in opaque_contents(current) {
        if matching.to_baseline[index].is_none() {
            continue;
        }
        changes.all.push(Change {
            kind: CauseKind::Image,
            property: Some(property.to_owned()),
            from: None,
            to: None,
            element: ChangedElement::Current(index),
        });
        claims.push(Claim {
            change: changes.all.len() - 1,
            element: index,
            order: -1.0,
            areas: vec![area],
            colours: None,
            check: ClaimCheck::Area,
        });
    }
}

/// The explanation of known causes; pixels that they leave are those of another
/// environment, if there is one, and otherwise of an unknown cause.
fn sum_up(
    causes: &[VerifiedCause],
    differing: u64,
    environment: &[EnvironmentChange],
) -> Explanation {
    let mut listed: Vec<Cause> = causes.iter().map(|known| known.cause.clone()).collect();
    let explained: u64 = listed.iter().map(|cause| cause.pixels).sum();
    let rest = differing.saturating_sub(explained);
    let mut known = explained;
    if rest > 0 {
        let mut other = match environment {
            [] => Cause::new(CauseKind::Unknown, None, None, None, None),
            [change, ..] => {
                known += rest;
                let text = |text: &String| Some(text.clone());
                Cause::new(
                    CauseKind::Environment,
                    None,
                    text(&change.what),
                    text(&change.baseline),
                    text(&change.current),
                )
            }
        };
        other.pixels = rest;
        listed.push(other);
    }
    Explanation {
        explained_ratio: match differing {
            0 => 1.0,
            _ => known as f64 / differing as f64,
        },
        causes: listed,
    }
}

/// The elements of the current page whose own properties changed, as indices
/// into its digest: the page is asked for the rules that declare them.
pub(crate) fn changed_properties(pages: &PagePair) -> Vec<(usize, String)> {
    let matching = matching(&pages.baseline, &pages.current);
    let found = changes(&pages.baseline, &pages.current, &matching);
    let styles = found
        .all
        .into_iter()
        .filter(|change| change.kind == CauseKind::Style);
    let properties = styles.filter_map(|change| match change.element {
        ChangedElement::Current(index) => Some((index, change.property?)),
        _ => None,
    });
    properties.collect()
}
