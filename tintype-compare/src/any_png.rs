//! Decodes any PNG to RGBA, 8 bits per channel, row by row: besides the result
//! only a few rows are in memory, whatever the colour type and bit depth.

use std::io::{Cursor, ErrorKind};

use image::RgbaImage;
use png::{BitDepth, ColorType, Decoder, DecodingError, InterlaceInfo, Limits, Transformations};

use super::error::ImageProblem;
use super::header::size;
use super::png_chunks;

/// Memory for rows and metadata.
const MAX_WORKING_BYTES: usize = 256 << 20;

/// Decodes any PNG to RGBA, 8 bits per channel.
pub(super) fn decode(png: &[u8]) -> Result<RgbaImage, ImageProblem> {
    let (width, height) = size(png)?;
    if let Some(length) = png_chunks::broken_palette(png) {
        return Err(ImageProblem::Corrupt(format!(
            "its palette of {length} bytes has an incomplete colour"
        )));
    }
    let rows = pixels(png, width as usize, height as usize);
    let pixels = rows.map_err(|error| problem(&error, png))?;
    RgbaImage::from_raw(width, height, pixels)
        .ok_or_else(|| ImageProblem::Corrupt("it has too few pixels".to_owned()))
}

fn pixels(png: &[u8], width: usize, height: usize) -> Result<Vec<u8>, DecodingError> {
    let limits = Limits {
        bytes: MAX_WORKING_BYTES,
    };
    let mut decoder = Decoder::new_with_limits(Cursor::new(png), limits);
    decoder.set_transformations(Transformations::EXPAND);
    let mut reader = decoder.read_info()?;
    let form = reader.output_color_type();
    let stride = width * 4;
    let mut pixels = vec![0; stride * height];
    let mut rgba = Vec::with_capacity(stride);
    let mut next = pixels.chunks_exact_mut(stride);
    if !reader.info().interlaced {
        while let Some(row) = reader.next_row()? {
            if let Some(out) = next.next() {
                rgba.clear();
                push_rgba(row.data(), form, &mut rgba);
                out.copy_from_slice(&rgba);
            }
        }
        return Ok(pixels);
    }
    while let Some(row) = reader.next_interlaced_row()? {
        if let InterlaceInfo::Adam7(place) = row.interlace() {
            rgba.clear();
            push_rgba(row.data(), form, &mut rgba);
            png::expand_interlaced_row(&mut pixels, stride, &rgba, place, 32);
        }
    }
    Ok(pixels)
}

/// Appends the pixels of a row.
fn push_rgba(row: &[u8], (color, depth): (ColorType, BitDepth), out: &mut Vec<u8>) {
    match (depth, color) {
        (BitDepth::Sixteen, _) => {
            let samples = row.chunks_exact(2).map(|s| to_8_bits([s[0], s[1]]));
            push_samples(samples, color, out);
        }
        // What browsers write.
        (_, ColorType::Rgba) => out.extend_from_slice(row),
        (_, ColorType::Rgb) => push_rgb(row, out),
        _ => push_samples(row.iter().copied(), color, out),
    }
}

/// Appends pixels of RGB, 8 bits per channel.
pub(super) fn push_rgb(row: &[u8], out: &mut Vec<u8>) {
    let pixels = row.as_chunks::<3>().0.iter();
    out.extend(pixels.flat_map(|&[r, g, b]| [r, g, b, u8::MAX]));
}

/// The nearest value of 8 bits.
fn to_8_bits(sample: [u8; 2]) -> u8 {
    ((u32::from(u16::from_be_bytes(sample)) + 128) / 257) as u8
}

fn push_samples(mut samples: impl Iterator<Item = u8>, color: ColorType, out: &mut Vec<u8>) {
    while let Some(first) = samples.next() {
        let mut next = || samples.next().unwrap_or(u8::MAX);
        out.extend_from_slice(&match color {
            ColorType::Grayscale => [first, first, first, u8::MAX],
            ColorType::GrayscaleAlpha => [first, first, first, next()],
            ColorType::Rgb => [first, next(), next(), u8::MAX],
            // A palette has been expanded to RGB or RGBA.
            ColorType::Rgba | ColorType::Indexed => [first, next(), next(), next()],
        });
    }
}

fn problem(error: &DecodingError, png: &[u8]) -> ImageProblem {
    let is_end = |error: &std::io::Error| error.kind() == ErrorKind::UnexpectedEof;
    let text = error.to_string();
    match error {
        DecodingError::IoError(error) if is_end(error) => ImageProblem::Truncated(png.len()),
        _ if text.contains("unexpected end") || text.contains("UnexpectedEof") => {
            ImageProblem::Truncated(png.len())
        }
        _ if text.contains("deflate") => {
            ImageProblem::Corrupt("its compressed pixels are invalid".to_owned())
        }
        _ => ImageProblem::Corrupt(text),
    }
}
