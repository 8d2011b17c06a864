//! The measure of `pixelmatch` 7.2: squared distance in YIQ.
//!
//! Source of the formula: Y. Kotsarenko and F. Ramos, "Measuring perceived
//! color difference using YIQ NTSC transmission color space in mobile
//! applications" (2010). The floating point operations are in `pixelmatch`'s
//! order, so results agree to the last bit.

/// The largest squared distance, between black and white.
pub(super) const MAX_DELTA: f64 = 35215.0;

/// The colour behind a translucent pixel: `pixelmatch`'s checkerboard, which
/// depends on the pixel's byte offset in the image.
fn backdrop(pixel_index: usize) -> [f64; 3] {
    let k = (pixel_index * 4) as f64;
    let shade = |step: f64| 48.0 + 159.0 * ((k / step) as u64 % 2) as f64;
    [48.0, shade(1.618033988749895), shade(2.618033988749895)]
}

/// The difference of two colours per channel, blended if one is translucent.
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

pub(super) fn luma([dr, dg, db]: [f64; 3]) -> f64 {
    dr * 0.29889531 + dg * 0.58662247 + db * 0.11448223
}

/// The difference in brightness of two colours at one place.
pub(super) fn brightness_delta(p: [u8; 4], q: [u8; 4], pixel_index: usize) -> f64 {
    luma(channel_deltas(p, q, pixel_index))
}

/// The squared distance of two colours at one place, 0 to [`MAX_DELTA`].
pub(super) fn squared_distance(p: [u8; 4], q: [u8; 4], pixel_index: usize) -> f64 {
    if p == q {
        return 0.0;
    }
    let deltas @ [dr, dg, db] = channel_deltas(p, q, pixel_index);
    let y = luma(deltas);
    let i = dr * 0.59597799 - dg * 0.27417610 - db * 0.32180189;
    let q = dr * 0.21147017 - dg * 0.52261711 + db * 0.31114694;
    0.5053 * y * y + 0.299 * i * i + 0.1957 * q * q
}
