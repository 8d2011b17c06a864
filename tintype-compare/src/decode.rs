//! Decodes PNGs, as far as a comparison needs their pixels.

use image::RgbaImage;

use super::any_png;
use super::band;
use super::comparison::{self, Comparison};
use super::error::{CompareError, ImageProblem, ImageSide};
use super::header::{MAX_PIXELS, size};
use super::layout::Layout;
use super::lockstep;
use super::options::{Options, Perceptual};
use super::pixel_view::PixelView;
use super::png_chunks::PlainPng;
use super::png_rows::PngRows;
use super::streaming;
use super::threads;

/// The most bytes of a file that is read: uncompressed pixels, and some text.
pub const MAX_FILE_BYTES: u64 = MAX_PIXELS * 4 + (64 << 20);

/// The most memory for the pixels of two images that are decoded as a whole.
/// A diff image needs up to two thirds of it again.
pub const MAX_DECODED_BYTES: u64 = 768 << 20;

/// A decoded image, in one of two representations.
pub(super) enum Decoded {
    /// 8-bit RGB or RGBA, as browsers write it, read by the fast decoder.
    Rows(PngRows),
    /// Any other PNG.
    Image(RgbaImage),
}

impl Decoded {
    pub(super) fn view(&self) -> PixelView<'_> {
        match self {
            Self::Rows(rows) => PixelView::of_rows(rows),
            Self::Image(image) => PixelView::of(image),
        }
    }

    /// Reads a PNG, with all of its pixels.
    fn read(png: &[u8]) -> Result<Self, ImageProblem> {
        size(png)?;
        let Some(mut rows) = PlainPng::read(png).and_then(|plain| PngRows::inflate(&plain)) else {
            return any_png::decode(png).map(Self::Image);
        };
        rows.restore_all();
        Ok(Self::Rows(rows))
    }
}

/// Decodes any PNG of at most [`MAX_PIXELS`] to RGBA8, row-major.
///
/// # Errors
/// When the file is not a valid PNG, or too large.
pub fn decode_png(png: &[u8]) -> Result<RgbaImage, ImageProblem> {
    let rows = match Decoded::read(png)? {
        Decoded::Image(image) => return Ok(image),
        Decoded::Rows(rows) => rows,
    };
    let (width, height) = rows.size();
    let mut pixels = Vec::with_capacity(width * height * 4);
    for y in 0..height {
        let row = &rows.stored(y)[1..];
        match rows.bytes_per_pixel() {
            4 => pixels.extend_from_slice(row),
            _ => any_png::push_rgb(row, &mut pixels),
        }
    }
    RgbaImage::from_raw(width as u32, height as u32, pixels)
        .ok_or_else(|| ImageProblem::Corrupt("it has too few pixels".to_owned()))
}

/// Two decoded images.
pub(super) struct DecodedPair {
    baseline: Decoded,
    current: Decoded,
    /// The rows that are known to be equal. They hold pixels only close to rows
    /// that differ.
    equal: Option<Vec<bool>>,
}

/// Encoded bytes from which on two threads decode faster than one.
const MIN_PARALLEL_BYTES: usize = 64 << 10;

/// Bytes that are inflated at once, about: enough to be worth waking the other
/// thread, and little enough for a few of them to stay in a core's cache.
const BAND_BYTES: usize = 192 << 10;

impl DecodedPair {
    /// Decodes both, with all of their pixels.
    pub(super) fn decode_fully(baseline: &[u8], current: &[u8]) -> Result<Self, CompareError> {
        check_budget(baseline, current)?;
        let (baseline, current) = threads::join(
            baseline.len() + current.len() >= MIN_PARALLEL_BYTES,
            || Decoded::read(baseline).map_err(|problem| problem.of(ImageSide::Baseline)),
            || Decoded::read(current).map_err(|problem| problem.of(ImageSide::Current)),
        );
        Ok(Self {
            baseline: baseline?,
            current: current?,
            equal: None,
        })
    }

    /// Compares two files that are not equal, and decodes only the rows that
    /// are needed.
    pub(super) fn compare(
        baseline: &[u8],
        current: &[u8],
        options: &Options,
    ) -> Result<Comparison, CompareError> {
        let pair = match Self::try_lockstep(baseline, current, options) {
            Some(pair) => pair,
            None => match Self::count(baseline, current, options, BAND_BYTES) {
                Some(comparison) => return Ok(comparison),
                None => Self::decode_fully(baseline, current)?,
            },
        };
        Ok(comparison::compare_layout(
            &pair.layout(options),
            pair.sizes(),
            options,
        ))
    }

    /// Decodes both as far as a comparison needs it.
    pub(super) fn decode_for(
        baseline: &[u8],
        current: &[u8],
        options: &Options,
    ) -> Result<Self, CompareError> {
        match Self::try_lockstep(baseline, current, options) {
            Some(pair) => Ok(pair),
            None => Self::decode_fully(baseline, current),
        }
    }

    fn try_lockstep(baseline: &[u8], current: &[u8], options: &Options) -> Option<Self> {
        // Rows that moved can be anywhere, so all must be decoded.
        let in_place = !options.detect_moves;
        in_place.then(|| Self::decode_in_lockstep(baseline, current, BAND_BYTES))?
    }

    /// Counts the differences without keeping rows, in bands of about `band`
    /// bytes. `None` if the options require more than counts, or if the fast
    /// decoder does not support one of the files.
    pub(super) fn count(
        baseline: &[u8],
        current: &[u8],
        options: &Options,
        band: usize,
    ) -> Option<Comparison> {
        if options.detect_moves || options.perceptual != Perceptual::Off {
            return None;
        }
        let size = size(baseline).and(size(current)).ok()?;
        let (a, b) = (PlainPng::read(baseline)?, PlainPng::read(current)?);
        // As large as a band with its copied rows, so that the buffers are
        // reused.
        let rows = (1_usize << band_shift(&a, band))
            .saturating_sub(band::COPIED_ROWS)
            .max(1);
        let worthwhile = baseline.len() + current.len() >= MIN_PARALLEL_BYTES;
        let tally = streaming::count(&a, &b, options, rows, worthwhile)?;
        Some(Comparison::from_tally(tally, size, options))
    }

    /// Decodes the rows that differ, in bands of about `band` bytes. `None` if
    /// these are many, or if the fast decoder does not support one of the
    /// files.
    pub(super) fn decode_in_lockstep(baseline: &[u8], current: &[u8], band: usize) -> Option<Self> {
        size(baseline).and(size(current)).ok()?;
        let (a, b) = (PlainPng::read(baseline)?, PlainPng::read(current)?);
        let shift = band_shift(&a, band);
        let worthwhile = baseline.len() + current.len() >= MIN_PARALLEL_BYTES;
        let rows = lockstep::decode(&a, &b, shift, worthwhile)?;
        Some(Self {
            baseline: Decoded::Rows(rows.a),
            current: Decoded::Rows(rows.b),
            equal: Some(rows.equal),
        })
    }

    /// Whether all pixels are decoded.
    pub(super) fn is_fully_decoded(&self) -> bool {
        self.equal.is_none()
    }

    /// The two images.
    pub(super) fn views(&self) -> (PixelView<'_>, PixelView<'_>) {
        (self.baseline.view(), self.current.view())
    }

    /// The layout of both images.
    pub(super) fn layout(&self, options: &Options) -> Layout<'_> {
        let (a, b) = self.views();
        Layout::new(a, b, self.equal.as_deref(), options)
    }

    /// Width and height of the baseline and of the current image.
    pub(super) fn sizes(&self) -> ((u32, u32), (u32, u32)) {
        let size = |view: PixelView<'_>| (view.size().0 as u32, view.size().1 as u32);
        let (a, b) = self.views();
        (size(a), size(b))
    }
}

/// Checks by their headers that both images fit into memory.
fn check_budget(baseline: &[u8], current: &[u8]) -> Result<(), CompareError> {
    let baseline = size(baseline).map_err(|problem| problem.of(ImageSide::Baseline))?;
    let current = size(current).map_err(|problem| problem.of(ImageSide::Current))?;
    let bytes = |(width, height): (u32, u32)| u64::from(width) * u64::from(height) * 4;
    let needed = bytes(baseline) + bytes(current);
    if needed <= MAX_DECODED_BYTES {
        return Ok(());
    }
    Err(CompareError::OverBudget {
        baseline,
        current,
        needed,
        budget: MAX_DECODED_BYTES,
    })
}

/// The binary logarithm of the number of rows in about `band` bytes.
fn band_shift(png: &PlainPng<'_>, band: usize) -> u32 {
    (band / png.stride()).checked_ilog2().unwrap_or(0)
}

/// Whether two files hold the same compressed pixels.
pub(super) fn has_same_pixel_data(baseline: &[u8], current: &[u8]) -> bool {
    match (PlainPng::read(baseline), PlainPng::read(current)) {
        (Some(a), Some(b)) => a == b,
        _ => false,
    }
}

/// The pixels by the fast decoder, if it supports the file, and by the general
/// one.
#[cfg(fuzzing)]
pub fn decode_both_ways(png: &[u8]) -> Option<(RgbaImage, Option<RgbaImage>)> {
    let Ok(ours @ Decoded::Rows(_)) = Decoded::read(png) else {
        return None;
    };
    let (width, height) = ours.view().size();
    let pixel = |x, y| image::Rgba(ours.view().pixel(x as usize, y as usize));
    let ours = RgbaImage::from_fn(width as u32, height as u32, pixel);
    Some((ours, any_png::decode(png).ok()))
}
