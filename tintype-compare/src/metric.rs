//! The measure, pixel by pixel, exactly as `pixelmatch` 7.2 computes it.
//!
//! Sources of the formulas: Y. Kotsarenko and F. Ramos, "Measuring perceived
//! color difference using YIQ NTSC transmission color space in mobile
//! applications" (2010); V. Vyšniauskas, "Anti-aliased Pixel and Intensity
//! Slope Detector" (2009). The order of the floating point operations is
//! `pixelmatch`'s: results agree to the last bit, and so do the ties.

/// A rectangle of RGBA pixels.
pub(super) trait Pixels {
    /// Width in pixels.
    fn width(&self) -> usize;
    /// Height in pixels.
    fn height(&self) -> usize;
    /// Red, green, blue and alpha, not premultiplied, at column `x`, row `y`.
    fn at(&self, x: usize, y: usize) -> [u8; 4];
}

/// The colour behind a translucent pixel: `pixelmatch`'s checkerboard, which
/// depends on the pixel's byte offset in the image.
fn backdrop(pixel_index: usize) -> [f64; 3] {
    let k = (pixel_index * 4) as f64;
    let shade = |step: f64| 48.0 + 159.0 * ((k / step) as u64 % 2) as f64;
    [48.0, shade(1.618033988749895), shade(2.618033988749895)]
}

/// The difference of two colours per channel, blended where one is translucent.
fn channel_deltas(p: [u8; 4], q: [u8; 4], pixel_index: usize) -> [f64; 3] {
    let [p0, p1, p2, pa] = p.map(f64::from);
    let [q0, q1, q2, qa] = q.map(f64::from);
    if p[3] == 255 && q[3] == 255 {
        return [p0 - q0, p1 - q1, p2 - q2];
    }
    let [rb, gb, bb] = backdrop(pixel_index);
    let da = pa - qa;
    [
        (p0 * pa - q0 * qa - rb * da) / 255.0,
        (p1 * pa - q1 * qa - gb * da) / 255.0,
        (p2 * pa - q2 * qa - bb * da) / 255.0,
    ]
}

fn luma([dr, dg, db]: [f64; 3]) -> f64 {
    dr * 0.29889531 + dg * 0.58662247 + db * 0.11448223
}

/// The squared YIQ distance of two colours at one place, 0 to about 35215.
pub(super) fn colour_delta(p: [u8; 4], q: [u8; 4], pixel_index: usize) -> f64 {
    if p == q {
        return 0.0;
    }
    let deltas @ [dr, dg, db] = channel_deltas(p, q, pixel_index);
    let y = luma(deltas);
    let i = dr * 0.59597799 - dg * 0.27417610 - db * 0.32180189;
    let q = dr * 0.21147017 - dg * 0.52261711 + db * 0.31114694;
    0.5053 * y * y + 0.299 * i * i + 0.1957 * q * q
}

/// Whether the pixel at `x`, `y` is likely anti-aliasing in one of the images.
pub(super) fn antialiased(a: &impl Pixels, b: &impl Pixels, x: usize, y: usize) -> bool {
    antialiased_in(a, b, x, y) || antialiased_in(b, a, x, y)
}

fn antialiased_in(image: &impl Pixels, other: &impl Pixels, x: usize, y: usize) -> bool {
    let (xs, ys, on_edge) = neighbourhood(image, x, y);
    let centre = image.at(x, y);
    let pixel_index = y * image.width() + x;
    let mut equal = u32::from(on_edge);
    let (mut darkest, mut brightest) = ((0.0, 0, 0), (0.0, 0, 0));
    // Columns outside, rows inside: among equals the first one met counts.
    for nx in xs {
        for ny in ys.clone() {
            if (nx, ny) == (x, y) {
                continue;
            }
            let delta = luma(channel_deltas(centre, image.at(nx, ny), pixel_index));
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

/// Whether a pixel has more than two neighbours of its own colour; the
/// image's edge counts as one.
pub(super) fn has_many_siblings(image: &impl Pixels, x: usize, y: usize) -> bool {
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
