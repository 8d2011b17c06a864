//! Reads the size of an image from the header of its PNG.

use super::error::ImageProblem;
use super::png_chunks::SIGNATURE;

/// The most pixels that are decoded: 512 MiB as RGBA.
pub const MAX_PIXELS: u64 = 1 << 27;

/// The most columns: several rows are in memory beside the pixels.
const MAX_COLUMNS: u32 = 1 << 22;

/// The most rows: the bookkeeping of a row takes more memory than the pixels of
/// a narrow image.
const MAX_ROWS: u32 = 1 << 24;

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
    if width > MAX_COLUMNS {
        return Err(ImageProblem::TooWide {
            width,
            limit: MAX_COLUMNS,
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
