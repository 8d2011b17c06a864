//! Reads rows of a PNG.

use std::ops::Range;

/// Opaque pixels of three bytes to pixels of four.
#[inline(always)]
pub(crate) fn widen(rgb: &[u8], rgba: &mut [u32]) {
    let (rgb, _) = rgb.as_chunks::<3>();
    for (out, [r, g, b]) in rgba.iter_mut().zip(rgb) {
        *out = u32::from_le_bytes([*r, *g, *b, 255]);
    }
}

/// Paeth, for some of a row's pixels.
pub(crate) fn paeth<const BPP: usize>(above: &[u8], row: &mut [u8], pixels: Range<usize>) {
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

/// The neighbour that is nearest to `left + above - corner`; of two, the one
/// named first.
#[inline(always)]
fn nearest(left: i16, above: i16, corner: i16) -> i16 {
    let to_left = (above - corner).abs();
    let to_above = (left - corner).abs();
    let to_corner = (left + above - 2 * corner).abs();
    // Selections rather than branches, because the neighbour cannot be
    // predicted.
    let other = if to_above <= to_corner { above } else { corner };
    if to_left <= to_above.min(to_corner) {
        left
    } else {
        other
    }
}
