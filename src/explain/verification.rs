//! Verifies that causes explain a whole difference, before it is accepted
//! together with others.

use tintype_compare::Options;

use super::causes::DeclaringRules;
use super::explanation::{PagePair, explain};
use super::groups::EXPLAINED;
use crate::model::{Cause, CauseKind, Explanation};

/// Images and compressed digests of a baseline and of a current capture.
#[derive(Clone, Copy, Debug)]
pub struct DigestedImages<'a> {
    /// The PNGs of baseline and current capture.
    pub images: [&'a [u8]; 2],
    /// Their layout digests.
    pub digests: [Option<&'a [u8]>; 2],
}

/// Checks that the difference of two captures consists of these causes: they
/// explain 98 % of its pixels, and 98 % of the pixels of each cause look as it
/// makes them look, consistently recoloured or moved by the same distance.
///
/// # Errors
/// The reason why it does not, for people.
pub fn verify_causes(
    recorded: Option<&Explanation>,
    accepted: &[String],
    captures: &DigestedImages<'_>,
    options: &Options,
) -> Result<(), String> {
    let recorded = recorded.ok_or("its difference has no explanation")?;
    if let Some(other) = recorded.causes.iter().find(|cause| {
        let is_residual = !cause.is_known() && recorded.is_complete();
        !is_residual && !accepted.contains(&cause.id)
    }) {
        return Err(match other.is_known() {
            true => format!("it has another cause as well: {}", other.describe()),
            false => format!(
                "{} of its differing pixels are unexplained",
                percent(1.0 - recorded.explained_ratio)
            ),
        });
    }
    let [Some(baseline), Some(current)] = captures.digests else {
        return Err("its baseline or current image has no layout digest".to_owned());
    };
    let pages = PagePair::read(baseline, current).ok_or("its layout digest cannot be read")?;
    let found = explain(
        &pages,
        captures.images,
        options,
        &[],
        &DeclaringRules::new(),
    );
    let found = found.ok_or("its images cannot be compared")?;
    if !found.explanation.is_complete() {
        let rest = percent(1.0 - found.explanation.explained_ratio);
        return Err(format!("{rest} of its differing pixels are unexplained"));
    }
    // A change that is covered by another one may not have been reviewed.
    let mut covered = found.covered.iter();
    if let Some(other) = covered.find(|cause| !accepted.contains(&cause.id)) {
        return Err(format!(
            "its page changed in another way as well: {}",
            other.describe()
        ));
    }
    if let count @ 1.. = found.follow_attributes {
        return Err(format!(
            "an attribute changed together with {count} properties, which may have changed on \
             their own"
        ));
    }
    for known in &found.verified {
        if is_unknown_content(&known.cause) {
            return Err(format!(
                "the new content of {} is not known",
                known.cause.describe()
            ));
        }
        let share = known.verified as f64 / known.cause.pixels.max(1) as f64;
        if share < EXPLAINED {
            return Err(format!(
                "{} of the pixels of {} do not look as it makes them look",
                percent(1.0 - share),
                known.cause.describe()
            ));
        }
    }
    Ok(())
}

/// Whether the content of a picture changed without a hash of all of its pixels.
fn is_unknown_content(cause: &Cause) -> bool {
    let is_exact = cause.to.as_ref().is_some_and(|hash| !hash.starts_with('~'));
    let is_content = matches!(
        cause.property.as_deref(),
        Some("content" | "background-image")
    );
    cause.kind == CauseKind::Image && is_content && !is_exact
}

fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}
