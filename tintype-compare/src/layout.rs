//! Decides which parts of two images are compared with each other.

use super::mask::Mask;
use super::options::Options;
use super::pixel_view::{ImagePair, PixelView};
use super::row_alignment::{self, RowMove};
use crate::region::Region;

/// The parts of two images that are compared with each other.
pub(super) struct Layout<'a> {
    /// Parts that are compared.
    pub(super) parts: Vec<LayoutPart<'a>>,
    /// Areas that only one of the images has, in the current image's pixels.
    pub(super) beyond: Vec<Region>,
    /// Their number, without the ignored ones; more where rows of the
    /// baseline are gone.
    pub(super) beyond_pixels: u64,
    /// Pixels of the union, without the ignored ones.
    pub(super) compared: u64,
    /// Blocks that moved.
    pub(super) moves: Vec<RowMove>,
}

/// Parts of both images of one size.
pub(super) struct LayoutPart<'a> {
    pub(super) pair: ImagePair<'a>,
    /// Its first row in the current image.
    pub(super) top: usize,
    pub(super) mask: Mask,
}

impl<'a> Layout<'a> {
    /// `equal_rows` marks the equal rows of two images of one size; with
    /// `options.detect_moves` both images must be restored as a whole.
    pub(super) fn new(
        a: PixelView<'a>,
        b: PixelView<'a>,
        equal_rows: Option<&'a [bool]>,
        options: &Options,
    ) -> Self {
        if options.detect_moves {
            Self::with_moves(a, b, options)
        } else {
            Self::in_place(a, b, equal_rows, options)
        }
    }

    /// Aligns the top left corners.
    fn in_place(
        a: PixelView<'a>,
        b: PixelView<'a>,
        equal_rows: Option<&'a [bool]>,
        options: &Options,
    ) -> Self {
        let pair = ImagePair {
            equal_rows,
            ..ImagePair::overlap(a, b)
        };
        let (width, height) = pair.size();
        let mask = Mask::new(&options.ignore, width as u32, height as u32);
        let common = uncovered((width, height), options);
        let to_the_right = beside(a, width, options) + beside(b, width, options);
        let beyond_pixels =
            uncovered(a.size(), options) + uncovered(b.size(), options) - 2 * common;
        let right = rectangle(width, 0, union(a, b).0 - width, union(a, b).1);
        let below = rectangle(0, height, width, union(a, b).1 - height);
        let beyond = [(right, to_the_right), (below, beyond_pixels - to_the_right)];
        Self {
            beyond: beyond
                .into_iter()
                .filter_map(|(region, open)| region.filter(|_| open > 0))
                .collect(),
            beyond_pixels,
            compared: common + beyond_pixels,
            moves: Vec::new(),
            parts: vec![LayoutPart { pair, top: 0, mask }],
        }
    }

    /// Aligns equal rows, at any height.
    fn with_moves(a: PixelView<'a>, b: PixelView<'a>, options: &Options) -> Self {
        let width = a.size().0.min(b.size().0);
        let (rows_a, rows_b) = (a.size().1, b.size().1);
        let whole = beside(a, width, options) + beside(b, width, options);
        let (a_part, b_part) = (a.part(0, (width, rows_a)), b.part(0, (width, rows_b)));
        let found = row_alignment::align(a_part, b_part);
        let [mask_a, mask] =
            [rows_a, rows_b].map(|rows| Mask::new(&options.ignore, width as u32, rows as u32));
        let part = |run: &row_alignment::AlignedRows| {
            // The rows above and below are included for the anti-aliasing
            // detector.
            let above = run.a.min(run.b);
            let (a, b) = (a_part.from(run.a - above), b_part.from(run.b - above));
            LayoutPart {
                pair: ImagePair {
                    rows: (above, above + run.length),
                    ..ImagePair::overlap(a, b)
                },
                top: run.b - above,
                mask: mask.below((run.b - above) as u32),
            }
        };
        let paired: u64 = found
            .paired
            .iter()
            .map(|run| mask.open_in(&(run.b..run.b + run.length)))
            .sum();
        let inserted: u64 = found.inserted.iter().map(|rows| mask.open_in(rows)).sum();
        let deleted: u64 = found.deleted.iter().map(|rows| mask_a.open_in(rows)).sum();
        // Inserted and deleted rows overlap.
        let beyond = inserted.max(deleted);
        let inserted_regions = found
            .inserted
            .iter()
            .filter(|rows| mask.open_in(rows) > 0)
            .map(|rows| rectangle(0, rows.start, width, rows.len()));
        let is_reported = |block: &RowMove| is_open(*block, &mask_a, &mask);
        let right = rectangle(width, 0, union(a, b).0 - width, union(a, b).1).filter(|_| whole > 0);
        Self {
            parts: found.paired.iter().map(part).collect(),
            beyond: inserted_regions.chain([right]).flatten().collect(),
            beyond_pixels: whole + beyond,
            // Deleted and paired rows may be ignored in one image and not in the
            // other: the total is at least the number that may differ.
            compared: uncovered((width, rows_a.max(rows_b)), options).max(paired + beyond) + whole,
            moves: found.moves.into_iter().filter(is_reported).collect(),
        }
    }
}

/// Whether a part of a block is compared, at its old or its new place.
fn is_open(block: RowMove, baseline: &Mask, current: &Mask) -> bool {
    let rows = |start: u32| start as usize..(start + block.height) as usize;
    baseline.open_in(&rows(block.from)) + current.open_in(&rows(block.to)) > 0
}

/// The pixels of an image that are not ignored.
fn uncovered(size: (usize, usize), options: &Options) -> u64 {
    area(size) - Mask::new(&options.ignore, size.0 as u32, size.1 as u32).area()
}

/// The pixels right of the first `width` columns that are not ignored.
fn beside(view: PixelView<'_>, width: usize, options: &Options) -> u64 {
    uncovered(view.size(), options) - uncovered((width, view.size().1), options)
}

fn area((width, height): (usize, usize)) -> u64 {
    width as u64 * height as u64
}

/// Width and height of the smallest image that holds both.
pub(super) fn union(a: PixelView<'_>, b: PixelView<'_>) -> (usize, usize) {
    (a.size().0.max(b.size().0), a.size().1.max(b.size().1))
}

fn rectangle(x: usize, y: usize, width: usize, height: usize) -> Option<Region> {
    (width > 0 && height > 0).then_some(Region {
        x: x as u32,
        y: y as u32,
        width: width as u32,
        height: height as u32,
    })
}
