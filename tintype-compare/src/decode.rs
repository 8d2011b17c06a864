//! From an encoded PNG to pixels.

use std::io::Cursor;

use image::{RgbaImage, codecs::png::PngDecoder};

use super::chunks::{self, Plain};
use super::comparison::{self, Comparison};
use super::error::{CompareError, ImageProblem, Side};
use super::layout::Layout;
use super::options::{Options, Perceptual};
use super::rows::Rows;
use super::segments;
use super::side_by_side;
use super::strip;
use super::view::View;
use super::workers;

/// The most pixels that are decoded: 512 MiB as RGBA.
pub const MOST_PIXELS: u64 = 1 << 27;

/// The most rows: of each, more is remembered than the pixels of a narrow image
/// take.
const MOST_ROWS: u32 = 1 << 24;

/// A decoded image, in one of two shapes.
pub(super) enum Decoded {
    /// What browsers write, read by a path of our own.
    Rows(Rows),
    /// Any other PNG.
    Image(RgbaImage),
}

impl Decoded {
    pub(super) fn view(&self) -> View<'_> {
        match self {
            Self::Rows(rows) => rows.view(),
            Self::Image(image) => View::of(image),
        }
    }

    /// Reads a PNG, with all of its pixels.
    fn read(png: &[u8]) -> Result<Self, ImageProblem> {
        size(png)?;
        let Some(mut rows) = Plain::read(png).and_then(|plain| Rows::inflate(&plain)) else {
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
    /// Which rows are equal, if that is known. They hold pixels only where
    /// the engine looks: close to rows that are not.
    equal: Option<Vec<bool>>,
}

/// Encoded bytes from which on two threads decode faster than one.
const WORTH_A_THREAD: usize = 64 << 10;

/// Bytes that are inflated at once, about: enough to be worth waking the other
/// thread, and little enough for a few of them to stay in a core's cache.
const BAND: usize = 192 << 10;

impl DecodedPair {
    /// Decodes both, with all of their pixels.
    pub(super) fn whole(baseline: &[u8], current: &[u8]) -> Result<Self, CompareError> {
        let (baseline, current) = workers::both(
            baseline.len() + current.len() >= WORTH_A_THREAD,
            || Decoded::read(baseline).map_err(|problem| problem.of(Side::Baseline)),
            || Decoded::read(current).map_err(|problem| problem.of(Side::Current)),
        );
        Ok(Self {
            baseline: baseline?,
            current: current?,
            equal: None,
        })
    }

    /// Compares two files that are not the same, and decodes them no further
    /// than that needs.
    pub(super) fn compare(
        baseline: &[u8],
        current: &[u8],
        options: &Options,
    ) -> Result<Comparison, CompareError> {
        let pair = match Self::side_by_side_for(baseline, current, options) {
            Some(pair) => pair,
            None => match Self::counted(baseline, current, options, BAND) {
                Some(comparison) => return Ok(comparison),
                None => Self::whole(baseline, current)?,
            },
        };
        Ok(comparison::judge(
            &pair.layout(options),
            pair.sizes(),
            options,
        ))
    }

    /// Decodes both as far as a comparison needs it.
    pub(super) fn to_compare(
        baseline: &[u8],
        current: &[u8],
        options: &Options,
    ) -> Result<Self, CompareError> {
        match Self::side_by_side_for(baseline, current, options) {
            Some(pair) => Ok(pair),
            None => Self::whole(baseline, current),
        }
    }

    fn side_by_side_for(baseline: &[u8], current: &[u8], options: &Options) -> Option<Self> {
        // To find a row elsewhere all of them must be known.
        let in_place = !options.moved;
        in_place.then(|| Self::side_by_side(baseline, current, BAND))?
    }

    /// Counts what differs without keeping any of it, in strips of about `band`
    /// bytes. `None` where the options ask for more than counts, or
    /// where our own path doesn't take one of the files.
    pub(super) fn counted(
        baseline: &[u8],
        current: &[u8],
        options: &Options,
        band: usize,
    ) -> Option<Comparison> {
        if options.moved || options.perceptual != Perceptual::Off {
            return None;
        }
        let size = size(baseline).and(size(current)).ok()?;
        let (a, b) = (Plain::read(baseline)?, Plain::read(current)?);
        // As large as a band with what is copied, to be given the memory of one.
        let rows = (1_usize << rows_of(&a, band))
            .saturating_sub(strip::COPIED)
            .max(1);
        let worthwhile = baseline.len() + current.len() >= WORTH_A_THREAD;
        let tally = segments::count(&a, &b, options, rows, worthwhile)?;
        Some(Comparison::counted(tally, size, options))
    }

    /// Decodes what differs, by bands of about `band` bytes. `None` where that
    /// is much, or where our own path doesn't take one of the files.
    pub(super) fn side_by_side(baseline: &[u8], current: &[u8], band: usize) -> Option<Self> {
        size(baseline).and(size(current)).ok()?;
        let (a, b) = (Plain::read(baseline)?, Plain::read(current)?);
        let shift = rows_of(&a, band);
        let worthwhile = baseline.len() + current.len() >= WORTH_A_THREAD;
        let aligned = side_by_side::align(&a, &b, shift, worthwhile)?;
        Some(Self {
            baseline: Decoded::Rows(aligned.a),
            current: Decoded::Rows(aligned.b),
            equal: Some(aligned.equal),
        })
    }

    /// Whether all pixels are there.
    pub(super) fn is_whole(&self) -> bool {
        self.equal.is_none()
    }

    /// The two images.
    pub(super) fn views(&self) -> (View<'_>, View<'_>) {
        (self.baseline.view(), self.current.view())
    }

    /// Both images laid on each other.
    pub(super) fn layout(&self, options: &Options) -> Layout<'_> {
        let (a, b) = self.views();
        Layout::new(a, b, self.equal.as_deref(), options)
    }

    /// Width and height of the baseline and of the current image.
    pub(super) fn sizes(&self) -> ((u32, u32), (u32, u32)) {
        let size = |view: View<'_>| (view.size().0 as u32, view.size().1 as u32);
        let (a, b) = self.views();
        (size(a), size(b))
    }
}

/// The binary logarithm of how many rows about `band` bytes are.
fn rows_of(png: &Plain<'_>, band: usize) -> u32 {
    (band / png.stride()).checked_ilog2().unwrap_or(0)
}

/// Whether two files hold the same compressed pixels.
pub(super) fn is_same_picture(baseline: &[u8], current: &[u8]) -> bool {
    match (Plain::read(baseline), Plain::read(current)) {
        (Some(a), Some(b)) => a == b,
        _ => false,
    }
}

/// Decodes any PNG to RGBA, 8 bits per channel.
pub(super) fn decode_any(png: &[u8]) -> Result<RgbaImage, ImageProblem> {
    if let Some(length) = chunks::broken_palette(png) {
        return Err(ImageProblem::Corrupt(format!(
            "its palette of {length} bytes is not one of whole colours"
        )));
    }
    let mut limits = image::Limits::default();
    // A 16-bit image needs twice its pixels for a moment.
    limits.max_alloc = Some(MOST_PIXELS * 8);
    let decoder =
        PngDecoder::with_limits(Cursor::new(png), limits).map_err(|error| problem(&error, png))?;
    let image = image::DynamicImage::from_decoder(decoder).map_err(|error| problem(&error, png))?;
    Ok(image.into_rgba8())
}

/// Reads width and height from the header, and refuses what is no PNG or too
/// large.
pub(super) fn size(png: &[u8]) -> Result<(u32, u32), ImageProblem> {
    const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";
    if png.is_empty() {
        return Err(ImageProblem::NotPng("it is empty".into()));
    }
    if !png.starts_with(&SIGNATURE[..png.len().min(8)]) {
        return Err(ImageProblem::NotPng(format!(
            "it begins with {}",
            opening(png)
        )));
    }
    let number = |at: usize| Some(u32::from_be_bytes(png.get(at..at + 4)?.try_into().ok()?));
    let (Some(width), Some(height)) = (number(16), number(20)) else {
        return Err(ImageProblem::Truncated(png.len()));
    };
    if &png[12..16] != b"IHDR" {
        return Err(ImageProblem::Corrupt(
            "it does not begin with a header chunk".into(),
        ));
    }
    if width == 0 || height == 0 {
        return Err(ImageProblem::Corrupt(format!(
            "its size is {width}×{height}"
        )));
    }
    if u64::from(width) * u64::from(height) > MOST_PIXELS {
        return Err(ImageProblem::TooLarge {
            width,
            height,
            limit: MOST_PIXELS,
        });
    }
    if height > MOST_ROWS {
        return Err(ImageProblem::TooTall {
            height,
            limit: MOST_ROWS,
        });
    }
    Ok((width, height))
}

/// The first bytes of a file, for people: `"<!doctype"` tells more than hex.
fn opening(bytes: &[u8]) -> String {
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
        ImageProblem::Corrupt(text)
    }
}

/// The pixels by our own path, if it takes the file, and by the general one.
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
