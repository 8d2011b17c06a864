//! From an encoded PNG to pixels.

use std::io::Cursor;

use image::{ImageDecoder, RgbaImage, codecs::png::PngDecoder};

use super::error::ImageProblem;

/// The most pixels that are decoded: 512 MiB as RGBA.
const MOST_PIXELS: u64 = 1 << 27;

/// Decodes any PNG to RGBA, 8 bits per channel.
pub(super) fn decode(png: &[u8]) -> Result<RgbaImage, ImageProblem> {
    let (width, height) = size(png)?;
    let mut limits = image::Limits::default();
    // A 16-bit image needs twice its pixels for a moment.
    limits.max_alloc = Some(MOST_PIXELS * 8);
    let decoder =
        PngDecoder::with_limits(Cursor::new(png), limits).map_err(|error| problem(&error, png))?;
    debug_assert_eq!(decoder.dimensions(), (width, height));
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
