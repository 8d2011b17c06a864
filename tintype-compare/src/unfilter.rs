//! Undoes the filters of rows (PNG specification, third edition, chapter 9).

use super::simd;

/// Undoes a row's filter. `above` is the finished row above, zeros for the
/// first one. `filter` must be 0 to 4, `BPP` is the bytes per pixel.
pub(super) fn row<const BPP: usize>(filter: u8, above: &[u8], row: &mut [u8]) {
    match filter {
        1 => sub::<BPP>(row),
        2 => up(above, row),
        3 => average::<BPP>(above, row),
        4 => paeth_in_runs::<BPP>(above, row),
        _ => {}
    }
}

fn sub<const BPP: usize>(row: &mut [u8]) {
    let mut left = [0_u8; BPP];
    for pixel in row.as_chunks_mut::<BPP>().0 {
        for c in 0..BPP {
            pixel[c] = pixel[c].wrapping_add(left[c]);
        }
        left = *pixel;
    }
}

fn up(above: &[u8], row: &mut [u8]) {
    for (byte, above) in row.iter_mut().zip(above) {
        *byte = byte.wrapping_add(*above);
    }
}

fn average<const BPP: usize>(above: &[u8], row: &mut [u8]) {
    let mut left = [0_u8; BPP];
    let above = above.as_chunks::<BPP>().0;
    for (pixel, above) in row.as_chunks_mut::<BPP>().0.iter_mut().zip(above) {
        for c in 0..BPP {
            let mean = (u16::from(left[c]) + u16::from(above[c])) / 2;
            pixel[c] = pixel[c].wrapping_add(mean as u8);
        }
        left = *pixel;
    }
}

/// Pixels that are processed together.
const RUN: usize = 16;

/// Paeth. If the differences are zero and the last pixel equals the one above
/// it, the next pixels equal those above them: the case of most pixels of a
/// screenshot.
fn paeth_in_runs<const BPP: usize>(above: &[u8], row: &mut [u8]) {
    let width = row.len() / BPP;
    for start in (0..width).step_by(RUN) {
        let run = start..(start + RUN).min(width);
        let bytes = run.start * BPP..run.end * BPP;
        let last = bytes.start.saturating_sub(BPP)..bytes.start;
        let adds_nothing = row[bytes.clone()].iter().fold(0, |all, byte| all | byte) == 0;
        if adds_nothing && row[last.clone()] == above[last] {
            row[bytes.clone()].copy_from_slice(&above[bytes]);
        } else {
            simd::paeth::<BPP>(above, row, run);
        }
    }
}
