//! The measure of `pixelmatch` 8.0: HyAB distance in OKLab with a
//! toe-corrected lightness.
//!
//! Sources of the formulas: B. Ottosson, "A perceptual color space for image
//! processing" (2020) and "Okhsv and Okhsl" (2021, the toe function); S. Abasi,
//! M. Amani Tehran and M. D. Fairchild, "Distance metrics for very large color
//! differences" (2019, HyAB). `pixelmatch` interpolates the cube root in a
//! table of 4096 steps; so does this, with the operations in the same order.

use std::sync::LazyLock;

/// Steps of the table of cube roots between 0 and 1.
const CBRT_STEPS: usize = 4096;

/// Below this step the cube root bends too much to be interpolated.
const FIRST_INTERPOLATED: usize = 8;

const TOE_K1: f64 = 0.206;
const TOE_K2: f64 = 0.03;
const TOE_K3: f64 = (1.0 + TOE_K1) / (1.0 + TOE_K2);

struct Tables {
    /// Linear light of every sRGB byte; the last one twice, for interpolation.
    linear: [f64; 257],
    cube_roots: [f64; CBRT_STEPS + 2],
}

static TABLES: LazyLock<Tables> = LazyLock::new(|| Tables {
    linear: std::array::from_fn(|byte| {
        let channel = byte.min(255) as f64 / 255.0;
        if channel <= 0.04045 {
            channel / 12.92
        } else {
            ((channel + 0.055) / 1.055).powf(2.4)
        }
    }),
    cube_roots: std::array::from_fn(|step| cube_root(step as f64 / CBRT_STEPS as f64)),
});

/// The cube root of 0 or of a normal positive number, by the method of
/// FreeBSD's `s_cbrt.c`, which JavaScript engines use: a standard library may
/// round the last bit in another way on another platform.
fn cube_root(x: f64) -> f64 {
    if x == 0.0 {
        return 0.0;
    }
    // Dividing the exponent by three gives five bits.
    let high = (x.to_bits() >> 32) as u32 / 3 + 715_094_163;
    let t = f64::from_bits(u64::from(high) << 32);
    // A polynomial gives 23 bits.
    let r = (t * t) * (t / x);
    let t = t
        * ((1.875_951_824_271_77 + r * (-1.884_979_795_433_771_7 + r * 1.621_429_720_105_354_5))
            + ((r * r) * r) * (-0.758_397_934_778_766 + r * 0.145_996_192_886_612_45));
    // Rounded so that its square is exact.
    let t = f64::from_bits((t.to_bits() + 0x8000_0000) & 0xffff_ffff_c000_0000);
    // One step of Newton's method gives 53 bits.
    let s = t * t;
    let r = x / s;
    let w = t + t;
    t + t * ((r - t) / (w + r))
}

impl Tables {
    /// Linear light of a channel between 0 and 255.
    fn linear(&self, channel: f64) -> f64 {
        let step = channel as usize;
        self.linear[step] + (self.linear[step + 1] - self.linear[step]) * (channel - step as f64)
    }

    /// The cube root of a number between 0 and 1.
    fn cube_root(&self, x: f64) -> f64 {
        let t = x * CBRT_STEPS as f64;
        let step = t as usize;
        if step < FIRST_INTERPOLATED {
            return cube_root(x);
        }
        let [here, next] = [self.cube_roots[step], self.cube_roots[step + 1]];
        here + (next - here) * (t - step as f64)
    }

    /// The cone responses of a colour after the cube root.
    fn lms(&self, colour: [f64; 3]) -> [f64; 3] {
        let [r, g, b] = colour.map(|channel| self.linear(channel));
        [
            0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b,
            0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b,
            0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b,
        ]
        .map(|response| self.cube_root(response))
    }
}

/// Lightness with Ottosson's toe: black is 0, white is 1, and the steps near
/// black are as small as they look.
fn lightness([l, m, s]: [f64; 3]) -> f64 {
    let lightness = 0.2104542553 * l + 0.7936177850 * m - 0.0040720468 * s;
    let x = TOE_K3 * lightness - TOE_K1;
    0.5 * (x + (x * x + 4.0 * TOE_K2 * TOE_K3 * lightness).sqrt())
}

/// The colour behind a translucent pixel: one of eight, by the three highest
/// bits of a Fibonacci hash of the pixel's index.
fn backdrop(pixel_index: usize) -> [f64; 3] {
    let hash = (pixel_index as u32).wrapping_mul(0x9e37_79b1);
    [31, 30, 29].map(|bit| 48.0 + 159.0 * f64::from(hash >> bit & 1))
}

/// A colour over the backdrop.
fn blend([r, g, b, alpha]: [u8; 4], backdrop: [f64; 3]) -> [f64; 3] {
    let channels = [r, g, b].map(f64::from);
    if alpha == 255 {
        return channels;
    }
    let alpha = f64::from(alpha);
    std::array::from_fn(|c| (channels[c] * alpha + backdrop[c] * (255.0 - alpha)) / 255.0)
}

/// Difference in lightness, and the squared distance in the plane of colours.
fn deltas(p: [u8; 4], q: [u8; 4], pixel_index: usize) -> (f64, f64) {
    let backdrop = backdrop(pixel_index);
    let tables = &*TABLES;
    let [p, q] = [p, q].map(|colour| tables.lms(blend(colour, backdrop)));
    let [dl, dm, ds] = std::array::from_fn(|c| p[c] - q[c]);
    let da = 1.9779984951 * dl - 2.4285922050 * dm + 0.4505937099 * ds;
    let db = 0.0259040371 * dl + 0.7827717662 * dm - 0.8086757660 * ds;
    (lightness(p) - lightness(q), da * da + db * db)
}

/// Whether two colours at one place are farther apart than `limit`.
pub(super) fn differs(p: [u8; 4], q: [u8; 4], pixel_index: usize, limit: f64) -> bool {
    if p == q {
        return false;
    }
    let (lightness, chroma) = deltas(p, q, pixel_index);
    let rest = limit - lightness.abs();
    !(rest >= 0.0 && chroma <= rest * rest)
}

/// The distance of two colours at one place, 1 between black and white.
pub(super) fn distance(p: [u8; 4], q: [u8; 4], pixel_index: usize) -> f64 {
    if p == q {
        return 0.0;
    }
    let (lightness, chroma) = deltas(p, q, pixel_index);
    lightness.abs() + chroma.sqrt()
}

/// The difference in brightness that the anti-aliasing detector uses: luma
/// over white, or the difference in alpha if the luma is the same.
pub(super) fn brightness_delta(p: [u8; 4], q: [u8; 4]) -> f64 {
    let [p0, p1, p2, pa] = p.map(f64::from);
    let [q0, q1, q2, qa] = q.map(f64::from);
    if p[3] == 255 && q[3] == 255 {
        return super::yiq::luma([p0 - q0, p1 - q1, p2 - q2]);
    }
    let da = pa - qa;
    let delta = super::yiq::luma([
        (p0 * pa - q0 * qa - 255.0 * da) / 255.0,
        (p1 * pa - q1 * qa - 255.0 * da) / 255.0,
        (p2 * pa - q2 * qa - 255.0 * da) / 255.0,
    ]);
    if delta == 0.0 { da / 2.0 } else { delta }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::{OKLAB_MARGIN, approximate_oklab};

    #[test]
    fn the_approximation_is_within_its_margin() {
        let step = if cfg!(miri) { 51 } else { 1 };
        let bytes = || (0..=255_u8).step_by(step);
        let tables = &*TABLES;
        let (mut lightness_error, mut chroma_error) = (0.0_f64, 0.0_f64);
        for (r, g, b) in
            bytes().flat_map(|r| bytes().flat_map(move |g| bytes().map(move |b| (r, g, b))))
        {
            let exact = tables.lms([r, g, b].map(f64::from));
            let pixel = u32::from_le_bytes([r, g, b, 255]);
            let found = [
                approximate_oklab::<false>(pixel),
                approximate_oklab::<true>(pixel),
            ];
            for found in found {
                let [dl, dm, ds] = std::array::from_fn(|c| exact[c] - f64::from(found.lms[c]));
                let da = 1.9779984951 * dl - 2.4285922050 * dm + 0.4505937099 * ds;
                let db = 0.0259040371 * dl + 0.7827717662 * dm - 0.8086757660 * ds;
                chroma_error = chroma_error.max(da.hypot(db));
                let lightness = lightness(exact) - f64::from(found.lightness);
                lightness_error = lightness_error.max(lightness.abs());
            }
        }
        // Either of two colours may be off.
        let error = 2.0 * (lightness_error + chroma_error);
        assert!(
            error < f64::from(OKLAB_MARGIN) / 1.5,
            "{lightness_error} in lightness, {chroma_error} in the plane of colours"
        );
    }
}
