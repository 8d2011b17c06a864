//! The rows around the current one, and the features computed for them.

use std::ops::Range;

use super::kernels::CHUNK;
use super::metric::{self, Pixels};
use super::pixel_view::ImagePair;
use super::simd;

/// Rows that are kept. Five are needed: a pixel's anti-aliasing depends on its
/// neighbours' neighbours.
const WINDOW_ROWS: usize = 8;

/// Rows whose features are kept; three are needed.
const FEATURE_ROWS: usize = 4;

/// Reads rows on demand and keeps the last few. Rows must be requested from the
/// top downwards.
pub(super) struct RowWindow {
    /// Width and height of the images.
    size: (usize, usize),
    /// The chunks that are read.
    words: Range<usize>,
    rows: [WindowRow; WINDOW_ROWS],
    features: [RowFeatures; FEATURE_ROWS],
}

/// A row of both images as RGBA. The first column that is read is element 1.
struct WindowRow {
    y: usize,
    pixels: [Vec<u32>; 2],
    opaque: bool,
}

/// Features of a row of both images for the anti-aliasing detector.
#[derive(Default)]
struct RowFeatures {
    y: usize,
    many: [Vec<u32>; 2],
    keys: [Vec<f64>; 2],
}

const NOT_LOADED: usize = usize::MAX;

impl RowWindow {
    /// For two images of that width and height.
    pub(super) fn new(size: (usize, usize)) -> Self {
        Self {
            size,
            words: 0..0,
            rows: std::array::from_fn(|_| WindowRow::new(0)),
            features: std::array::from_fn(|_| RowFeatures::new(0)),
        }
    }

    /// Also reads these columns from now on, with one more chunk at either
    /// side, because features at the sides are not exact.
    pub(super) fn widen(&mut self, columns: &Range<usize>) {
        let end = (columns.end.div_ceil(CHUNK) + 1).min(self.size.0.div_ceil(CHUNK));
        let mut words = (columns.start / CHUNK).saturating_sub(1)..end;
        if !self.words.is_empty() {
            words.start = words.start.min(self.words.start);
            words.end = words.end.max(self.words.end);
        }
        if words != self.words {
            let columns = words.len() * CHUNK;
            self.words = words;
            self.rows = std::array::from_fn(|_| WindowRow::new(columns));
            self.features = std::array::from_fn(|_| RowFeatures::new(columns));
        }
    }

    /// The chunks that are read.
    pub(super) fn words(&self) -> Range<usize> {
        self.words.clone()
    }

    /// The columns that are read, without padding.
    fn columns(&self) -> Range<usize> {
        self.words.start * CHUNK..(self.words.end * CHUNK).min(self.size.0)
    }

    /// A chunk of a loaded row, in both images.
    pub(super) fn chunk(&self, y: usize, word: usize) -> [&[u32; CHUNK]; 2] {
        let row = &self.rows[y % WINDOW_ROWS];
        debug_assert_eq!(row.y, y);
        let at = (word - self.words.start) * CHUNK;
        [0, 1].map(|side| window(&row.pixels[side], at + 1))
    }

    /// Reads a row, unless it is loaded.
    pub(super) fn load(&mut self, pair: &ImagePair<'_>, y: usize) {
        let columns = self.columns();
        let row = &mut self.rows[y % WINDOW_ROWS];
        if row.y == y {
            return;
        }
        row.y = y;
        let mut all = u32::MAX;
        for (view, pixels) in [pair.a, pair.b].iter().zip(&mut row.pixels) {
            let pixels = &mut pixels[1..=columns.len()];
            view.load(y, columns.clone(), pixels);
            all = pixels.iter().fold(all, |all, pixel| all & pixel);
        }
        row.opaque = all >> 24 == 255;
    }

    /// Reads all rows that row `y`'s anti-aliasing depends on.
    pub(super) fn load_around(&mut self, pair: &ImagePair<'_>, y: usize) {
        for row in self.near(y, 2) {
            self.load(pair, row);
        }
    }

    fn near(&self, y: usize, distance: usize) -> std::ops::RangeInclusive<usize> {
        y.saturating_sub(distance)..=(y + distance).min(self.size.1 - 1)
    }

    /// Whether no pixel of row `y` and its neighbours is translucent; they
    /// must have been loaded.
    pub(super) fn is_opaque_around(&self, y: usize) -> bool {
        self.near(y, 1)
            .all(|row| self.rows[row % WINDOW_ROWS].opaque)
    }

    /// Which pixels of a chunk are anti-aliasing in one of the images. The
    /// features of the rows around must have been
    /// [computed](Self::compute_features_around), and the rows must be opaque.
    pub(super) fn antialiased(&self, y: usize, word: usize) -> u64 {
        // A row outside the image is a copy of the edge: it ties with its original,
        // is next to it in the order and has the same bit.
        let rows = [y.saturating_sub(1), y, (y + 1).min(self.size.1 - 1)];
        let at = (word - self.words.start) * CHUNK;
        let side = |side: usize| {
            let [above, row, below] =
                rows.map(|row| window(&self.features[row % FEATURE_ROWS].keys[side], at));
            let many = window(&self.features[y % FEATURE_ROWS].many[side], at);
            simd::antialiased(above, row, below, many)
        };
        side(0) | side(1)
    }

    /// Computes the features that [`antialiased`](Self::antialiased) needs for
    /// row `y`.
    pub(super) fn compute_features_around(&mut self, y: usize) {
        for row in self.near(y, 1) {
            if self.features[row % FEATURE_ROWS].y != row {
                self.compute_features(row);
            }
        }
    }

    fn compute_features(&mut self, y: usize) {
        let (width, height) = self.size;
        let columns = self.columns();
        let mut features = std::mem::take(&mut self.features[y % FEATURE_ROWS]);
        features.y = y;
        for side in 0..2 {
            let many = &mut features.many[side];
            let view = self.view(side);
            let exact = |x| u32::from(metric::has_many_siblings(&view, x, y));
            if y == 0 || y + 1 == height {
                for (many, x) in many.iter_mut().zip(columns.clone()) {
                    *many = exact(x);
                }
                continue;
            }
            let [above, row, below] =
                [y - 1, y, y + 1].map(|row| &self.rows[row % WINDOW_ROWS].pixels[side][..]);
            simd::siblings(above, row, below, many);
            for x in [0, width - 1].into_iter().filter(|x| columns.contains(x)) {
                many[x - columns.start] = exact(x);
            }
        }
        for side in 0..2 {
            let keys = &mut features.keys[side];
            let row = &self.rows[y % WINDOW_ROWS].pixels[side];
            simd::keys(row, &features.many[side], &features.many[1 - side], keys);
            // The column outside the image is a copy of the edge.
            keys[0] = keys[1];
            keys[columns.len() + 1] = keys[columns.len()];
        }
        self.features[y % FEATURE_ROWS] = features;
    }

    /// The loaded rows as an image.
    pub(super) fn view(&self, side: usize) -> WindowView<'_> {
        WindowView {
            rows: &self.rows,
            side,
            left: self.words.start * CHUNK,
            size: self.size,
        }
    }
}

impl WindowRow {
    fn new(columns: usize) -> Self {
        Self {
            y: NOT_LOADED,
            pixels: std::array::from_fn(|_| vec![0; columns + 2]),
            opaque: true,
        }
    }
}

impl RowFeatures {
    fn new(columns: usize) -> Self {
        Self {
            y: NOT_LOADED,
            many: std::array::from_fn(|_| vec![0; columns]),
            keys: std::array::from_fn(|_| vec![0.0; columns + 2]),
        }
    }
}

fn window<T, const N: usize>(row: &[T], at: usize) -> &[T; N] {
    row[at..]
        .first_chunk()
        .expect("rows are padded to whole chunks")
}

/// The loaded part of one of the two images.
pub(super) struct WindowView<'a> {
    rows: &'a [WindowRow; WINDOW_ROWS],
    side: usize,
    /// The first column that was read.
    left: usize,
    size: (usize, usize),
}

impl Pixels for WindowView<'_> {
    fn width(&self) -> usize {
        self.size.0
    }
    fn height(&self) -> usize {
        self.size.1
    }
    fn at(&self, x: usize, y: usize) -> [u8; 4] {
        let row = &self.rows[y % WINDOW_ROWS];
        debug_assert_eq!(row.y, y, "the row was not loaded");
        row.pixels[self.side][x + 1 - self.left].to_le_bytes()
    }
}
