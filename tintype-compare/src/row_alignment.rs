//! Finds rows that only moved up or down.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::ops::Range;

use serde::Serialize;

use super::pixel_view::PixelView;

/// The minimum height of a moved block. Lower ones are often coincidences, as
/// lines of text look alike.
const MIN_BLOCK_ROWS: usize = 8;

/// A block of rows that is the same in both images at another height.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct RowMove {
    /// Its first row in the baseline.
    pub from: u32,
    /// Its first row in the current image.
    pub to: u32,
    /// Its height in rows.
    pub height: u32,
}

/// Rows `a` of the baseline that belong to as many rows from `b` on.
#[derive(Clone, Copy, Debug)]
pub(super) struct AlignedRows {
    pub(super) a: usize,
    pub(super) b: usize,
    pub(super) length: usize,
}

/// Pairs the rows of one image with those of the other.
pub(super) struct RowAlignment {
    /// Equal blocks at another height, highest first.
    pub(super) moves: Vec<RowMove>,
    /// Paired rows that may differ.
    pub(super) paired: Vec<AlignedRows>,
    /// Rows that only the current image has.
    pub(super) inserted: Vec<Range<usize>>,
    /// Rows that only the baseline has.
    pub(super) deleted: Vec<Range<usize>>,
}

/// Aligns the rows of two images of one width.
///
/// Rows that occur once in either image anchor a block, which grows as far as
/// rows are equal; the highest block wins if two claim the same rows. The
/// remaining rows are paired with remaining rows next to the same block.
pub(super) fn align(a: PixelView<'_>, b: PixelView<'_>) -> RowAlignment {
    let (a, b) = (row_hashes(a), row_hashes(b));
    let mut rows = RowMatches {
        of_a: vec![false; a.len()],
        of_b: vec![None; b.len()],
    };
    let mut runs = anchored_runs(&a, &b);
    runs.extend(unmoved_runs(&a, &b));
    runs.sort_by_key(|run| (Reverse(run.length), run.a.abs_diff(run.b)));
    for run in runs {
        rows.take(run);
    }
    let moves = rows.moves();
    let paired = rows.pair_gaps();
    RowAlignment {
        moves,
        paired,
        inserted: ranges(b.len(), |y| rows.of_b[y].is_none()),
        deleted: ranges(a.len(), |y| !rows.of_a[y]),
    }
}

/// A hash of each row's pixels.
fn row_hashes(view: PixelView<'_>) -> Vec<u64> {
    let (width, height) = view.size();
    let mut pixels = vec![0_u32; width];
    let mut bytes = vec![0_u8; width * 4];
    let hash_row = |y| {
        view.load(y, 0..width, &mut pixels);
        for (out, pixel) in bytes.as_chunks_mut::<4>().0.iter_mut().zip(&pixels) {
            *out = pixel.to_le_bytes();
        }
        let hash = blake3::hash(&bytes);
        u64::from_le_bytes(*hash.as_bytes().first_chunk().expect("a hash has 32 bytes"))
    };
    (0..height).map(hash_row).collect()
}

/// The longest runs around rows that occur once in either image.
fn anchored_runs(a: &[u64], b: &[u64]) -> Vec<AlignedRows> {
    let (in_a, in_b) = (unique_rows(a), unique_rows(b));
    let mut runs: Vec<AlignedRows> = Vec::new();
    for (y, hash_row) in b.iter().enumerate() {
        let (Some(Some(at)), Some(Some(_))) = (in_a.get(hash_row), in_b.get(hash_row)) else {
            continue;
        };
        let inside = |run: &AlignedRows| y < run.b + run.length && at + run.b == run.a + y;
        if !runs.last().is_some_and(inside) {
            runs.push(extend_run(a, b, *at, y));
        }
    }
    runs
}

/// The place of each row that occurs once; `None` for rows that occur again.
fn unique_rows(rows: &[u64]) -> HashMap<u64, Option<usize>> {
    let mut places = HashMap::new();
    for (y, hash_row) in rows.iter().enumerate() {
        places
            .entry(*hash_row)
            .and_modify(|place| *place = None)
            .or_insert(Some(y));
    }
    places
}

fn extend_run(a: &[u64], b: &[u64], at_a: usize, at_b: usize) -> AlignedRows {
    let equal = |(x, y): &(&u64, &u64)| x == y;
    let above = a[..at_a]
        .iter()
        .rev()
        .zip(b[..at_b].iter().rev())
        .take_while(equal)
        .count();
    let below = a[at_a..].iter().zip(&b[at_b..]).take_while(equal).count();
    AlignedRows {
        a: at_a - above,
        b: at_b - above,
        length: above + below,
    }
}

/// Runs of rows that are equal at the same height.
fn unmoved_runs(a: &[u64], b: &[u64]) -> Vec<AlignedRows> {
    ranges(a.len().min(b.len()), |y| a[y] == b[y])
        .into_iter()
        .map(|rows| AlignedRows {
            a: rows.start,
            b: rows.start,
            length: rows.len(),
        })
        .collect()
}

/// The longest ranges of `0..length` in which `holds`.
fn ranges(length: usize, holds: impl Fn(usize) -> bool) -> Vec<Range<usize>> {
    let mut ranges: Vec<Range<usize>> = Vec::new();
    for y in (0..length).filter(|y| holds(*y)) {
        match ranges.last_mut() {
            Some(last) if last.end == y => last.end += 1,
            _ => ranges.push(y..y + 1),
        }
    }
    ranges
}

struct RowMatches {
    of_a: Vec<bool>,
    of_b: Vec<Option<usize>>,
}

impl RowMatches {
    /// Takes the rows of a run that are still free.
    fn take(&mut self, run: AlignedRows) {
        let free = ranges(run.length, |i| {
            !self.of_a[run.a + i] && self.of_b[run.b + i].is_none()
        });
        for part in free {
            if part.len() >= MIN_BLOCK_ROWS || run.a == run.b {
                part.for_each(|i| self.join(run.a + i, run.b + i));
            }
        }
    }

    fn join(&mut self, a: usize, b: usize) {
        self.of_a[a] = true;
        self.of_b[b] = Some(a);
    }

    fn moves(&self) -> Vec<RowMove> {
        let mut moves: Vec<RowMove> = Vec::new();
        for (to, from) in self.of_b.iter().enumerate() {
            let Some(from) = *from else { continue };
            match moves.last_mut() {
                Some(last)
                    if last.to + last.height == to as u32
                        && last.from + last.height == from as u32 =>
                {
                    last.height += 1;
                }
                _ => moves.push(RowMove {
                    from: from as u32,
                    to: to as u32,
                    height: 1,
                }),
            }
        }
        moves.retain(|block| block.from != block.to);
        moves.sort_by_key(|block| Reverse(block.height));
        moves
    }

    /// Pairs free rows with free rows next to the same neighbour, from above
    /// and then from below.
    fn pair_gaps(&mut self) -> Vec<AlignedRows> {
        let mut paired = Vec::new();
        for gap in ranges(self.of_b.len(), |y| self.of_b[y].is_none()) {
            let above = gap.start.checked_sub(1).and_then(|y| self.of_b[y]);
            let first = above.map_or(0, |a| a + 1);
            let free = self.of_a[first..]
                .iter()
                .take(gap.len())
                .take_while(|taken| !**taken)
                .count();
            let upper = AlignedRows {
                a: first,
                b: gap.start,
                length: free,
            };
            let below = self
                .of_b
                .get(gap.end)
                .copied()
                .flatten()
                .unwrap_or(self.of_a.len());
            let rest = below
                .min(below.saturating_sub(first + free))
                .min(gap.len() - free);
            let free = self.of_a[..below]
                .iter()
                .rev()
                .take(rest)
                .take_while(|taken| !**taken)
                .count();
            let lower = AlignedRows {
                a: below - free,
                b: gap.end - free,
                length: free,
            };
            for run in [upper, lower].into_iter().filter(|run| run.length > 0) {
                (0..run.length).for_each(|i| self.join(run.a + i, run.b + i));
                paired.push(run);
            }
        }
        paired
    }
}
