//! Compares two captures of one snapshot.

use crate::browser::BrowserError;
use crate::model::Region;
use tintype_compare::{Options, compare_png};

/// The regions in which two images differ in any pixel.
pub(super) fn differences(one: &[u8], other: &[u8]) -> Result<Vec<Region>, BrowserError> {
    if one == other {
        return Ok(Vec::new());
    }
    match compare_png(one, other, &Options::exact()) {
        Ok(comparison) => Ok(comparison.regions),
        Err(error) => Err(BrowserError::Refused {
            command: "the screenshot".to_owned(),
            reason: format!("two screenshots cannot be compared: {error}"),
        }),
    }
}
