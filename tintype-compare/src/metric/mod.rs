//! Decides whether two colours differ, and which pixels are anti-aliasing,
//! exactly as the npm package `pixelmatch` does.

mod antialiasing;
mod oklab;
mod threshold;
mod yiq;

pub(super) use antialiasing::{Pixels, antialiased, has_many_siblings};
pub(super) use threshold::{ColourThreshold, distance};
