//! Draws images in terminals that support it.

use std::path::PathBuf;

use anyhow::{Context, Result};
use image::{DynamicImage, Rgba, RgbaImage, imageops};
use tintype::internals::config::Variables;

use crate::images;
use crate::output::print_line;

/// Pixels between images.
const GAP: u32 = 16;

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
pub(super) fn draw(files: &[(&'static str, PathBuf)], protocol: ImageProtocol) -> Result<()> {
    let mut decoded = Vec::new();
    for (_, path) in files {
        let bytes = images::read(path)?;
        let image = image::load_from_memory(&bytes);
        let image = image.with_context(|| format!("failed to decode {}", path.display()))?;
        decoded.push(image.into_rgba8());
    }
    let config = viuer::Config {
        absolute_offset: false,
        use_kitty: protocol == ImageProtocol::Kitty,
        use_iterm: protocol == ImageProtocol::Iterm,
        use_sixel: protocol == ImageProtocol::Sixel,
        ..viuer::Config::default()
    };
    viuer::print(&DynamicImage::ImageRgba8(side_by_side(&decoded)), &config)?;
    let kinds: Vec<_> = files.iter().map(|(kind, _)| *kind).collect();
    print_line!("{}", kinds.join(" | "));
    Ok(())
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
    use super::{GAP, ImageProtocol, Variables, protocol, side_by_side};
    use image::{Rgba, RgbaImage};

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
}
