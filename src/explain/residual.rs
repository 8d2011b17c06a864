//! Draws the differing pixels that causes do not explain.

use image::{Rgba, RgbaImage};
use tintype_compare::{Options, compare_images, encode_png};

use super::attribution::claimed_pixels;
use super::causes::selector;
use super::changes::Change;
use super::explanation::{PagePair, claimed_changes, differing_images};
use super::groups::known;
use super::verification::DigestedImages;
use crate::model::{Cause, Explanation};

/// The colour of differing pixels that are explained.
const EXPLAINED: Rgba<u8> = Rgba([190, 214, 196, 255]);

/// Draws the diff image of two captures, with those differing pixels pale green
/// that the cause with this id explains; without an id, those that any known cause
/// explains. The rest is red.
///
/// # Errors
/// The reason why it cannot be drawn, for people.
pub fn draw_residual(
    recorded: &Explanation,
    cause: Option<&str>,
    captures: &DigestedImages<'_>,
    options: &Options,
) -> Result<Vec<u8>, String> {
    let chosen = cause.map(|id| {
        let mut causes = known(recorded);
        causes.find(|cause| cause.id == id)
    });
    if chosen == Some(None) {
        return Err("its difference has no such cause".to_owned());
    }
    let [Some(baseline), Some(current)] = captures.digests else {
        return Err("its baseline or current image has no layout digest".to_owned());
    };
    let pages = PagePair::read(baseline, current).ok_or("its layout digest cannot be read")?;
    let images =
        differing_images(captures.images, options).ok_or("its images cannot be compared")?;
    let (changes, claims) = claimed_changes(&pages);
    let mut diff = compare_images(&images.baseline, &images.current, options)
        .draw_diff(&images.baseline, &images.current)
        .map_err(|error| error.to_string())?;
    for (claim, pixels) in claims.iter().zip(claimed_pixels(&images, &claims)) {
        let change = &changes.all[claim.change];
        let is_explained = match chosen.flatten() {
            Some(cause) => is_of(recorded, cause, &pages, change),
            None => true,
        };
        if is_explained {
            paint(&mut diff, &pixels);
        }
    }
    encode_png(&diff).map_err(|error| error.to_string())
}

/// Whether a change belongs to a recorded cause. The selector of a cause may be
/// that of a rule, which only the page knew: it distinguishes causes only where
/// several have the same values.
fn is_of(recorded: &Explanation, cause: &Cause, pages: &PagePair, change: &Change) -> bool {
    let has_values = |cause: &Cause| {
        cause.kind == change.kind
            && cause.property == change.property
            && cause.from == change.from
            && cause.to == change.to
    };
    let is_only = || known(recorded).filter(|&other| has_values(other)).count() == 1;
    let has_selector = || selector([&pages.baseline, &pages.current], change) == cause.selector;
    has_values(cause) && (is_only() || has_selector())
}

fn paint(diff: &mut RgbaImage, pixels: &[(u32, u32)]) {
    for &(x, y) in pixels {
        diff.put_pixel(x, y, EXPLAINED);
    }
}
