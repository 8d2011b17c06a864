//! Draws images in terminals that support it.

use std::io::{self, Write as _};

use anyhow::{Context, Result, anyhow, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use image::imageops::FilterType;
use image::{ImageFormat, Rgba, RgbaImage, imageops};
use tintype::compare;
use tintype::internals::config::Variables;

use crate::output::print_line;

/// Pixels between images.
const GAP: u32 = 16;
/// The most pixels of all images side by side: 256 MiB of memory.
const MAX_STRIP_PIXELS: u64 = 64 << 20;
/// The pixels of a cell of the terminal, about.
const CELL_WIDTH: u32 = 8;
const CELL_HEIGHT: u32 = 16;
/// The longest payload of an escape sequence for Kitty.
const KITTY_CHUNK: usize = 4096;

/// A protocol for images in the terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ImageProtocol {
    Kitty,
    Iterm,
    Sixel,
}

/// The protocol of this terminal, according to its environment variables. A
/// query would block on terminals that do not answer, and its answer could end
/// up in the next prompt.
pub(super) fn protocol(variables: &Variables) -> Option<ImageProtocol> {
    let term = variables.text("TERM").unwrap_or_default();
    let program = variables.text("TERM_PROGRAM").unwrap_or_default();
    let is = |names: &[&str]| {
        names
            .iter()
            .any(|name| term.contains(name) || program == *name)
    };
    if is(&["kitty", "ghostty"]) {
        Some(ImageProtocol::Kitty)
    } else if is(&["iTerm.app", "WezTerm"]) {
        Some(ImageProtocol::Iterm)
    } else if is(&["sixel", "foot", "mlterm"]) {
        Some(ImageProtocol::Sixel)
    } else {
        None
    }
}

/// Draws images side by side.
pub(super) fn draw(images: &[(&'static str, Vec<u8>)], protocol: ImageProtocol) -> Result<()> {
    let strip = side_by_side(&decode(images)?);
    let sequence = encode(&strip, protocol, TerminalSize::of_stdout())?;
    let mut out = io::stdout().lock();
    out.write_all(&sequence)?;
    out.flush()?;
    drop(out);
    let kinds: Vec<_> = images.iter().map(|(kind, _)| *kind).collect();
    print_line!("{}", kinds.join(" | "));
    Ok(())
}

/// Decodes PNGs if they fit into the budget side by side: whoever writes a pull
/// request chooses the size of its baselines.
fn decode(images: &[(&'static str, Vec<u8>)]) -> Result<Vec<RgbaImage>> {
    let (mut width, mut height) = (0, 0);
    for (kind, png) in images {
        let size = compare::png_size(png);
        let (w, h) = size.map_err(|problem| anyhow!("the {kind} is invalid: {problem}"))?;
        width += u64::from(w) + u64::from(GAP);
        height = u64::from(h).max(height);
    }
    ensure!(
        width.saturating_mul(height) <= MAX_STRIP_PIXELS,
        "{width}×{height} pixels side by side are more than the maximum of {MAX_STRIP_PIXELS}"
    );
    let decode = |(kind, png): &(&str, Vec<u8>)| {
        let image = image::load_from_memory_with_format(png, ImageFormat::Png);
        let image = image.with_context(|| format!("failed to decode the {kind}"))?;
        Ok(image.into_rgba8())
    };
    images.iter().map(decode).collect()
}

/// The size of a terminal in cells.
#[derive(Clone, Copy, Debug)]
struct TerminalSize {
    columns: u32,
    rows: u32,
}

impl TerminalSize {
    /// The size of the terminal on standard output, or the usual one.
    fn of_stdout() -> Self {
        let found = terminal_size::terminal_size();
        let (columns, rows) = found.map_or((80, 24), |(columns, rows)| (columns.0, rows.0));
        Self {
            columns: u32::from(columns.max(1)),
            rows: u32::from(rows.max(1)),
        }
    }

    /// The columns and rows of an image: those of its own size, or fewer so that
    /// it fits with its shape.
    fn fit(self, image: &RgbaImage) -> (u32, u32) {
        let columns = f64::from(image.width()) / f64::from(CELL_WIDTH);
        let rows = f64::from(image.height()) / f64::from(CELL_HEIGHT);
        // The prompt is below the image.
        let most = f64::from(self.rows.saturating_sub(2).max(1));
        let factor = (f64::from(self.columns) / columns)
            .min(most / rows)
            .min(1.0);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a positive number of cells that fits into the terminal"
        )]
        let cells = |length: f64| (length * factor).round().max(1.0) as u32;
        (cells(columns), cells(rows))
    }
}

/// The escape sequences that draw an image and leave the cursor below it.
fn encode(image: &RgbaImage, protocol: ImageProtocol, size: TerminalSize) -> Result<Vec<u8>> {
    let (columns, rows) = size.fit(image);
    let (width, height) = (columns * CELL_WIDTH, rows * CELL_HEIGHT);
    // More pixels than the terminal can show would only take time.
    let reduced = if width < image.width() || height < image.height() {
        imageops::resize(image, width, height, FilterType::Triangle)
    } else {
        image.clone()
    };
    let mut out = String::new();
    match protocol {
        ImageProtocol::Kitty => {
            let png = STANDARD.encode(compare::encode_png(&reduced)?);
            let mut chunks = png.as_bytes().chunks(KITTY_CHUNK).peekable();
            // `q=2`: an answer would end up in the prompt.
            let mut keys = format!("a=T,f=100,q=2,c={columns},r={rows},");
            while let Some(chunk) = chunks.next() {
                let more = u8::from(chunks.peek().is_some());
                let chunk = String::from_utf8_lossy(chunk);
                out += &format!("\u{1b}_G{keys}m={more};{chunk}\u{1b}\\");
                keys.clear();
            }
        }
        ImageProtocol::Iterm => {
            let png = compare::encode_png(&reduced)?;
            out += &format!(
                "\u{1b}]1337;File=inline=1;size={};width={columns};height={rows};\
                 preserveAspectRatio=1:{}\u{7}",
                png.len(),
                STANDARD.encode(&png)
            );
        }
        ImageProtocol::Sixel => out += &sixel(&reduced)?,
    }
    out.push('\n');
    Ok(out.into_bytes())
}

fn sixel(image: &RgbaImage) -> Result<String> {
    let side = |length: u32| i32::try_from(length).context("the image is too large");
    let encoded = icy_sixel::sixel_string(
        image.as_raw(),
        side(image.width())?,
        side(image.height())?,
        icy_sixel::PixelFormat::RGBA8888,
        icy_sixel::DiffusionMethod::Auto,
        icy_sixel::MethodForLargest::Auto,
        icy_sixel::MethodForRep::Auto,
        icy_sixel::Quality::AUTO,
    );
    encoded.map_err(|error| anyhow!("failed to encode the image: {error}"))
}

/// Images side by side on a transparent background.
fn side_by_side(images: &[RgbaImage]) -> RgbaImage {
    let gaps = u32::try_from(images.len().saturating_sub(1)).unwrap_or(0) * GAP;
    let width = images.iter().map(RgbaImage::width).sum::<u32>() + gaps;
    let height = images.iter().map(RgbaImage::height).max().unwrap_or(0);
    let mut strip = RgbaImage::from_pixel(width.max(1), height.max(1), Rgba([0; 4]));
    let mut left = 0;
    for image in images {
        imageops::replace(&mut strip, image, i64::from(left), 0);
        left += image.width() + GAP;
    }
    strip
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn protocols_follow_the_environment_variables() {
        let named = |term: &'static str, program: &'static str| {
            protocol(&Variables::from([
                ("TERM", term),
                ("TERM_PROGRAM", program),
            ]))
        };
        assert_eq!(named("xterm-kitty", ""), Some(ImageProtocol::Kitty));
        assert_eq!(
            named("xterm-256color", "iTerm.app"),
            Some(ImageProtocol::Iterm)
        );
        assert_eq!(named("foot", ""), Some(ImageProtocol::Sixel));
        assert_eq!(named("xterm-256color", "Apple_Terminal"), None);
        assert_eq!(protocol(&Variables::default()), None);
    }

    #[test]
    fn images_are_placed_side_by_side() {
        let (red, blue) = (Rgba([255, 0, 0, 255]), Rgba([0, 0, 255, 255]));
        let strip = side_by_side(&[
            RgbaImage::from_pixel(3, 2, red),
            RgbaImage::from_pixel(2, 5, blue),
        ]);
        assert_eq!(strip.dimensions(), (3 + GAP + 2, 5));
        assert_eq!(*strip.get_pixel(2, 1), red);
        assert_eq!(*strip.get_pixel(2, 4), Rgba([0; 4]));
        assert_eq!(*strip.get_pixel(3 + GAP, 4), blue);
    }

    fn png(width: u32, height: u32) -> Vec<u8> {
        compare::encode_png(&RgbaImage::new(width, height)).unwrap()
    }

    /// Each of them is small.
    #[test]
    fn images_that_are_large_side_by_side_are_not_decoded() {
        let images = [("baseline", png(1, 60_000)), ("current", png(60_000, 1))];
        let error = decode(&images).unwrap_err().to_string();
        assert!(error.contains("more than the maximum"), "{error}");
        let images = [("baseline", png(30, 40)), ("current", png(50, 20))];
        assert_eq!(decode(&images).unwrap()[1].dimensions(), (50, 20));
        let error = decode(&[("baseline", b"GIF89a".to_vec())]).unwrap_err();
        assert!(error.to_string().contains("the baseline is"), "{error}");
    }

    const SIZE: TerminalSize = TerminalSize {
        columns: 80,
        rows: 24,
    };

    #[test]
    fn images_fit_into_the_terminal_and_are_not_enlarged() {
        let fit = |width, height| SIZE.fit(&RgbaImage::new(width, height));
        assert_eq!(fit(80, 160), (10, 10));
        assert_eq!(fit(1, 1), (1, 1));
        assert_eq!(fit(6400, 1600), (80, 10));
        assert_eq!(fit(800, 35_200), (1, 22));
    }

    /// The image that a terminal would show.
    fn decoded(base64: &str) -> RgbaImage {
        let png = STANDARD.decode(base64).unwrap();
        image::load_from_memory(&png).unwrap().into_rgba8()
    }

    #[test]
    fn kitty_gets_a_png_in_chunks() {
        // Noise does not compress.
        let mut seed = 1_u32;
        let image = RgbaImage::from_fn(80, 32, |_, _| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            Rgba((seed | 0xff).to_be_bytes())
        });
        let text = encode(&image, ImageProtocol::Kitty, SIZE).unwrap();
        let text = String::from_utf8(text).unwrap();
        let sequences: Vec<_> = text.trim_end().split_terminator("\u{1b}\\").collect();
        assert!(sequences.len() > 1);
        let mut base64 = String::new();
        for (sequence, number) in sequences.iter().zip(1..) {
            let (keys, chunk) = sequence.split_once(';').unwrap();
            let more = usize::from(number < sequences.len());
            let first = if number == 1 {
                "a=T,f=100,q=2,c=10,r=2,"
            } else {
                ""
            };
            assert_eq!(keys, format!("\u{1b}_G{first}m={more}"));
            assert!(chunk.len() <= KITTY_CHUNK);
            base64 += chunk;
        }
        assert_eq!(decoded(&base64), image);
    }

    #[test]
    fn other_terminals_get_their_sequences() {
        let image = RgbaImage::from_pixel(1280, 64, Rgba([200, 0, 0, 255]));
        let text = encode(&image, ImageProtocol::Iterm, SIZE).unwrap();
        let text = String::from_utf8(text).unwrap();
        let (head, base64) = text.trim_end().split_once(':').unwrap();
        assert!(
            head.starts_with("\u{1b}]1337;File=inline=1;size="),
            "{head}"
        );
        assert!(head.contains(";width=80;height=2;"), "{head}");
        let shown = decoded(base64.strip_suffix('\u{7}').unwrap());
        assert_eq!(shown.dimensions(), (640, 32));
        assert_eq!(shown.get_pixel(0, 0), image.get_pixel(0, 0));
        let text = encode(&image, ImageProtocol::Sixel, SIZE).unwrap();
        assert!(text.starts_with(b"\x1bP") && text.ends_with(b"\x1b\\\n"));
    }
}
