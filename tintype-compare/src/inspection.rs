//! Compares files, and computes a diff image and a threshold sweep on request.

use super::comparison::{self, Comparison};
use super::decode::{self, DecodedPair};
use super::diff_image;
use super::error::{CompareError, ImageSide};
use super::header;
use super::options::Options;
use super::threshold_sweep::ThresholdSweep;

/// The comparison of two encoded PNGs, with their decoded pixels: a diff image
/// and a sweep decode nothing twice.
pub struct Inspection<'a> {
    /// The result of the comparison.
    pub comparison: Comparison,
    files: [&'a [u8]; 2],
    /// `None` until it is needed.
    decoded: Option<DecodedPair>,
}

/// Compares two encoded PNGs. Equal bytes are equal images, and so are files
/// that differ only in text chunks: they are not decoded. Of other screenshots
/// only a few rows are in memory at a time.
///
/// # Errors When one of them is not a PNG, is damaged, or is too large to
/// decode.
pub fn compare_png(
    baseline: &[u8],
    current: &[u8],
    options: &Options,
) -> Result<Comparison, CompareError> {
    match compare_equal(baseline, current, options)? {
        Some(comparison) => Ok(comparison),
        None => DecodedPair::compare(baseline, current, options),
    }
}

/// Compares two encoded PNGs, and keeps the decoded pixels for a diff image or
/// a sweep.
///
/// # Errors
/// As [`compare_png`].
pub fn inspect_png<'a>(
    baseline: &'a [u8],
    current: &'a [u8],
    options: &Options,
) -> Result<Inspection<'a>, CompareError> {
    if let Some(comparison) = compare_equal(baseline, current, options)? {
        return Ok(comparison.inspect(baseline, current));
    }
    let pair = DecodedPair::decode_for(baseline, current, options)?;
    let comparison = comparison::compare_layout(&pair.layout(options), pair.sizes(), options);
    Ok(Inspection {
        decoded: Some(pair),
        ..comparison.inspect(baseline, current)
    })
}

/// The comparison of files that are known to be equal without decoding.
fn compare_equal(
    baseline: &[u8],
    current: &[u8],
    options: &Options,
) -> Result<Option<Comparison>, CompareError> {
    if !are_equal(baseline, current) {
        return Ok(None);
    }
    let size = header::size(baseline).map_err(|problem| problem.of(ImageSide::Baseline))?;
    Ok(Some(Comparison::identical(size, options)))
}

/// Whether files are known to be equal without decoding them.
fn are_equal(baseline: &[u8], current: &[u8]) -> bool {
    baseline == current || decode::has_same_pixel_data(baseline, current)
}

impl Comparison {
    /// Keeps the two files, to draw a diff image or to sweep thresholds later.
    pub fn inspect<'a>(self, baseline: &'a [u8], current: &'a [u8]) -> Inspection<'a> {
        Inspection {
            comparison: self,
            files: [baseline, current],
            decoded: None,
        }
    }
}

impl Inspection<'_> {
    /// Draws the differences, as an encoded PNG: the current image faded to
    /// grey, differing pixels red, anti-aliased ones yellow, ignored rectangles
    /// hatched. If the sizes differ, the area that only one image has is light
    /// red.
    ///
    /// # Errors If a file that has not been decoded yet is damaged, or if the
    /// smallest image that holds both would be too large.
    pub fn diff_png(&mut self) -> Result<Vec<u8>, CompareError> {
        let pair = match self.decoded.take() {
            Some(pair) if pair.is_fully_decoded() => pair,
            _ => DecodedPair::decode_fully(self.files[0], self.files[1])?,
        };
        let (baseline, current) = self.decoded.insert(pair).views();
        diff_image::draw(baseline, current, &self.comparison.options)?.encode()
    }

    /// The places of all differing pixels in the smallest image that holds both,
    /// row by row. If the sizes differ, every pixel that only one image has is
    /// among them.
    ///
    /// # Errors
    /// As for [`diff_png`](Self::diff_png).
    #[doc(hidden)]
    pub fn differing_pixels(&mut self) -> Result<Vec<(u32, u32)>, CompareError> {
        let pair = match self.decoded.take() {
            Some(pair) if pair.is_fully_decoded() => pair,
            _ => DecodedPair::decode_fully(self.files[0], self.files[1])?,
        };
        let (baseline, current) = self.decoded.insert(pair).views();
        let diff = diff_image::draw(baseline, current, &self.comparison.options)?;
        Ok(diff.differing())
    }

    /// A fingerprint of the difference: the hash of the sizes of both images, and
    /// of place and colours (RGBA8) of every differing pixel, row by row, in
    /// lowercase hexadecimal. It is the same only for the same difference.
    ///
    /// # Errors
    /// As for [`diff_png`](Self::diff_png).
    #[doc(hidden)]
    pub fn difference_hash(&mut self) -> Result<String, CompareError> {
        let places = self.differing_pixels()?;
        let (baseline, current) = match &self.decoded {
            Some(pair) => pair.views(),
            None => return Ok(blake3::Hasher::new().finalize().to_hex().to_string()),
        };
        let mut hasher = blake3::Hasher::new();
        for view in [baseline, current] {
            let (width, height) = view.size();
            hasher.update(&(width as u64).to_le_bytes());
            hasher.update(&(height as u64).to_le_bytes());
        }
        for (x, y) in places {
            hasher.update(&x.to_le_bytes());
            hasher.update(&y.to_le_bytes());
            for view in [baseline, current] {
                let (width, height) = view.size();
                let is_inside = (x as usize) < width && (y as usize) < height;
                let colour = is_inside.then(|| view.pixel(x as usize, y as usize));
                hasher.update(&[u8::from(is_inside)]);
                hasher.update(&colour.unwrap_or_default());
            }
        }
        Ok(hasher.finalize().to_hex().to_string())
    }

    /// Counts the differing pixels at eleven thresholds, in one pass. Equal
    /// files are not decoded.
    ///
    /// # Errors If a file that has not been decoded yet is damaged.
    pub fn sweep(&mut self) -> Result<ThresholdSweep, CompareError> {
        if self.decoded.is_none() && are_equal(self.files[0], self.files[1]) {
            return Ok(ThresholdSweep::of_equal(&self.comparison));
        }
        let options = &self.comparison.options;
        let pair = match self.decoded.take() {
            Some(pair) => pair,
            None => DecodedPair::decode_for(self.files[0], self.files[1], options)?,
        };
        let layout = self.decoded.insert(pair).layout(options);
        Ok(ThresholdSweep::of(&self.comparison, &layout))
    }
}

/// Compares by streaming and in lockstep only, in bands of about `band` bytes,
/// so that even small images have several. `None` if neither supports the
/// files.
#[cfg(any(test, fuzzing))]
#[cfg_attr(test, expect(unreachable_pub, reason = "the fuzz targets reach it"))]
pub fn compare_in_bands(
    baseline: &[u8],
    current: &[u8],
    options: &Options,
    band: usize,
) -> Option<Comparison> {
    let count = DecodedPair::count(baseline, current, options, band);
    let Some(pair) = DecodedPair::decode_in_lockstep(baseline, current, band) else {
        return count;
    };
    let found = comparison::compare_layout(&pair.layout(options), pair.sizes(), options);
    assert!(count.is_none_or(|count| count == found), "two counts");
    Some(found)
}

#[cfg(test)]
mod tests {
    use image::{Rgba, RgbaImage};

    use super::*;
    use crate::{Antialiasing, encode_png};

    fn png(width: u32, marked: &[(u32, u8)]) -> Vec<u8> {
        let mut image = RgbaImage::from_pixel(width, 4, Rgba([9, 9, 9, 255]));
        for (x, grey) in marked {
            image.put_pixel(*x, 1, Rgba([*grey, *grey, *grey, 255]));
        }
        encode_png(&image).unwrap()
    }

    #[test]
    fn only_the_same_difference_has_the_same_hash() {
        let options = Options::default()
            .threshold(0.0)
            .antialiasing(Antialiasing::Count);
        let hash = |baseline: &[u8], current: &[u8]| {
            let mut inspection = inspect_png(baseline, current, &options).unwrap();
            inspection.difference_hash().unwrap()
        };
        let baseline = png(8, &[]);
        let found = hash(&baseline, &png(8, &[(2, 90)]));
        assert_eq!(found, hash(&baseline, &png(8, &[(2, 90)])));
        let others = [
            hash(&baseline, &png(8, &[(3, 90)])),
            hash(&baseline, &png(8, &[(2, 91)])),
            hash(&baseline, &png(8, &[(2, 90), (5, 90)])),
            hash(&png(8, &[(2, 8)]), &png(8, &[(2, 90)])),
            hash(&baseline, &png(9, &[(2, 90)])),
            hash(&baseline, &baseline),
        ];
        for (index, other) in others.iter().enumerate() {
            assert_ne!(*other, found, "{index}");
            assert!(!others[index + 1..].contains(other), "{index}");
        }
    }
}
