//! Decodes PNGs, as far as a comparison needs their pixels.

use std::io::Cursor;

use image::{RgbaImage, codecs::png::PngDecoder};

use super::band;
use super::comparison::{self, Comparison};
use super::error::{CompareError, ImageProblem, ImageSide};
use super::layout::Layout;
use super::lockstep;
use super::options::{Options, Perceptual};
use super::pixel_view::PixelView;
use super::png_chunks::{self, PlainPng, SIGNATURE};
use super::png_rows::PngRows;
use super::streaming;
use super::threads;

/// The most pixels that are decoded: 512 MiB as RGBA.
pub const MAX_PIXELS: u64 = 1 << 27;

/// The most rows: the bookkeeping of a row takes more memory than the pixels of
/// a narrow image.
const MAX_ROWS: u32 = 1 << 24;

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
            return decode_any(png).map(Self::Image);
        };
        rows.restore_all();
        Ok(Self::Rows(rows))
    }
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

/// Decodes any PNG to RGBA, 8 bits per channel.
pub(super) fn decode_any(png: &[u8]) -> Result<RgbaImage, ImageProblem> {
    if let Some(length) = png_chunks::broken_palette(png) {
        return Err(ImageProblem::Corrupt(format!(
            "its palette of {length} bytes has an incomplete colour"
        )));
    }
    let mut limits = image::Limits::default();
    // A 16-bit image needs twice its pixels for a moment.
    limits.max_alloc = Some(MAX_PIXELS * 8);
    let decoder =
        PngDecoder::with_limits(Cursor::new(png), limits).map_err(|error| problem(&error, png))?;
    let image = image::DynamicImage::from_decoder(decoder).map_err(|error| problem(&error, png))?;
    Ok(image.into_rgba8())
}

/// Reads width and height from the header of a PNG, without decoding pixels.
///
/// # Errors
/// When it is not a PNG, or too large to be compared.
pub fn size(png: &[u8]) -> Result<(u32, u32), ImageProblem> {
    if png.is_empty() {
        return Err(ImageProblem::NotPng("it is empty".into()));
    }
    if !png.starts_with(&SIGNATURE[..png.len().min(8)]) {
        return Err(ImageProblem::NotPng(format!(
            "it starts with {}",
            first_bytes(png)
        )));
    }
    let number = |at: usize| Some(u32::from_be_bytes(png.get(at..at + 4)?.try_into().ok()?));
    let (Some(width), Some(height)) = (number(16), number(20)) else {
        return Err(ImageProblem::Truncated(png.len()));
    };
    if &png[12..16] != b"IHDR" {
        return Err(ImageProblem::Corrupt(
            "it does not start with a header chunk".into(),
        ));
    }
    if width == 0 || height == 0 {
        return Err(ImageProblem::Corrupt(format!(
            "its size is {width}×{height}"
        )));
    }
    if u64::from(width) * u64::from(height) > MAX_PIXELS {
        return Err(ImageProblem::TooLarge {
            width,
            height,
            limit: MAX_PIXELS,
        });
    }
    if height > MAX_ROWS {
        return Err(ImageProblem::TooTall {
            height,
            limit: MAX_ROWS,
        });
    }
    Ok((width, height))
}

/// The first bytes of a file as text: `"<!doctype"` is more helpful than hex.
fn first_bytes(bytes: &[u8]) -> String {
    let head = &bytes[..bytes.len().min(12)];
    format!("\"{}\"", head.escape_ascii())
}

fn problem(error: &image::ImageError, png: &[u8]) -> ImageProblem {
    let text = error.to_string();
    let ended = matches!(error, image::ImageError::IoError(e) if e.kind() == std::io::ErrorKind::UnexpectedEof)
        || text.contains("unexpected end");
    if ended || text.contains("UnexpectedEof") {
        ImageProblem::Truncated(png.len())
    } else {
        let text = text.trim_start_matches("Format error decoding Png: ");
        ImageProblem::Corrupt(match text.contains("deflate") {
            true => "its compressed pixels are invalid".to_owned(),
            false => text.to_owned(),
        })
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
    Some((ours, decode_any(png).ok()))
}
