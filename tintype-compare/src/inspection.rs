//! A comparison of files that can be asked further questions.

use super::comparison::{self, Comparison};
use super::decode::{self, DecodedPair};
use super::error::{CompareError, Side};
use super::options::Options;
use super::picture::{self, encode_png};
use super::sweep::Sweep;

/// What two encoded PNGs differ in, with the pixels that were looked at: a
/// picture and a sweep decode nothing twice.
pub struct Inspection<'a> {
    /// What came of the comparison.
    pub comparison: Comparison,
    files: [&'a [u8]; 2],
    /// `None` where the files were seen to be equal without.
    decoded: Option<DecodedPair>,
}

/// Compares two encoded PNGs. Equal bytes are equal images, and so are files
/// that differ in nothing but text chunks: they are not even decoded.
///
/// # Errors
/// When one of them is no PNG, damaged, or too large to decode.
pub fn compare_png(
    baseline: &[u8],
    current: &[u8],
    options: &Options,
) -> Result<Comparison, CompareError> {
    inspect_png(baseline, current, options).map(|inspection| inspection.comparison)
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
    let files = [baseline, current];
    if baseline == current || decode::is_same_picture(baseline, current) {
        let size = decode::size(baseline).map_err(|problem| problem.of(Side::Baseline))?;
        return Ok(Inspection {
            comparison: Comparison::identical(size, options),
            files,
            decoded: None,
        });
    }
    let pair = DecodedPair::to_compare(baseline, current, options)?;
    Ok(Inspection {
        comparison: comparison::judge(&pair.layout(options), pair.sizes(), options),
        files,
        decoded: Some(pair),
    })
}

impl Inspection<'_> {
    /// Draws what differs, as an encoded PNG: the current image faded to grey,
    /// differing pixels red, anti-aliased ones yellow, ignored rectangles
    /// hatched. Where sizes differ, what only one image has is light red.
    ///
    /// # Errors
    /// When equal files, which nobody had to decode, turn out to be damaged.
    pub fn picture(&mut self) -> Result<Vec<u8>, CompareError> {
        let pair = match self.decoded.take() {
            Some(pair) if pair.is_whole() => pair,
            _ => DecodedPair::whole(self.files[0], self.files[1])?,
        };
        let (baseline, current) = self.decoded.insert(pair).views();
        encode_png(&picture::draw(baseline, current, &self.comparison.options))
    }

    /// Counts the differing pixels at eleven thresholds, in one pass.
    ///
    /// # Errors
    /// As [`picture`](Self::picture).
    pub fn sweep(&mut self) -> Result<Sweep, CompareError> {
        let options = &self.comparison.options;
        let pair = match self.decoded.take() {
            Some(pair) => pair,
            None => DecodedPair::to_compare(self.files[0], self.files[1], options)?,
        };
        let layout = self.decoded.insert(pair).layout(options);
        Ok(Sweep::of(&self.comparison, &layout))
    }
}

/// Compares side by side only, by bands of about `band` bytes: small images
/// have many, too. `None` where nothing can be said in this way.
#[cfg(any(test, fuzzing))]
#[cfg_attr(test, expect(unreachable_pub, reason = "the fuzz targets reach it"))]
pub fn compare_in_bands(
    baseline: &[u8],
    current: &[u8],
    options: &Options,
    band: usize,
) -> Option<Comparison> {
    let pair = DecodedPair::side_by_side(baseline, current, band)?;
    let (layout, sizes) = (pair.layout(options), pair.sizes());
    Some(comparison::judge(&layout, sizes, options))
}
