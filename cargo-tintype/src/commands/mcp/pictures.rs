//! The images of a snapshot as an agent sees them.

use anyhow::{Context, Result};
use image::imageops::FilterType;
use image::{DynamicImage, ImageFormat, RgbaImage};
use tintype::internals::model::VisualTestResult;

use crate::images::{self, RunImage};
use crate::project::Project;

/// The longest side of an image that is sent, in pixels. Models scale larger ones
/// down themselves.
const MAX_SIDE: u32 = 1568;

/// How much of the surroundings a crop shows, in pixels.
const MARGIN: u32 = 24;

/// An image of a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ShownPicture {
    Baseline,
    Current,
    Diff,
}

/// Reads an image as a PNG of at most [`MAX_SIDE`] pixels on a side; with `crop`
/// only the largest differing region and its surroundings.
///
/// # Errors
/// When the snapshot has no such image, or it is damaged.
pub(super) fn read(
    project: &Project,
    result: &VisualTestResult,
    picture: ShownPicture,
    crop: bool,
) -> Result<Vec<u8>> {
    let bytes = match picture {
        ShownPicture::Baseline => {
            let path = project.baseline(&result.story_identifier)?;
            let baseline = project.baselines().read(&path)?;
            baseline.context("there is no baseline")?.bytes
        }
        ShownPicture::Current => images::verified(&project.manifest, result, RunImage::Current)?.1,
        ShownPicture::Diff => images::verified(&project.manifest, result, RunImage::Diff)?.1,
    };
    let image = image::load_from_memory_with_format(&bytes, ImageFormat::Png)?;
    let mut image = image.into_rgba8();
    if crop && let Some(region) = result.regions.first() {
        let (left, top) = (
            region.x.saturating_sub(MARGIN),
            region.y.saturating_sub(MARGIN),
        );
        let (width, height) = (region.width + 2 * MARGIN, region.height + 2 * MARGIN);
        let width = width.min(image.width().saturating_sub(left));
        let height = height.min(image.height().saturating_sub(top));
        if width > 0 && height > 0 {
            image = image::imageops::crop_imm(&image, left, top, width, height).to_image();
        }
    }
    encode(image)
}

fn encode(image: RgbaImage) -> Result<Vec<u8>> {
    let mut image = DynamicImage::from(image);
    if image.width().max(image.height()) > MAX_SIDE {
        image = image.resize(MAX_SIDE, MAX_SIDE, FilterType::Triangle);
    }
    let mut png = std::io::Cursor::new(Vec::new());
    image.write_to(&mut png, ImageFormat::Png)?;
    Ok(png.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_image_is_scaled_down() {
        let png = encode(RgbaImage::new(10, 4000)).unwrap();
        let image = image::load_from_memory(&png).unwrap();
        assert_eq!((image.width(), image.height()), (4, MAX_SIDE));
    }
}
