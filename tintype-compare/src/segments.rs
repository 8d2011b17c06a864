//! Two PNGs judged while they are inflated, whatever part of them differs.
//!
//! For who wants counts and no picture: rows are restored, judged and forgotten
//! segment by segment, so that memory does not grow with the page.

use super::chunks::Plain;
use super::comparison::Tally;
use super::engine;
use super::inflate::Bands;
use super::mask::Mask;
use super::options::Options;
use super::pool::Buffer;
use super::rows::{self, Rows};
use super::view::Pair;
use super::workers;

/// Rows above and below one that are needed to judge it.
const CONTEXT: usize = 2;

/// Counts what differs in two images, in segments of `1 << shift` rows. `None`
/// where they have rows of another shape, or one of them is damaged.
pub(super) fn count(
    a: &Plain<'_>,
    b: &Plain<'_>,
    options: &Options,
    shift: u32,
    parallel: bool,
) -> Option<Tally> {
    if !a.is_like(b) {
        return None;
    }
    let theirs = || Restored::new(b, 1 << shift).into_iter().flatten();
    workers::ahead(parallel, theirs, |theirs| {
        let mask = Mask::new(&options.ignore, a.width as u32, a.height as u32);
        let question = options.question(&mask);
        let new = || Tally::new(a.width as u32, 0);
        let (mut left, mut right) = (Rows::new(a, shift), Rows::new(b, shift));
        let (mut tally, mut judged, mut forgotten) = (new(), 0, 0);
        for ours in Restored::new(a, 1 << shift)? {
            let seen = left.push_restored(ours);
            right.push_restored(theirs.next()?);
            let last = seen == a.height;
            let end = if last {
                seen
            } else {
                seen.saturating_sub(CONTEXT)
            };
            let pair = Pair {
                rows: (judged, end.max(judged)),
                ..Pair::overlap(left.view(), right.view())
            };
            for found in engine::compare(pair, &question, new) {
                tally.merge(&found);
            }
            judged = end.max(judged);
            let needed = judged.saturating_sub(CONTEXT) >> shift;
            for band in forgotten..needed {
                left.forget(band);
                right.forget(band);
            }
            forgotten = needed;
        }
        (judged == a.height).then_some(tally)
    })
}

/// Bands of restored rows.
struct Restored<'a> {
    bands: Bands<'a>,
    stride: usize,
    bytes_per_pixel: usize,
    /// The last row of the band before.
    above: Vec<u8>,
}

impl<'a> Restored<'a> {
    fn new(png: &Plain<'a>, rows: usize) -> Option<Self> {
        Some(Self {
            bands: png.bands(rows)?,
            stride: png.stride(),
            bytes_per_pixel: png.bytes_per_pixel,
            above: vec![0; png.stride() - 1],
        })
    }
}

impl Iterator for Restored<'_> {
    type Item = Buffer;

    fn next(&mut self) -> Option<Buffer> {
        let mut band = self.bands.next()?;
        let mut above = &self.above[..];
        for row in band.chunks_exact_mut(self.stride) {
            let (filter, row) = row.split_first_mut()?;
            rows::restore(*filter, above, row, self.bytes_per_pixel)?;
            above = row;
        }
        self.above = above.to_vec();
        Some(band)
    }
}
