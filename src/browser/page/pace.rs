//! How far a page's time goes, and at which pace: the same in virtual time and by
//! a scripted clock.

use super::info::Thoroughness;
use crate::manifest::CaptureSettings;

/// Page time between two frames while something moves, in milliseconds, at
/// first and later.
const MOVING: [f64; 2] = [50.0, 100.0];

/// From when on motion is sampled less often, in milliseconds.
const LONG: f64 = 3_000.0;

/// Page time without anything due or a change of pixels after which a page counts
/// as still, in milliseconds.
const QUIET: f64 = 100.0;

/// The page time that a page with endless motion gets after a change of its
/// theme or size, in milliseconds.
const ENDLESS: f64 = 1_000.0;

/// The longest step from one timer to the next, in milliseconds.
pub(in crate::browser) const MAX_STEP: f64 = 1_000.0;

/// The page time between two frames after this much of it, in milliseconds.
pub(in crate::browser) fn frame_interval(used: f64) -> f64 {
    MOVING[usize::from(used >= LONG)]
}

/// The most page time that a page gets, in milliseconds.
pub(in crate::browser) fn time_limit(is_endless: bool, capture: &CaptureSettings) -> f64 {
    if is_endless {
        ENDLESS
    } else {
        capture.page_time.as_secs_f64() * 1_000.0
    }
}

/// The page time after which a page without motion is at rest, in milliseconds.
/// What a timer or an answer has started takes effect after a frame.
pub(in crate::browser) fn quiet_time(thoroughness: Thoroughness, has_acted: bool) -> f64 {
    match thoroughness {
        Thoroughness::Thorough => QUIET,
        Thoroughness::Quick if has_acted => MOVING[0],
        Thoroughness::Quick => 0.0,
    }
}
