//! The scripts that run in a document before its own.

use serde_json::json;

use crate::manifest::CaptureSettings;

/// Puts page scripts together in one closure.
macro_rules! closure {
    ($($file:literal),* $(,)?) => {
        concat!(
            "(() => {\nif (window.__tintype) return;\n",
            $(include_str!(concat!("../scripts/page/", $file, ".js")), "\n",)*
            "})();\n",
        )
    };
}

/// Runs in every document. Each file has one concern; their top-level
/// statements run in this order.
const LIBRARY: &str = closure!(
    "intrinsics",
    "resources",
    "dependencies",
    "clock_reads",
    "dialogs",
    "requests",
    "roots",
    "frames",
    "motion",
    "animations",
    "transitions",
    "appearance",
    "theme",
    "images",
    "media",
    "styles",
    "fonts",
    "conditions",
    "readiness",
    "storybook",
    "steps",
    "mouse",
    "promises",
    "pickers",
    "visibility",
    "geometry",
    "masks",
    "library",
);

/// Runs before the library where a story sets the clock or the seed.
const CLOCK: &str = include_str!("../scripts/clock.js");

/// The scripts for a document: the library, and the clock that the story sets.
pub(in crate::browser) fn prelude(capture: &CaptureSettings) -> String {
    match (capture.clock, capture.seed) {
        (None, None) => LIBRARY.to_owned(),
        (clock, seed) => {
            let config = json!({ "clock": clock, "seed": seed });
            format!("{}({config});\n{LIBRARY}", CLOCK.trim_end())
        }
    }
}
