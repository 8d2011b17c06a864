//! The rows around the one that is judged, and what was worked out for them.

use super::exact::{self, Pixels};
use super::kernels::CHUNK;
use super::simd;
use super::view::Pair;

/// Rows that are kept. Five are needed: a pixel's anti-aliasing depends on its
/// neighbours' neighbours.
const ROWS: usize = 8;

/// Reads rows when they are asked for and keeps the last few. Rows are to be
/// asked for from the top downwards.
pub(super) struct Ring<'a> {
    pair: Pair<'a>,
    lines: [Line; ROWS],
    traits: [Traits; ROWS],
}

/// A row of both images as RGBA; column `x` is element `x + 1`.
struct Line {
    y: usize,
    pixels: [Vec<u32>; 2],
    opaque: bool,
}

/// What the anti-aliasing detector wants to know of a row of both images.
struct Traits {
    y: usize,
    many: [Vec<u32>; 2],
    keys: [Vec<f64>; 2],
}

const NONE: usize = usize::MAX;

impl<'a> Ring<'a> {
    pub(super) fn new(pair: Pair<'a>) -> Self {
        let columns = pair.size().0.div_ceil(CHUNK) * CHUNK;
        Self {
            pair,
            lines: std::array::from_fn(|_| Line {
                y: NONE,
                pixels: std::array::from_fn(|_| vec![0; columns + 2]),
                opaque: true,
            }),
            traits: std::array::from_fn(|_| Traits {
                y: NONE,
                many: std::array::from_fn(|_| vec![0; columns]),
                keys: std::array::from_fn(|_| vec![0.0; columns + 2]),
            }),
        }
    }

    /// A chunk of a loaded row, in both images.
    pub(super) fn chunk(&self, y: usize, word: usize) -> [&[u32; CHUNK]; 2] {
        let line = &self.lines[y % ROWS];
        debug_assert_eq!(line.y, y);
        [0, 1].map(|side| window(&line.pixels[side], word * CHUNK + 1))
    }

    /// Reads a row, unless it is there.
    pub(super) fn load(&mut self, y: usize) {
        let line = &mut self.lines[y % ROWS];
        if line.y == y {
            return;
        }
        line.y = y;
        let mut all = u32::MAX;
        for (view, pixels) in [self.pair.a, self.pair.b].iter().zip(&mut line.pixels) {
            let pixels = &mut pixels[1..=view.size().0];
            view.load(y, pixels);
            all = pixels.iter().fold(all, |all, pixel| all & pixel);
        }
        line.opaque = all >> 24 == 255;
    }

    /// Reads all rows that row `y`'s anti-aliasing depends on.
    pub(super) fn load_around(&mut self, y: usize) {
        for row in self.near(y, 2) {
            self.load(row);
        }
    }

    fn near(&self, y: usize, distance: usize) -> std::ops::RangeInclusive<usize> {
        y.saturating_sub(distance)..=(y + distance).min(self.pair.size().1 - 1)
    }

    /// Whether no pixel of row `y` and its neighbours is translucent; they
    /// must have been loaded.
    pub(super) fn is_opaque_around(&self, y: usize) -> bool {
        self.near(y, 1).all(|row| self.lines[row % ROWS].opaque)
    }

    /// Which pixels of a chunk are anti-aliasing in one of the images. The rows
    /// around must have been [worked out](Self::work_out_around) and opaque.
    pub(super) fn antialiased(&self, y: usize, word: usize) -> u64 {
        // Beyond the edge stands the edge once more: a copy ties with its
        // original, stands beside it in the order and has the same bit.
        let rows = [y.saturating_sub(1), y, (y + 1).min(self.pair.size().1 - 1)];
        let at = word * CHUNK;
        let side = |side: usize| {
            let [above, row, below] =
                rows.map(|row| window(&self.traits[row % ROWS].keys[side], at));
            let many = window(&self.traits[y % ROWS].many[side], at);
            simd::antialiased(above, row, below, many)
        };
        side(0) | side(1)
    }

    /// Works out what [`antialiased`](Self::antialiased) needs for row `y`.
    pub(super) fn work_out_around(&mut self, y: usize) {
        for row in self.near(y, 1) {
            if self.traits[row % ROWS].y != row {
                self.work_out(row);
            }
        }
    }

    fn work_out(&mut self, y: usize) {
        let (width, height) = self.pair.size();
        let mut traits = std::mem::replace(&mut self.traits[y % ROWS], Traits::empty());
        traits.y = y;
        for side in 0..2 {
            let many = &mut traits.many[side];
            let view = self.view(side);
            if y == 0 || y + 1 == height {
                for (x, many) in many[..width].iter_mut().enumerate() {
                    *many = u32::from(exact::has_many_siblings(&view, x, y));
                }
                continue;
            }
            let [above, row, below] =
                [y - 1, y, y + 1].map(|row| &self.lines[row % ROWS].pixels[side][..]);
            simd::siblings(above, row, below, many);
            for x in [0, width - 1] {
                many[x] = u32::from(exact::has_many_siblings(&view, x, y));
            }
        }
        for side in 0..2 {
            let keys = &mut traits.keys[side];
            let row = &self.lines[y % ROWS].pixels[side];
            simd::keys(row, &traits.many[side], &traits.many[1 - side], keys);
            keys[0] = keys[1];
            keys[width + 1] = keys[width];
        }
        self.traits[y % ROWS] = traits;
    }

    /// The loaded rows as an image.
    pub(super) fn view(&self, side: usize) -> Side<'_> {
        Side {
            lines: &self.lines,
            side,
            size: self.pair.size(),
        }
    }
}

impl Traits {
    fn empty() -> Self {
        Self {
            y: NONE,
            many: Default::default(),
            keys: Default::default(),
        }
    }
}

fn window<T, const N: usize>(row: &[T], at: usize) -> &[T; N] {
    row[at..]
        .first_chunk()
        .expect("rows are padded to whole chunks")
}

/// One of the two images, as far as it is loaded.
pub(super) struct Side<'a> {
    lines: &'a [Line; ROWS],
    side: usize,
    size: (usize, usize),
}

impl Pixels for Side<'_> {
    fn width(&self) -> usize {
        self.size.0
    }
    fn height(&self) -> usize {
        self.size.1
    }
    fn at(&self, x: usize, y: usize) -> [u8; 4] {
        let line = &self.lines[y % ROWS];
        debug_assert_eq!(line.y, y, "the row was not loaded");
        line.pixels[self.side][x + 1].to_le_bytes()
    }
}
