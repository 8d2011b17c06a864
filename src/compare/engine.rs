//! Which pixels differ.

use super::exact::{self, Pixels};
use super::mask::Mask;
use super::options::Antialiasing;

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

/// Compares two images of one size.
pub(super) fn compare(
    a: &impl Pixels,
    b: &impl Pixels,
    question: &Question<'_>,
    sink: &mut impl Sink,
) {
    let words = a.width().div_ceil(64);
    let mut differing = vec![0_u64; words];
    let mut antialiased = vec![0_u64; words];
    for y in 0..a.height() {
        differing.fill(0);
        for x in 0..a.width() {
            let delta = exact::colour_delta(a.at(x, y), b.at(x, y), y * a.width() + x);
            differing[x / 64] |= u64::from(delta > question.max_delta) << (x % 64);
        }
        question.mask.clear(y as u32, &mut differing);
        if differing.iter().all(|word| *word == 0) {
            continue;
        }
        antialiased.fill(0);
        if question.antialiasing == Antialiasing::Ignore {
            for x in set_bits(&differing) {
                let found = exact::antialiased(a, b, x, y);
                antialiased[x / 64] |= u64::from(found) << (x % 64);
            }
        }
        for (word, smooth) in differing.iter_mut().zip(&antialiased) {
            *word &= !smooth;
        }
        sink.row(y, &differing, &antialiased);
    }
}

/// The columns whose bits are set.
pub(super) fn set_bits(row: &[u64]) -> impl Iterator<Item = usize> {
    row.iter().enumerate().flat_map(|(index, word)| {
        let mut rest = *word;
        std::iter::from_fn(move || {
            (rest != 0).then(|| {
                let bit = rest.trailing_zeros() as usize;
                rest &= rest - 1;
                index * 64 + bit
            })
        })
    })
}
