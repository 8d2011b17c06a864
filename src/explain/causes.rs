//! Puts the changes of elements together to causes.

use std::collections::{BTreeMap, BTreeSet};

use super::attribution::ClaimedPixels;
use super::changes::{Change, ChangedElement};
use super::claims::Claim;
use super::digest::LayoutDigest;
use crate::model::{Cause, CauseKind, CauseSource};

/// The most causes in an explanation. Those with the fewest pixels are left out.
const MAX_CAUSES: usize = 40;

/// The rule that sets a changed property.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DeclaringRule {
    pub(crate) selector: String,
    pub(crate) source: Option<CauseSource>,
}

/// The rules that set changed properties, by element of the current page and
/// property.
pub(crate) type DeclaringRules = BTreeMap<(usize, String), DeclaringRule>;

/// A cause, and how many of its pixels look as it makes them look.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct VerifiedCause {
    pub(crate) cause: Cause,
    pub(crate) verified: u64,
}

/// The causes of differing pixels, the one with the most pixels first.
pub(super) fn causes(
    baseline: &LayoutDigest,
    current: &LayoutDigest,
    changes: &[Change],
    claimed: &[(Claim, ClaimedPixels)],
    rules: &DeclaringRules,
) -> Vec<VerifiedCause> {
    let digests = [baseline, current];
    let mut totals: BTreeMap<usize, (ClaimedPixels, BTreeSet<usize>)> = BTreeMap::new();
    for (claim, pixels) in claimed.iter().filter(|(_, pixels)| pixels.pixels > 0) {
        let (total, elements) = totals.entry(claim.change).or_default();
        total.pixels += pixels.pixels;
        total.verified += pixels.verified;
        elements.insert(claim.element);
    }
    let mut found: BTreeMap<String, (VerifiedCause, BTreeSet<usize>)> = BTreeMap::new();
    for group in equal_changes(changes, totals.keys().copied()) {
        let rule = group.iter().find_map(|&change| {
            let change = &changes[change];
            let ChangedElement::Current(index) = change.element else {
                return None;
            };
            rules.get(&(index, change.property.clone()?))
        });
        let common = rule.map(|rule| rule.selector.clone());
        let common = common.or_else(|| common_selector(digests, changes, &group));
        for change in group {
            let own = || selector(digests, &changes[change]);
            let selector = common.clone().or_else(own);
            let change_of = &changes[change];
            let mut cause = Cause::new(
                change_of.kind,
                selector,
                change_of.property.clone(),
                change_of.from.clone(),
                change_of.to.clone(),
            );
            cause.source = rule.and_then(|rule| rule.source.clone());
            let (total, elements) = &totals[&change];
            let (known, its) = found
                .entry(cause.id.clone())
                .or_insert_with(|| (VerifiedCause { cause, verified: 0 }, BTreeSet::new()));
            known.cause.pixels += total.pixels;
            known.verified += total.verified;
            its.extend(elements);
            known.cause.elements = its.len() as u64;
        }
    }
    let mut causes: Vec<_> = found.into_values().map(|(cause, _)| cause).collect();
    causes.sort_by(|a, b| {
        let order = b.cause.pixels.cmp(&a.cause.pixels);
        order.then_with(|| a.cause.id.cmp(&b.cause.id))
    });
    causes.truncate(MAX_CAUSES);
    causes
}

/// Changes in whose area pixels differ, although all of these count to other
/// changes that are painted over them.
pub(super) fn covered_causes(
    baseline: &LayoutDigest,
    current: &LayoutDigest,
    changes: &[Change],
    claimed: &[(Claim, ClaimedPixels)],
) -> Vec<Cause> {
    let counted: BTreeSet<usize> = claimed
        .iter()
        .filter(|(_, pixels)| pixels.pixels > 0)
        .map(|(claim, _)| claim.change)
        .collect();
    let touched: BTreeSet<usize> = claimed
        .iter()
        .filter(|(claim, pixels)| pixels.is_touched && !counted.contains(&claim.change))
        .map(|(claim, _)| claim.change)
        .collect();
    let is_same = |one: &Change, other: &Change| {
        let key = |change: &Change| {
            (
                change.kind,
                change.property.clone(),
                change.from.clone(),
                change.to.clone(),
            )
        };
        key(one) == key(other)
    };
    let touched = touched.into_iter().map(|index| &changes[index]);
    let touched =
        touched.filter(|change| !(counted.iter()).any(|&other| is_same(change, &changes[other])));
    let causes = touched.map(|change| {
        let (property, from, to) = (&change.property, &change.from, &change.to);
        let selector = selector([baseline, current], change);
        Cause::new(
            change.kind,
            selector,
            property.clone(),
            from.clone(),
            to.clone(),
        )
    });
    causes.collect()
}

/// Groups changes with the same kind, property and values.
fn equal_changes(changes: &[Change], used: impl Iterator<Item = usize>) -> Vec<Vec<usize>> {
    let mut groups: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    for index in used {
        let change = &changes[index];
        let key = (change.kind, &change.property, &change.from, &change.to);
        groups.entry(key).or_default().push(index);
    }
    groups.into_values().collect()
}

/// The selector of a changed element.
pub(super) fn selector([baseline, current]: [&LayoutDigest; 2], change: &Change) -> Option<String> {
    let selector = match change.element {
        ChangedElement::Current(index) => current.selector(index),
        ChangedElement::Baseline(index) => baseline.selector(index),
        ChangedElement::Page => return None,
    };
    let is_token = change
        .property
        .as_ref()
        .is_some_and(|name| name.starts_with("--"));
    Some(match &*selector {
        "html" if is_token => ":root".to_owned(),
        _ => selector,
    })
}

/// The classes that all elements with the same change have, if there are several
/// elements; otherwise their tag, if that is the same.
fn common_selector(
    digests: [&LayoutDigest; 2],
    changes: &[Change],
    group: &[usize],
) -> Option<String> {
    let [first, rest @ ..] = group else {
        return None;
    };
    let is_style = changes[*first].kind == CauseKind::Style;
    if rest.is_empty() || !is_style {
        return None;
    }
    let selectors: BTreeSet<_> = group
        .iter()
        .filter_map(|&change| selector(digests, &changes[change]))
        .collect();
    if selectors.len() == 1 {
        return selectors.into_iter().next();
    }
    let elements: Vec<_> = group
        .iter()
        .filter_map(|&change| match changes[change].element {
            ChangedElement::Current(index) => Some(&digests[1].elements[index]),
            _ => None,
        })
        .collect();
    let (head, tail) = elements.split_first()?;
    if elements.len() != group.len() || head.is_pseudo() {
        return None;
    }
    let shared: Vec<&str> = head
        .stable_classes()
        .into_iter()
        .filter(|class| {
            tail.iter()
                .all(|other| other.stable_classes().contains(class))
        })
        .collect();
    if !shared.is_empty() {
        return Some(shared.iter().map(|class| format!(".{class}")).collect());
    }
    let is_same_tag = tail.iter().all(|other| other.tag == head.tag);
    is_same_tag.then(|| head.tag.clone())
}
