//! Inflates two PNGs in lockstep, band by band.
//!
//! While two images agree in their stored rows they agree in their pixels, and
//! and the pixels are not needed. Only rows around a difference are restored
//! and kept; any other band is released as soon as no row below can depend on
//! it, and reused for the next rows. Memory does not grow with the page, and
//! rows are compared while they are still in the processor's cache.

use std::ops::Range;

use super::buffer_pool::Buffer;
use super::png_chunks::PlainPng;
use super::png_rows::PngRows;
use super::threads;

/// Rows above and below a difference that are needed to classify it.
const CONTEXT: usize = 2;

/// The most bands that wait for an independent row. Longer ones, as in
/// photographs, cost less to restore than their fresh memory would.
const WAITING: usize = 64;

/// Two images with the rows that are needed.
pub(super) struct LockstepRows {
    pub(super) a: PngRows,
    pub(super) b: PngRows,
    /// Which rows are equal. They hold pixels only close to rows that are not.
    pub(super) equal: Vec<bool>,
}

/// Finds the equal rows of two images, and keeps the others with their
/// neighbours, in bands of `1 << shift` rows. `None` if their rows have
/// different shapes, one of them is damaged, or so much differs that decoding
/// both completely is faster.
pub(super) fn decode(
    a: &PlainPng<'_>,
    b: &PlainPng<'_>,
    shift: u32,
    parallel: bool,
) -> Option<LockstepRows> {
    if !a.is_like(b) {
        return None;
    }
    let rows = 1 << shift;
    let theirs = || b.bands(rows).into_iter().flatten();
    threads::with_producer(parallel, theirs, |theirs| {
        let mut decoder = LockstepDecoder::new(a, b, shift);
        for ours in a.bands(rows)? {
            decoder.take(ours, theirs.next()?)?;
        }
        decoder.end()
    })
}

/// The state of the pass over the rows.
struct LockstepDecoder {
    aligned: LockstepRows,
    shift: u32,
    height: usize,
    /// Rows that were inflated, and how many of them differ.
    seen: usize,
    differing: usize,
    /// Which bands hold rows that are needed.
    needed: Vec<bool>,
    /// An independent row: the rows below can be restored without those above
    /// it.
    anchor: usize,
    /// The first band that may still be released, per image.
    open: [usize; 2],
}

impl LockstepDecoder {
    fn new(a: &PlainPng<'_>, b: &PlainPng<'_>, shift: u32) -> Self {
        Self {
            aligned: LockstepRows {
                a: PngRows::new(a, shift),
                b: PngRows::new(b, shift),
                equal: vec![true; a.height],
            },
            shift,
            height: a.height,
            seen: 0,
            differing: 0,
            needed: vec![false; (a.height >> shift) + 1],
            anchor: 0,
            open: [0; 2],
        }
    }

    /// Takes the next band of both. `None` if one is damaged, or too much
    /// differs.
    fn take(&mut self, a: Buffer, b: Buffer) -> Option<()> {
        let rows = self.aligned.a.push(a)?;
        self.aligned.b.push(b)?;
        let LockstepRows { a, b, .. } = &self.aligned;
        let same: Vec<bool> = rows.clone().map(|y| a.stored(y) == b.stored(y)).collect();
        let unlike = same.iter().filter(|same| !**same).count();
        if self.differing + unlike > self.height / 8 + 16 {
            return None;
        }
        self.aligned.tell_equal(rows.clone(), &same);
        let equal = &self.aligned.equal[rows.clone()];
        self.differing += equal.iter().filter(|equal| !**equal).count();
        self.seen = rows.end;
        self.keep_around_differences(rows.clone());
        self.forget_above(rows);
        Some(())
    }

    /// Restores the rows close to those that differ. The lowest of them may not
    /// have been inflated yet; they follow with the next band.
    fn keep_around_differences(&mut self, rows: Range<usize>) {
        let first = rows.start.saturating_sub(CONTEXT);
        for y in first..rows.end {
            if self.aligned.equal[y] {
                continue;
            }
            for near in y.saturating_sub(CONTEXT)..(y + CONTEXT + 1).min(rows.end) {
                self.needed[near >> self.shift] = true;
                self.aligned.restore_equal(near);
            }
        }
    }

    /// Releases bands on which nothing depends: neither the last rows, which
    /// may be close to the next difference, nor the rows from which these are
    /// restored.
    fn forget_above(&mut self, rows: Range<usize>) {
        let last = rows.end.saturating_sub(CONTEXT);
        for y in rows.start.saturating_sub(CONTEXT)..=last {
            if y < rows.end && self.aligned.a.is_anchor(y) {
                self.anchor = y;
            }
        }
        if (last >> self.shift) - (self.anchor >> self.shift) > WAITING {
            self.aligned.restore_equal(last);
            self.anchor = last;
        }
        self.forget([self.anchor >> self.shift, last >> self.shift]);
    }

    fn forget(&mut self, until: [usize; 2]) {
        let LockstepRows { a, b, .. } = &mut self.aligned;
        for (image, (open, until)) in [a, b].into_iter().zip(self.open.iter_mut().zip(until)) {
            for band in (*open..until).filter(|band| !self.needed[*band]) {
                image.forget(band);
            }
            *open = until.max(*open);
        }
    }

    /// `None` if rows are missing.
    fn end(mut self) -> Option<LockstepRows> {
        if self.seen < self.height {
            return None;
        }
        let bands = self.height.div_ceil(1 << self.shift);
        self.forget([bands; 2]);
        Some(self.aligned)
    }
}

impl LockstepRows {
    /// Finds the equal rows; `same` has those with equal stored bytes.
    fn tell_equal(&mut self, rows: Range<usize>, same: &[bool]) {
        let mut above_is_equal = rows.start == 0 || self.equal[rows.start - 1];
        for (y, same) in rows.zip(same) {
            if !(*same && (above_is_equal || self.a.is_independent(y))) {
                if above_is_equal && y > 0 {
                    self.restore_equal(y - 1);
                }
                self.a.restore(y);
                self.b.restore_below(y);
                self.equal[y] = self.a.stored(y)[1..] == self.b.stored(y)[1..];
            }
            above_is_equal = self.equal[y];
        }
    }

    /// Restores a row in the first image, and in the second if it is equal
    /// there: otherwise it was restored for the comparison.
    fn restore_equal(&mut self, y: usize) {
        self.a.restore(y);
        if self.equal[y] {
            self.b.copy(y, &self.a);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIDTH: u32 = 40;
    const HEIGHT: u32 = 900;

    /// Rows that each depend on the row above, as in photographs.
    fn chained(seed: u8) -> Vec<u8> {
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, WIDTH, HEIGHT);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_filter(png::Filter::Paeth);
        let mut pixels: Vec<u8> = (0..WIDTH * HEIGHT * 3)
            .map(|at| (at % 251 * (at / 97)) as u8)
            .collect();
        // In the row before the last one.
        let last = pixels.len() - (WIDTH * 3 * 2) as usize;
        pixels[last] ^= seed;
        let mut writer = encoder.write_header().unwrap();
        writer.write_image_data(&pixels).unwrap();
        writer.finish().unwrap();
        file
    }

    #[test]
    fn rows_that_build_on_each_other_are_not_kept() {
        let [a, b] = [0, 0x80].map(chained);
        let [a, b] = [&a, &b].map(|file| PlainPng::read(file).unwrap());
        let mut decoder = LockstepDecoder::new(&a, &b, 2);
        for (ours, theirs) in a.bands(4).unwrap().zip(b.bands(4).unwrap()) {
            decoder.take(ours, theirs).unwrap();
            let kept = decoder.aligned.a.bands_kept();
            assert!(kept <= WAITING + 3, "{kept} bands");
        }
        let aligned = decoder.end().unwrap();
        let unlike: Vec<usize> = (0..HEIGHT as usize)
            .filter(|y| !aligned.equal[*y])
            .collect();
        assert_eq!(unlike, [HEIGHT as usize - 2]);
        // Both are restored around it.
        for y in HEIGHT as usize - 4..HEIGHT as usize {
            let same = aligned.a.stored(y)[1..] == aligned.b.stored(y)[1..];
            assert_eq!(same, aligned.equal[y], "row {y}");
        }
    }
}
