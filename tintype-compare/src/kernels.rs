//! The loops over rows of pixels that take the time.
//!
//! Plain code without branches on pixels, so that the compiler can work on
//! many at once; [`simd`](super::simd) compiles it once more for each
//! instruction set. Pixels are RGBA with red in the lowest byte. PngRows of
//! pixels and keys carry one more element at either end: column `x` is
//! element `x + 1`.

use std::ops::Range;

/// Pixels that are judged together: one word of a row's bits.
pub(super) const CHUNK: usize = 64;

/// What the fast measure can say of a chunk of pixels, one bit each.
#[derive(Clone, Copy, Default)]
pub(super) struct ChunkEstimate {
    /// They differ.
    pub(super) differing: u64,
    /// Too close to the limit for `f32`, or translucent: to be looked at again.
    pub(super) unsure: u64,
}

/// How far `f32` may be off, relative to the limit. The true error is about a
/// tenth of that.
const MARGIN: f64 = 2e-5;

/// Opaque pixels of three bytes to pixels of four.
#[inline(always)]
pub(super) fn widen(rgb: &[u8], rgba: &mut [u32]) {
    let (rgb, _) = rgb.as_chunks::<3>();
    for (out, [r, g, b]) in rgba.iter_mut().zip(rgb) {
        *out = u32::from_le_bytes([*r, *g, *b, 255]);
    }
}

/// Compares a chunk by YIQ distance, taking every pixel for opaque.
#[inline(always)]
pub(super) fn estimate(a: &[u32; CHUNK], b: &[u32; CHUNK], max_delta: f64) -> ChunkEstimate {
    let low = (max_delta * (1.0 - MARGIN)) as f32;
    let high = (max_delta * (1.0 + MARGIN)) as f32;
    let mut differing = [0_u8; CHUNK];
    let mut unsure = [0_u8; CHUNK];
    for i in 0..CHUNK {
        let (p, q) = (a[i], b[i]);
        let channel = |shift: u32| ((p >> shift & 255) as i32 - (q >> shift & 255) as i32) as f32;
        let (dr, dg, db) = (channel(0), channel(8), channel(16));
        let y = dr * 0.298_895_3 + dg * 0.586_622_5 + db * 0.114_482_23;
        let i_ = dr * 0.595_978 - dg * 0.274_176_1 - db * 0.321_801_9;
        let q_ = dr * 0.211_470_17 - dg * 0.522_617_1 + db * 0.311_146_94;
        let delta = 0.5053 * y * y + 0.299 * i_ * i_ + 0.1957 * q_ * q_;
        let translucent = (p & q) >> 24 != 255;
        let beyond = delta > high;
        let near = (delta >= low) & !beyond;
        differing[i] = u8::from(beyond & !translucent);
        unsure[i] = u8::from((near | translucent) & (p != q));
    }
    ChunkEstimate {
        differing: pack(&differing),
        unsure: pack(&unsure),
    }
}

/// Sets `many[x]` to 1 where more than two of a pixel's eight neighbours have
/// its colour, otherwise to 0. Right for pixels that have eight.
#[inline(always)]
pub(super) fn siblings(above: &[u32], row: &[u32], below: &[u32], many: &mut [u32]) {
    let n = many.len();
    let (above, row, below) = (&above[..n + 2], &row[..n + 2], &below[..n + 2]);
    for x in 0..n {
        let centre = row[x + 1];
        let equal = u32::from(above[x] == centre)
            + u32::from(above[x + 1] == centre)
            + u32::from(above[x + 2] == centre)
            + u32::from(row[x] == centre)
            + u32::from(row[x + 2] == centre)
            + u32::from(below[x] == centre)
            + u32::from(below[x + 1] == centre)
            + u32::from(below[x + 2] == centre);
        many[x] = u32::from(equal > 2);
    }
}

/// Room below a pixel's luma in its key, for the place among its neighbours
/// and for one bit.
const ROOM: f64 = 32.0;

/// Gives each pixel a key: its luma as a whole number (the measure's weights
/// have eight decimals) times [`ROOM`], plus 1 where both images have many
/// siblings there. All of it is exact in `f64`, and so is the order of keys:
/// no two opaque colours have the same luma.
#[inline(always)]
pub(super) fn keys(row: &[u32], many: &[u32], many_other: &[u32], keys: &mut [f64]) {
    let n = many.len();
    let (row, many_other, keys) = (&row[..n + 2], &many_other[..n], &mut keys[..n + 2]);
    for x in 0..n {
        let pixel = row[x + 1];
        let channel = |shift: u32| f64::from((pixel >> shift & 255) as i32);
        keys[x + 1] = channel(0) * (29_889_531.0 * ROOM)
            + channel(8) * (58_662_247.0 * ROOM)
            + channel(16) * (11_448_223.0 * ROOM)
            + f64::from((many[x] & many_other[x]) as i32);
    }
}

/// Which pixels of a chunk are anti-aliasing in this image. The slices are the
/// chunk's keys with one more at either end, and its pixels' siblings.
///
/// The darkest and the brightest neighbour are the smallest and the largest
/// key. Where lumas tie, the one that `pixelmatch` meets first wins: the place
/// in its order (columns left to right, in each of them rows downwards) is
/// added below the luma, ascending for the smallest and descending for the
/// largest key. The lowest bit of the winner tells whether it lies in a flat
/// area of both images. The pixel itself takes part, which changes nothing: it
/// is neither darker nor brighter than itself.
#[inline(always)]
pub(super) fn antialiased(
    above: &[f64; CHUNK + 2],
    row: &[f64; CHUNK + 2],
    below: &[f64; CHUNK + 2],
    many: &[u32; CHUNK],
) -> u64 {
    let mut smallest = [0.0; CHUNK + 2];
    let mut largest = [0.0; CHUNK + 2];
    for x in 0..CHUNK + 2 {
        smallest[x] = min(min(above[x] + 2.0, row[x] + 4.0), below[x] + 6.0);
        largest[x] = max(max(above[x] + 6.0, row[x] + 4.0), below[x] + 2.0);
    }
    let mut found = [0_u8; CHUNK];
    for x in 0..CHUNK {
        let low = min(
            min(smallest[x], smallest[x + 1] + 8.0),
            smallest[x + 2] + 16.0,
        );
        let high = max(max(largest[x] + 16.0, largest[x + 1] + 8.0), largest[x + 2]);
        let between = (low < row[x + 1]) & (high >= row[x + 1] + (ROOM - 1.0));
        let flat = lowest_bit(low) | lowest_bit(high);
        found[x] = u8::from(between) & flat & (1 - many[x] as u8);
    }
    pack(&found)
}

/// Of a whole number below 2⁵²: added to it, the number is the mantissa.
#[inline(always)]
fn lowest_bit(number: f64) -> u8 {
    ((number + 4_503_599_627_370_496.0).to_bits() & 1) as u8
}

// `f64::min` and `max` take care of NaN, which costs and cannot occur.
#[inline(always)]
fn min(a: f64, b: f64) -> f64 {
    if a < b { a } else { b }
}

#[inline(always)]
fn max(a: f64, b: f64) -> f64 {
    if a > b { a } else { b }
}

/// Bytes of 0 or 1 to bits, the first one lowest.
#[inline(always)]
fn pack(flags: &[u8; CHUNK]) -> u64 {
    let (eights, _) = flags.as_chunks::<8>();
    let mut bits = 0;
    for (index, eight) in eights.iter().enumerate() {
        // Multiplying gathers the eight lowest bits in the highest byte.
        let byte = u64::from_le_bytes(*eight).wrapping_mul(0x0102_0408_1020_4080) >> 56;
        bits |= byte << (index * 8);
    }
    bits
}

/// Paeth, for some of a row's pixels.
pub(super) fn paeth<const BPP: usize>(above: &[u8], row: &mut [u8], pixels: Range<usize>) {
    let above = above.as_chunks::<BPP>().0;
    let row = row.as_chunks_mut::<BPP>().0;
    let mut left = [0_i16; BPP];
    let mut corner = [0_i16; BPP];
    if let Some(before) = pixels.start.checked_sub(1) {
        left = row[before].map(i16::from);
        corner = above[before].map(i16::from);
    }
    for (pixel, above) in row[pixels.clone()].iter_mut().zip(&above[pixels]) {
        for c in 0..BPP {
            let above = i16::from(above[c]);
            let byte = pixel[c].wrapping_add(nearest(left[c], above, corner[c]) as u8);
            pixel[c] = byte;
            left[c] = i16::from(byte);
            corner[c] = above;
        }
    }
}

/// Which of the three neighbours is nearest to `left + above - corner`; where
/// two are, the one named first.
#[inline(always)]
fn nearest(left: i16, above: i16, corner: i16) -> i16 {
    let to_left = (above - corner).abs();
    let to_above = (left - corner).abs();
    let to_corner = (left + above - 2 * corner).abs();
    // Selections rather than branches: which neighbour it is cannot be foreseen.
    let other = if to_above <= to_corner { above } else { corner };
    if to_left <= to_above.min(to_corner) {
        left
    } else {
        other
    }
}
