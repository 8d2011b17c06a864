//! Detects anti-aliasing exactly as `pixelmatch` does.
//!
//! Source: V. Vyšniauskas, "Anti-aliased Pixel and Intensity Slope Detector"
//! (2009). Neighbours are visited in `pixelmatch`'s order, which decides ties.

use super::{oklab, yiq};
use crate::options::Metric;

/// A rectangle of RGBA pixels.
pub(crate) trait Pixels {
    /// Width in pixels.
    fn width(&self) -> usize;
    /// Height in pixels.
    fn height(&self) -> usize;
    /// Red, green, blue and alpha, not premultiplied, at column `x`, row `y`.
    fn at(&self, x: usize, y: usize) -> [u8; 4];
}

/// Whether the pixel at `x`, `y` is likely anti-aliasing in one of the images.
pub(crate) fn antialiased(
    metric: Metric,
    a: &impl Pixels,
    b: &impl Pixels,
    (x, y): (usize, usize),
) -> bool {
    antialiased_in(metric, a, b, (x, y)) || antialiased_in(metric, b, a, (x, y))
}

fn antialiased_in(
    metric: Metric,
    image: &impl Pixels,
    other: &impl Pixels,
    (x, y): (usize, usize),
) -> bool {
    let (xs, ys, on_edge) = neighbourhood(image, x, y);
    let centre = image.at(x, y);
    let pixel_index = y * image.width() + x;
    let mut equal = u32::from(on_edge);
    let (mut darkest, mut brightest) = ((0.0, 0, 0), (0.0, 0, 0));
    // Columns in the outer loop: of equal neighbours the first one counts.
    for nx in xs {
        for ny in ys.clone() {
            if (nx, ny) == (x, y) {
                continue;
            }
            let neighbour = image.at(nx, ny);
            let delta = match metric {
                Metric::Oklab => oklab::brightness_delta(centre, neighbour),
                Metric::Yiq => yiq::brightness_delta(centre, neighbour, pixel_index),
            };
            if delta == 0.0 {
                equal += 1;
                if equal > 2 {
                    return false;
                }
            } else if delta < darkest.0 {
                darkest = (delta, nx, ny);
            } else if delta > brightest.0 {
                brightest = (delta, nx, ny);
            }
        }
    }
    if darkest.0 == 0.0 || brightest.0 == 0.0 {
        return false;
    }
    let flat = |(_, x, y)| has_many_siblings(image, x, y) && has_many_siblings(other, x, y);
    flat(darkest) || flat(brightest)
}

/// Whether a pixel has more than two neighbours of its own colour; the image's
/// edge counts as one.
pub(crate) fn has_many_siblings(image: &impl Pixels, x: usize, y: usize) -> bool {
    let (xs, ys, on_edge) = neighbourhood(image, x, y);
    let centre = image.at(x, y);
    let equal = xs
        .flat_map(|nx| ys.clone().map(move |ny| (nx, ny)))
        .filter(|&(nx, ny)| (nx, ny) != (x, y) && image.at(nx, ny) == centre)
        .count();
    equal + usize::from(on_edge) > 2
}

type Span = std::ops::RangeInclusive<usize>;

fn neighbourhood(image: &impl Pixels, x: usize, y: usize) -> (Span, Span, bool) {
    let (right, bottom) = (image.width() - 1, image.height() - 1);
    let on_edge = x == 0 || y == 0 || x == right || y == bottom;
    let xs = x.saturating_sub(1)..=(x + 1).min(right);
    let ys = y.saturating_sub(1)..=(y + 1).min(bottom);
    (xs, ys, on_edge)
}
