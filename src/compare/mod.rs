//! Two images in, a verdict and a picture of the difference out.
//!
//! The measure is that of the npm package `pixelmatch` 7 (YIQ distance,
//! checkerboard behind translucent pixels, its anti-aliasing detector), and
//! the counts are the same. Nothing here opens a file or knows a story.
//!
//! ```
//! use tintype::compare::{Options, Verdict, compare_png, encode_png};
//!
//! let white = image::RgbaImage::from_pixel(4, 4, image::Rgba([255; 4]));
//! let mut dotted = white.clone();
//! dotted.put_pixel(1, 2, image::Rgba([0, 0, 0, 255]));
//! let (baseline, current) = (encode_png(&white)?, encode_png(&dotted)?);
//!
//! let comparison = compare_png(&baseline, &current, &Options::default())?;
//! assert_eq!(comparison.verdict, Verdict::Different);
//! assert_eq!(comparison.differing, 1);
//! let picture = comparison.picture(&baseline, &current)?;
//! assert!(picture.starts_with(b"\x89PNG"));
//! # Ok::<(), tintype::compare::CompareError>(())
//! ```

mod chunks;
mod comparison;
mod decode;
mod engine;
mod error;
mod exact;
mod kernels;
mod layout;
mod mask;
mod message;
mod moved;
mod options;
mod perceptual;
mod picture;
mod pool;
mod regions;
mod ring;
mod rows;
mod simd;
mod sweep;
#[cfg(test)]
mod tests;
mod unfilter;
mod view;
mod workers;

pub use comparison::{Comparison, Verdict, compare_images, compare_png};
pub use error::{CompareError, ImageProblem, Side};
pub use moved::Move;
pub use options::{Antialiasing, Options, Perceptual};
pub use perceptual::Visibility;
pub use picture::encode_png;
pub use sweep::Sweep;

/// For the fuzz targets: what is not public otherwise.
#[cfg(fuzzing)]
pub mod fuzzing {
    pub use super::decode::decode_both_ways;
}
