//! Compares two images and draws their differences.
//!
//! [Tintype](https://docs.rs/tintype) re-exports all of this as
//! `tintype::compare`. It is a separate crate so that it alone can be
//! optimised in debug builds.
//!
//! The counts are those of the npm package `pixelmatch`: version 8 with
//! [`Metric::Oklab`], version 7 with [`Metric::Yiq`].
//!
//! ```
//! use tintype_compare::{Options, Verdict, encode_png, inspect_png};
//!
//! let white = image::RgbaImage::from_pixel(4, 4, image::Rgba([255; 4]));
//! let mut dotted = white.clone();
//! dotted.put_pixel(1, 2, image::Rgba([0, 0, 0, 255]));
//! let (baseline, current) = (encode_png(&white)?, encode_png(&dotted)?);
//!
//! let mut inspection = inspect_png(&baseline, &current, &Options::default())?;
//! assert_eq!(inspection.comparison.verdict, Verdict::Different);
//! assert_eq!(inspection.comparison.differing, 1);
//! let diff = inspection.diff_png()?;
//! assert!(diff.starts_with(b"\x89PNG"));
//! # Ok::<(), tintype_compare::CompareError>(())
//! ```

mod any_png;
mod band;
mod buffer_pool;
mod compact;
mod comparison;
mod decode;
mod diff_image;
mod diff_window;
mod engine;
mod error;
mod filter;
mod header;
mod inflate;
mod inspection;
mod kernels;
mod layout;
mod lockstep;
mod mask;
mod message;
mod metric;
mod options;
mod perceptual;
mod pixel_view;
mod png_chunks;
mod png_rows;
mod region;
mod regions;
mod row_alignment;
mod row_window;
mod simd;
mod streaming;
mod tally;
#[cfg(test)]
mod tests;
mod threads;
mod threshold_sweep;
mod unfilter;

pub use compact::compact_png;
pub use comparison::{Comparison, Verdict, compare_images};
pub use decode::{MAX_DECODED_BYTES, MAX_FILE_BYTES, decode_png};
pub use diff_image::encode_png;
pub use diff_window::DensestWindow;
pub use error::{CompareError, ImageProblem, ImageSide};
pub use header::{MAX_PIXELS, size as png_size};
pub use inspection::{Inspection, compare_png, inspect_png};
// For the messages of `tintype`.
#[doc(hidden)]
pub use message::grouped;
pub use options::{Antialiasing, DiffWindow, Metric, Options, Perceptual};
pub use perceptual::PerceptualDifference;
pub use region::Region;
pub use row_alignment::RowMove;
pub use threshold_sweep::ThresholdSweep;

/// Whether the comparison was built with optimisation. Without, it takes many
/// times as long.
pub const IS_OPTIMISED: bool = !matches!(env!("TINTYPE_COMPARE_OPT_LEVEL").as_bytes(), b"0");

/// Private functions for the fuzz targets.
#[cfg(fuzzing)]
pub mod fuzzing {
    pub use super::decode::decode_both_ways;
    pub use super::inspection::compare_in_bands;
}
