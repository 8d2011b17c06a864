//! The scripts that run in a document before its own.

use serde_json::json;

use crate::manifest::CaptureSettings;

/// Puts page scripts together in one closure.
macro_rules! closure {
    ($($file:literal),* $(,)?) => {
        concat!(
            "(() => {\nif (window.__tintype?.isOf(document)) return;\n",
            $(include_str!(concat!("../scripts/page/", $file, ".js")), "\n",)*
            "})();\n",
        )
    };
}

/// Runs in every document. Each file has one concern; their top-level
/// statements run in this order.
const LIBRARY: &str = closure!(
    "intrinsics",
    "capturing",
    "resources",
    "dependencies",
    "clock_reads",
    "dialogs",
    "requests",
    "roots",
    "frames",
    "revealed",
    "motion",
    "animations",
    "transitions",
    "appearance",
    "theme",
    "images",
    "media",
    "styles",
    "fonts",
    "beyond_viewport",
    "conditions",
    "readiness",
    "storybook",
    "steps",
    "mouse",
    "promises",
    "pickers",
    "visibility",
    "geometry",
    "scroll_effects",
    "scrolling",
    "masks",
    "library",
);

/// Fixes the clock and seeds random numbers, before the library.
const CLOCK: &str = include_str!("../scripts/clock.js");

/// Tracks the timers and frames of a page in virtual time, before all others.
const TIMERS: &str = include_str!("../scripts/timers.js");

/// The time at which the clock of a page in virtual time starts:
/// 2026-01-01T12:00:00Z, in milliseconds since the Unix epoch.
const CLOCK_START: i64 = 1_767_268_800_000;

/// The seed of random numbers in virtual time.
const SEED: u32 = 1;

/// The scripts for a document: the library, and the clock and seed of the
/// story. In virtual time, a story has both unless it turns them off.
pub(in crate::browser) fn prelude(capture: &CaptureSettings, is_virtual: bool) -> String {
    let start = capture.clock.or(is_virtual.then_some(CLOCK_START));
    let seed = capture.seed.or(is_virtual.then_some(SEED));
    let seed = seed.filter(|_| capture.seeded);
    let timers = if is_virtual { TIMERS } else { "" };
    if start.is_none() && seed.is_none() {
        return format!("{timers}{LIBRARY}");
    }
    let config = json!({ "start": start, "stopped": capture.clock.is_some(), "seed": seed });
    format!("{timers}\n{}({config});\n{LIBRARY}", CLOCK.trim_end())
}
