//! Errors of a comparison.

use std::fmt;

use super::message::grouped;

/// An image that could not be read, or a picture that could not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CompareError {
    /// One of the two images is not usable.
    #[error("failed to read the {side}: {problem}")]
    Image {
        /// Which of the two.
        side: ImageSide,
        /// The problem with it.
        problem: ImageProblem,
    },
    /// The two images would take too much memory.
    #[error(
        "comparing an image of {}×{} with one of {}×{} pixels requires {} MiB of memory, more than the budget of {} MiB",
        baseline.0, baseline.1, current.0, current.1, needed.div_ceil(1 << 20), budget >> 20
    )]
    OverBudget {
        /// Width and height of the baseline in pixels.
        baseline: (u32, u32),
        /// Width and height of the current image in pixels.
        current: (u32, u32),
        /// The bytes that both would take.
        needed: u64,
        /// The most bytes that both may take.
        budget: u64,
    },
    /// The picture of the difference would be as wide as one image, as tall as
    /// the other, and too large.
    #[error(
        "failed to draw the difference: its size of {width}×{height} pixels exceeds the maximum of {} pixels",
        grouped(*limit)
    )]
    TooLarge {
        /// Width in pixels.
        width: usize,
        /// Height in pixels.
        height: usize,
        /// The most pixels that are drawn.
        limit: u64,
    },
    /// The picture of the difference could not be encoded.
    #[error("failed to encode the diff image: {0}")]
    Encode(String),
}

/// Which of the two images.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImageSide {
    /// The accepted image.
    Baseline,
    /// The image that was captured now.
    Current,
}

impl fmt::Display for ImageSide {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Baseline => "baseline image",
            Self::Current => "current image",
        })
    }
}

/// A problem with an encoded image.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ImageProblem {
    /// The first eight bytes are not a PNG's.
    #[error("it is not a PNG file ({0})")]
    NotPng(String),
    /// The file ends before the picture does.
    #[error("the PNG is truncated after {0} bytes")]
    Truncated(usize),
    /// The file contradicts itself or its checksums.
    #[error("the PNG is damaged: {0}")]
    Corrupt(String),
    /// More pixels than will be decoded.
    #[error(
        "its size of {width}×{height} pixels exceeds the maximum of {} pixels",
        grouped(*limit)
    )]
    TooLarge {
        /// Width in pixels, as the header says.
        width: u32,
        /// Height in pixels, as the header says.
        height: u32,
        /// The most pixels that are decoded.
        limit: u64,
    },
    /// More columns than will be decoded.
    #[error("its width of {width} pixels exceeds the maximum of {} pixels", grouped((*limit).into()))]
    TooWide {
        /// Width in pixels, as the header says.
        width: u32,
        /// The most columns that are decoded.
        limit: u32,
    },
    /// More rows than will be decoded.
    #[error("its height of {height} pixels exceeds the maximum of {} pixels", grouped((*limit).into()))]
    TooTall {
        /// Height in pixels, as the header says.
        height: u32,
        /// The most rows that are decoded.
        limit: u32,
    },
}

impl ImageProblem {
    pub(super) fn of(self, side: ImageSide) -> CompareError {
        CompareError::Image {
            side,
            problem: self,
        }
    }
}
