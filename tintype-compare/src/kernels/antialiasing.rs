//! The anti-aliasing detector for rows of opaque pixels.

use super::chunk::{CHUNK, pack};

/// Sets `many[x]` to 1 where more than two of a pixel's eight neighbours have
/// its colour, otherwise to 0. Correct for pixels that have eight neighbours.
#[inline(always)]
pub(crate) fn siblings(above: &[u32], row: &[u32], below: &[u32], many: &mut [u32]) {
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
pub(crate) fn keys(row: &[u32], many: &[u32], many_other: &[u32], keys: &mut [f64]) {
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
/// key. If lumas tie, the one that `pixelmatch` visits first wins: the place in
/// its order (columns left to right, in each of them rows downwards) is added
/// below the luma, ascending for the smallest and descending for the largest
/// key. The lowest bit of the winner is set if it lies in a flat area of both
/// images. The pixel itself takes part, which changes nothing: it is neither
/// darker nor brighter than itself.
#[inline(always)]
pub(crate) fn antialiased(
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
