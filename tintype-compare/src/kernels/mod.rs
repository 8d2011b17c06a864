//! The inner loops over rows of pixels.
//!
//! Plain code without branches on pixels, so that the compiler can work on many
//! at once; [`simd`](super::simd) compiles it for each instruction set. Pixels
//! are RGBA with red in the lowest byte. Rows of pixels and keys carry one more
//! element at either end: column `x` is element `x + 1`.

mod antialiasing;
mod chunk;
mod oklab;
mod rows;
mod yiq;

pub(crate) use antialiasing::{antialiased, keys, siblings};
pub(crate) use chunk::{CHUNK, ChunkEstimate, unequal};
pub(crate) use oklab::estimate_oklab;
#[cfg(test)]
pub(crate) use oklab::{MARGIN as OKLAB_MARGIN, approximate as approximate_oklab};
pub(crate) use rows::{paeth, widen};
pub(crate) use yiq::estimate_yiq;
