//! Which pixels differ.
//!
//! Equal rows are skipped by comparing slices; of the others, equal chunks
//! are. What is left is measured in `f32`, many pixels at once; pixels too
//! close to the limit and translucent ones again in [`exact`]. Only chunks
//! with a differing pixel are asked for anti-aliasing.

use std::ops::Range;

use super::exact;
use super::kernels::CHUNK;
use super::mask::Mask;
use super::options::Antialiasing;
use super::ring::Ring;
use super::simd;
use super::view::Pair;
use super::workers;

/// What the engine is asked.
pub(super) struct Question<'a> {
    /// The largest squared YIQ distance that counts as equal.
    pub(super) max_delta: f64,
    pub(super) antialiasing: Antialiasing,
    pub(super) mask: &'a Mask,
}

/// Takes the engine's answer, row by row. Bit `x % 64` of word `x / 64`
/// stands for column `x`. Rows without a difference are not told.
pub(super) trait Sink {
    fn row(&mut self, y: usize, differing: &[u64], antialiased: &[u64]);
}

/// Bytes from which on it pays to look for equal rows with several threads.
const MANY_BYTES: usize = 8 << 20;

/// Rows that are compared at one glance: few enough to be in the processor's
/// cache still when they are looked at one by one.
const BLOCK: usize = 32;

/// Differing pixels' rows, in pixels, from which on threads pay.
const MANY_PIXELS: usize = 100_000;

/// Compares two images of one size. Each thread that takes part gets a sink of
/// its own and an ascending part of the rows.
pub(super) fn compare<S: Sink + Send>(
    pair: Pair<'_>,
    question: &Question<'_>,
    new_sink: impl Fn() -> S + Sync,
) -> Vec<S> {
    let (width, height) = pair.size();
    let many = width * height * 4 >= MANY_BYTES && pair.known.is_none();
    let (first, end) = pair.rows;
    let new = || Unlike::new(width);
    let found = workers::in_parallel(end - first, 64, many, new, |unlike, part| {
        unlike.look(&pair, first + part.start..first + part.end);
    });
    let unlike = Unlike::join(width, found);
    let many = unlike.rows.len() * width >= MANY_PIXELS;
    let judge = || {
        let mut judge = Judge::new(question, (width, height));
        judge.aim(&unlike.columns);
        (judge, new_sink())
    };
    let work = |(judge, sink): &mut (Judge<'_>, S), part: Range<usize>| {
        for y in &unlike.rows[part] {
            judge.row(&pair, *y, sink);
        }
    };
    let judged = workers::in_parallel(unlike.rows.len(), 32, many, judge, work);
    judged.into_iter().map(|(_, sink)| sink).collect()
}

/// Where two images differ at all.
struct Unlike {
    rows: Vec<usize>,
    /// Outside of these, no row differs.
    columns: Range<usize>,
}

impl Unlike {
    fn new(width: usize) -> Self {
        Self {
            rows: Vec::new(),
            columns: width..0,
        }
    }

    fn look(&mut self, pair: &Pair<'_>, rows: Range<usize>) {
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

/// Judges rows of two images, from the top downwards.
pub(super) struct Judge<'a> {
    question: &'a Question<'a>,
    ring: Ring,
    width: usize,
    differing: Vec<u64>,
    antialiased: Vec<u64>,
}

impl<'a> Judge<'a> {
    /// For images of that width and height.
    pub(super) fn new(question: &'a Question<'a>, size: (usize, usize)) -> Self {
        let width = size.0;
        Self {
            question,
            ring: Ring::new(size),
            width,
            differing: vec![0; width.div_ceil(CHUNK)],
            antialiased: vec![0; width.div_ceil(CHUNK)],
        }
    }

    /// Judges the pair's rows.
    pub(super) fn rows(&mut self, pair: &Pair<'_>, sink: &mut impl Sink) {
        let mut unlike = Unlike::new(self.width);
        unlike.look(pair, pair.rows.0..pair.rows.1);
        self.aim(&unlike.columns);
        for y in unlike.rows {
            self.row(pair, y, sink);
        }
    }

    /// Looks at these columns, too, from now on.
    fn aim(&mut self, columns: &Range<usize>) {
        if !columns.is_empty() {
            self.ring.open(columns);
        }
    }

    fn row(&mut self, pair: &Pair<'_>, y: usize, sink: &mut impl Sink) {
        self.ring.load(pair, y);
        for word in self.ring.words() {
            self.differing[word] = self.measure(y, word);
        }
        self.question.mask.clear(y as u32, &mut self.differing);
        if self.differing.iter().all(|word| *word == 0) {
            return;
        }
        self.antialiased.fill(0);
        if self.question.antialiasing == Antialiasing::Ignore {
            self.set_antialiasing_apart(pair, y);
        }
        sink.row(y, &self.differing, &self.antialiased);
    }

    fn measure(&self, y: usize, word: usize) -> u64 {
        let [a, b] = self.ring.chunk(y, word);
        if a == b {
            return 0;
        }
        let guess = simd::guess(a, b, self.question.max_delta);
        let mut differing = guess.differing;
        for x in set_bits(&[guess.unsure]) {
            let index = y * self.width + word * CHUNK + x;
            let delta = exact::colour_delta(a[x].to_le_bytes(), b[x].to_le_bytes(), index);
            differing |= u64::from(delta > self.question.max_delta) << x;
        }
        differing
    }

    fn set_antialiasing_apart(&mut self, pair: &Pair<'_>, y: usize) {
        self.ring.load_around(pair, y);
        let opaque = self.ring.is_opaque_around(y);
        if opaque {
            self.ring.work_out_around(y);
        }
        let words = self.differing.iter_mut().zip(&mut self.antialiased);
        for (word, (differing, antialiased)) in words.enumerate().filter(|(_, (d, _))| **d != 0) {
            let smooth = if opaque {
                self.ring.antialiased(y, word)
            } else {
                exactly_antialiased(&self.ring, y, word, *differing)
            };
            *antialiased = *differing & smooth;
            *differing &= !smooth;
        }
    }
}

fn exactly_antialiased(ring: &Ring, y: usize, word: usize, differing: u64) -> u64 {
    let (a, b) = (ring.view(0), ring.view(1));
    set_bits(&[differing])
        .filter(|x| exact::antialiased(&a, &b, word * CHUNK + x, y))
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
