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
    let look = |found: &mut Vec<usize>, part: Range<usize>| {
        let rows = first + part.start..first + part.end;
        found.extend(rows.filter(|y| !pair.row_is_equal(*y)));
    };
    let mut rows = workers::in_parallel(end - first, 64, many, Vec::new, look).concat();
    rows.sort_unstable();
    let many = rows.len() * width >= MANY_PIXELS;
    let judge = || (Judge::new(pair, question), new_sink());
    let judged = workers::in_parallel(rows.len(), 32, many, judge, |(judge, sink), part| {
        for y in &rows[part] {
            judge.row(*y, sink);
        }
    });
    judged.into_iter().map(|(_, sink)| sink).collect()
}

/// Judges rows, from the top downwards.
struct Judge<'a> {
    question: &'a Question<'a>,
    ring: Ring<'a>,
    width: usize,
    differing: Vec<u64>,
    antialiased: Vec<u64>,
}

impl<'a> Judge<'a> {
    fn new(pair: Pair<'a>, question: &'a Question<'a>) -> Self {
        let width = pair.size().0;
        Self {
            question,
            ring: Ring::new(pair),
            width,
            differing: vec![0; width.div_ceil(CHUNK)],
            antialiased: vec![0; width.div_ceil(CHUNK)],
        }
    }

    fn row(&mut self, y: usize, sink: &mut impl Sink) {
        self.ring.load(y);
        for word in 0..self.differing.len() {
            self.differing[word] = self.measure(y, word);
        }
        self.question.mask.clear(y as u32, &mut self.differing);
        if self.differing.iter().all(|word| *word == 0) {
            return;
        }
        self.antialiased.fill(0);
        if self.question.antialiasing == Antialiasing::Ignore {
            self.set_antialiasing_apart(y);
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

    fn set_antialiasing_apart(&mut self, y: usize) {
        self.ring.load_around(y);
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

fn exactly_antialiased(ring: &Ring<'_>, y: usize, word: usize, differing: u64) -> u64 {
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
