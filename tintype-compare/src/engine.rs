//! Finds the pixels that differ.
//!
//! Equal rows are skipped by comparing slices, then equal chunks of the other
//! rows. The remaining pixels are measured in `f32`, many pixels at once;
//! [`metric`] decides pixels too close to the threshold and translucent ones
//! exactly. Only chunks with a differing pixel are checked for anti-aliasing.

use std::ops::Range;

use super::kernels::CHUNK;
use super::mask::Mask;
use super::metric::{self, ColourThreshold};
use super::options::{Antialiasing, Metric, Options};
use super::pixel_view::ImagePair;
use super::row_window::RowWindow;
use super::threads;

/// Decides which pixels differ.
pub(super) struct PixelCriteria<'a> {
    pub(super) threshold: ColourThreshold,
    pub(super) antialiasing: Antialiasing,
    pub(super) mask: &'a Mask,
}

impl<'a> PixelCriteria<'a> {
    pub(super) fn new(options: &Options, mask: &'a Mask) -> Self {
        Self {
            threshold: ColourThreshold::new(options.metric, options.threshold),
            antialiasing: options.antialiasing,
            mask,
        }
    }
}

/// The pixels of a row that are not equal. Bit `x % 64` of word `x / 64` is
/// column `x`; a pixel has at most one of the bits.
pub(super) struct RowBits {
    /// Pixels that differ and count.
    pub(super) differing: Box<[u64]>,
    /// Pixels that differ and look like anti-aliasing, unless that counts.
    pub(super) antialiased: Box<[u64]>,
    /// Pixels that differ by no more than the threshold.
    pub(super) below_threshold: Box<[u64]>,
}

impl RowBits {
    fn new(width: usize) -> Self {
        let empty = || vec![0; width.div_ceil(CHUNK)].into_boxed_slice();
        Self {
            differing: empty(),
            antialiased: empty(),
            below_threshold: empty(),
        }
    }
}

/// Receives the rows in which pixels are not the same.
pub(super) trait RowSink {
    fn row(&mut self, y: usize, bits: &RowBits);
}

/// The size in bytes from which several threads find equal rows faster than
/// one.
const MANY_BYTES: usize = 8 << 20;

/// Rows that are compared at once: few enough to still be in the processor's
/// cache when they are compared one by one.
const BLOCK: usize = 32;

/// The number of pixels in differing rows from which several threads are faster
/// than one.
const MANY_PIXELS: usize = 100_000;

/// Compares two images of one size. Each thread gets its own sink and an
/// ascending part of the rows.
pub(super) fn compare<S: RowSink + Send>(
    pair: ImagePair<'_>,
    criteria: &PixelCriteria<'_>,
    new_sink: impl Fn() -> S + Sync,
) -> Vec<S> {
    let (width, height) = pair.size();
    let many = width * height * 4 >= MANY_BYTES && pair.equal_rows.is_none();
    let (first, end) = pair.rows;
    let new = || DifferingRows::new(width);
    let found = threads::in_parallel(end - first, 64, many, new, |differing_rows, part| {
        differing_rows.scan(&pair, first + part.start..first + part.end);
    });
    let differing_rows = DifferingRows::join(width, found);
    let many = differing_rows.rows.len() * width >= MANY_PIXELS;
    let classifier = || {
        let mut classifier = RowClassifier::new(criteria, (width, height));
        classifier.widen_columns(&differing_rows.columns);
        (classifier, new_sink())
    };
    let work = |(classifier, sink): &mut (RowClassifier<'_>, S), part: Range<usize>| {
        for y in &differing_rows.rows[part] {
            classifier.classify_row(&pair, *y, sink);
        }
    };
    let sinks = threads::in_parallel(differing_rows.rows.len(), 32, many, classifier, work);
    sinks.into_iter().map(|(_, sink)| sink).collect()
}

/// The columns and rows in which two images differ.
struct DifferingRows {
    rows: Vec<usize>,
    /// Outside of these, no row differs.
    columns: Range<usize>,
}

impl DifferingRows {
    fn new(width: usize) -> Self {
        Self {
            rows: Vec::new(),
            columns: width..0,
        }
    }

    fn scan(&mut self, pair: &ImagePair<'_>, rows: Range<usize>) {
        for start in rows.clone().step_by(BLOCK) {
            let block = start..(start + BLOCK).min(rows.end);
            if !pair.block_is_equal(block.clone()) {
                let columns = &mut self.columns;
                let differs = |y: &usize| pair.row_differs(*y, columns);
                self.rows.extend(block.filter(differs));
            }
        }
    }

    fn join(width: usize, found: Vec<Self>) -> Self {
        let mut all = Self::new(width);
        for mut part in found {
            all.rows.append(&mut part.rows);
            all.columns.start = all.columns.start.min(part.columns.start);
            all.columns.end = all.columns.end.max(part.columns.end);
        }
        all.rows.sort_unstable();
        all
    }
}

/// Classifies rows of two images, from the top downwards.
pub(super) struct RowClassifier<'a> {
    criteria: &'a PixelCriteria<'a>,
    window: RowWindow,
    width: usize,
    bits: RowBits,
}

impl<'a> RowClassifier<'a> {
    /// For images of that width and height.
    pub(super) fn new(criteria: &'a PixelCriteria<'a>, size: (usize, usize)) -> Self {
        let width = size.0;
        Self {
            criteria,
            window: RowWindow::new(size),
            width,
            bits: RowBits::new(width),
        }
    }

    /// Classifies the pair's rows.
    pub(super) fn classify(&mut self, pair: &ImagePair<'_>, sink: &mut impl RowSink) {
        let mut differing_rows = DifferingRows::new(self.width);
        differing_rows.scan(pair, pair.rows.0..pair.rows.1);
        self.widen_columns(&differing_rows.columns);
        for y in differing_rows.rows {
            self.classify_row(pair, y, sink);
        }
    }

    /// Also compares these columns from now on.
    fn widen_columns(&mut self, columns: &Range<usize>) {
        if !columns.is_empty() {
            self.window.widen(columns);
        }
    }

    fn classify_row(&mut self, pair: &ImagePair<'_>, y: usize, sink: &mut impl RowSink) {
        self.window.load(pair, y);
        for word in self.window.words() {
            let (differing, unequal) = self.differing_in_chunk(y, word);
            self.bits.differing[word] = differing;
            self.bits.below_threshold[word] = unequal & !differing;
        }
        let mask = self.criteria.mask;
        mask.clear(y as u32, &mut self.bits.differing);
        mask.clear(y as u32, &mut self.bits.below_threshold);
        let is_empty = |bits: &[u64]| bits.iter().all(|word| *word == 0);
        let nothing_differs = is_empty(&self.bits.differing);
        if nothing_differs && is_empty(&self.bits.below_threshold) {
            return;
        }
        self.bits.antialiased.fill(0);
        if !nothing_differs && self.criteria.antialiasing == Antialiasing::Ignore {
            self.separate_antialiasing(pair, y);
        }
        sink.row(y, &self.bits);
    }

    /// The pixels of a chunk that differ, and those that are not the same.
    fn differing_in_chunk(&self, y: usize, word: usize) -> (u64, u64) {
        let [a, b] = self.window.chunk(y, word);
        if a == b {
            return (0, 0);
        }
        let threshold = &self.criteria.threshold;
        let estimate = threshold.estimate(a, b);
        let mut differing = estimate.differing;
        let mut last = None;
        for x in set_bits(&[estimate.unsure]) {
            let (p, q) = (a[x], b[x]);
            let index = y * self.width + word * CHUNK + x;
            // The backdrop of translucent pixels changes from place to place.
            let is_opaque = (p & q) >> 24 == 255;
            let differs = match last {
                Some((colours, differs)) if colours == (p, q) && is_opaque => differs,
                _ => threshold.differs(p.to_le_bytes(), q.to_le_bytes(), index),
            };
            last = Some(((p, q), differs));
            differing |= u64::from(differs) << x;
        }
        (differing, estimate.unequal | differing)
    }

    fn separate_antialiasing(&mut self, pair: &ImagePair<'_>, y: usize) {
        self.window.load_around(pair, y);
        let opaque = self.window.is_opaque_around(y);
        if opaque {
            self.window.compute_features_around(y);
        }
        let metric = self.criteria.threshold.metric();
        let bits = &mut self.bits;
        let words = bits.differing.iter_mut().zip(&mut bits.antialiased);
        for (word, (differing, antialiased)) in words.enumerate().filter(|(_, (d, _))| **d != 0) {
            let smooth = if opaque {
                self.window.antialiased(y, word)
            } else {
                antialiased_exactly(metric, &self.window, y, (word, *differing))
            };
            *antialiased = *differing & smooth;
            *differing &= !smooth;
        }
    }
}

fn antialiased_exactly(
    metric: Metric,
    window: &RowWindow,
    y: usize,
    (word, differing): (usize, u64),
) -> u64 {
    let (a, b) = (window.view(0), window.view(1));
    set_bits(&[differing])
        .filter(|x| metric::antialiased(metric, &a, &b, (word * CHUNK + x, y)))
        .fold(0, |bits, x| bits | 1 << x)
}

/// The columns whose bits are set.
pub(super) fn set_bits(row: &[u64]) -> impl Iterator<Item = usize> {
    row.iter().enumerate().flat_map(|(index, word)| {
        let mut rest = *word;
        std::iter::from_fn(move || {
            (rest != 0).then(|| {
                let bit = rest.trailing_zeros() as usize;
                rest &= rest - 1;
                index * CHUNK + bit
            })
        })
    })
}
