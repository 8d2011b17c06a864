//! HyAB distance in OKLab, many pixels at once.
//!
//! Approximates in `f32` the distance that [`metric`](crate::metric) computes
//! exactly.

use super::chunk::{CHUNK, ChunkEstimate, is_translucent, is_unequal, pack};

/// The margin of the approximate distance.
/// `the_approximation_is_within_its_margin` measures the true error over all
/// colours.
pub(crate) const MARGIN: f32 = 1e-3;

/// A colour in OKLab, before its lightness is subtracted from another's.
#[derive(Clone, Copy)]
pub(crate) struct Approximation {
    pub(crate) lightness: f32,
    /// The cone responses after the cube root.
    pub(crate) lms: [f32; 3],
}

/// Compares a chunk by OKLab distance. With `FMA` the processor multiplies and
/// adds in one instruction.
#[inline(always)]
pub(crate) fn estimate_oklab<const FMA: bool>(
    a: &[u32; CHUNK],
    b: &[u32; CHUNK],
    threshold: f32,
) -> ChunkEstimate {
    let mut unequal = [0_u8; CHUNK];
    let mut differing = [0_u8; CHUNK];
    let mut unsure = [0_u8; CHUNK];
    for i in 0..CHUNK {
        let (p, q) = (a[i], b[i]);
        let (left, right) = (approximate::<FMA>(p), approximate::<FMA>(q));
        let [dl, dm, ds] = [0, 1, 2].map(|c| left.lms[c] - right.lms[c]);
        let da = fma::<FMA>(
            dl,
            1.977_998_5,
            fma::<FMA>(dm, -2.428_592_2, ds * 0.450_593_7),
        );
        let db = fma::<FMA>(
            dl,
            0.025_904_037,
            fma::<FMA>(dm, 0.782_771_77, ds * -0.808_675_77),
        );
        let chroma = fma::<FMA>(da, da, db * db);
        let rest = threshold - (left.lightness - right.lightness).abs();
        let (high, low) = (rest + MARGIN, rest - MARGIN);
        // A square with its sign: a negative rest leaves no room for colour.
        let beyond = chroma > high * high.abs();
        let within = chroma <= low * low.abs();
        let translucent = is_translucent(p, q);
        differing[i] = u8::from(beyond & !translucent);
        unsure[i] = u8::from((!(beyond | within) | translucent) & (p != q));
        unequal[i] = u8::from(is_unequal(p, q));
    }
    ChunkEstimate {
        unequal: pack(&unequal),
        differing: pack(&differing),
        unsure: pack(&unsure),
    }
}

/// An opaque colour in OKLab, approximately.
#[inline(always)]
pub(crate) fn approximate<const FMA: bool>(pixel: u32) -> Approximation {
    let linear = |shift: u32| linear::<FMA>((pixel >> shift & 255) as i32 as f32);
    let (r, g, b) = (linear(0), linear(8), linear(16));
    let response = |weights: [f32; 3]| {
        let [wr, wg, wb] = weights;
        cube_root::<FMA>(fma::<FMA>(r, wr, fma::<FMA>(g, wg, b * wb)))
    };
    let l = response([0.412_221_46, 0.536_332_55, 0.051_445_995]);
    let m = response([0.211_903_5, 0.680_699_6, 0.107_396_96]);
    let s = response([0.088_302_46, 0.281_718_85, 0.629_978_7]);
    let lightness = fma::<FMA>(
        l,
        0.210_454_26,
        fma::<FMA>(m, 0.793_617_8, s * -0.004_072_047),
    );
    // Ottosson's toe, with k1 = 0.206, k2 = 0.03 and k3 = 1.206 / 1.03.
    let x = fma::<FMA>(lightness, 1.170_873_8, -0.206);
    let root = fma::<FMA>(x, x, lightness * 0.140_504_85).sqrt();
    Approximation {
        lightness: 0.5 * (x + root),
        lms: [l, m, s],
    }
}

/// Linear light of an sRGB byte: a polynomial fitted to the curve where that is
/// no straight line.
#[inline(always)]
fn linear<const FMA: bool>(byte: f32) -> f32 {
    let c = byte * (1.0 / 255.0);
    let curve = fma::<FMA>(0.090_493_55, c, -0.314_198_96);
    let curve = fma::<FMA>(curve, c, 0.671_948_5);
    let curve = fma::<FMA>(curve, c, 0.518_125_2);
    let curve = fma::<FMA>(curve, c, 0.032_848_94);
    let curve = fma::<FMA>(curve, c, 0.000_915_489_04);
    if byte <= 10.0 {
        c * (1.0 / 12.92)
    } else {
        curve
    }
}

/// The cube root of a number between 0 and 1.
#[inline(always)]
fn cube_root<const FMA: bool>(x: f32) -> f32 {
    // Dividing the exponent by -3 gives the inverse root to about 4 %. A float
    // between 2^23 and 2^24 has its whole number in its lowest bits: that is
    // faster than a conversion, which has to handle overflow.
    let high_bits = fma::<FMA>(x.to_bits() as i32 as f32, -1.0 / 768.0, BIAS);
    let y = f32::from_bits(high_bits.to_bits() << 8);
    // One step of third and one of second order.
    let h = fma::<FMA>(-x * y, y * y, 1.0);
    let y = fma::<FMA>(y * h, fma::<FMA>(h, 2.0 / 9.0, 1.0 / 3.0), y);
    let h = fma::<FMA>(-x * y, y * y, 1.0);
    let y = fma::<FMA>(y * h, 1.0 / 3.0, y);
    x * y * y
}

/// 2^23, and the bits of 1 times 4/3, less what makes the error even, without
/// the lowest eight bits.
const BIAS: f32 = 8_388_608.0 + 1_420_000_000.0 / 256.0;

#[inline(always)]
fn fma<const FMA: bool>(a: f32, b: f32, c: f32) -> f32 {
    if FMA { a.mul_add(b, c) } else { a * b + c }
}
