//! Compares files, and computes a diff image and a threshold sweep on request.

use super::comparison::{self, Comparison};
use super::decode::{self, DecodedPair};
use super::diff_image;
use super::error::{CompareError, ImageSide};
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
/// that differ in nothing but text chunks: they are not even decoded. Of other
/// screenshots only a few rows are in memory at a time.
///
/// # Errors
/// When one of them is no PNG, damaged, or too large to decode.
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

/// Compares two encoded PNGs, and keeps what was decoded for further questions.
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
    let size = decode::size(baseline).map_err(|problem| problem.of(ImageSide::Baseline))?;
    Ok(Some(Comparison::identical(size, options)))
}

/// Whether files are seen to be equal without decoding them.
fn are_equal(baseline: &[u8], current: &[u8]) -> bool {
    baseline == current || decode::has_same_pixel_data(baseline, current)
}

impl Comparison {
    /// Asks further questions about the same two files, which are decoded for
    /// that.
    pub fn inspect<'a>(self, baseline: &'a [u8], current: &'a [u8]) -> Inspection<'a> {
        Inspection {
            comparison: self,
            files: [baseline, current],
            decoded: None,
        }
    }
}

impl Inspection<'_> {
    /// Draws what differs, as an encoded PNG: the current image faded to grey,
    /// differing pixels red, anti-aliased ones yellow, ignored rectangles
    /// hatched. Where sizes differ, what only one image has is light red.
    ///
    /// # Errors
    /// If files are damaged that did not have to be decoded before, or if the smallest image that holds both would be too large.
    pub fn diff_png(&mut self) -> Result<Vec<u8>, CompareError> {
        let pair = match self.decoded.take() {
            Some(pair) if pair.is_fully_decoded() => pair,
            _ => DecodedPair::decode_fully(self.files[0], self.files[1])?,
        };
        let (baseline, current) = self.decoded.insert(pair).views();
        diff_image::draw(baseline, current, &self.comparison.options)?.encode()
    }

    /// Counts the differing pixels at eleven thresholds, in one pass. Equal files
    /// are not decoded for that.
    ///
    /// # Errors
    /// If files are damaged that did not have to be decoded before.
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

/// Compares side by side and by strips only, of about `band` bytes: small
/// images have many, too. `None` where nothing can be said in this way.
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
