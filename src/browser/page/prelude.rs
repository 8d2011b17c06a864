//! The scripts that run in a document before its own.

use serde_json::json;

use crate::manifest::CaptureSettings;

/// What runs in every page before its own first script.
const LIBRARY: &str = include_str!("../scripts/library.js");

/// What runs before even that where a story asks for it.
const CLOCK: &str = include_str!("../scripts/clock.js");

/// What runs in a document before its own scripts: the library, and the clock
/// that the story asks for.
pub(in crate::browser) fn prelude(capture: &CaptureSettings) -> String {
    match (capture.clock, capture.seed) {
        (None, None) => LIBRARY.to_owned(),
        (clock, seed) => {
            let config = json!({ "clock": clock, "seed": seed });
            format!("{}({config});\n{LIBRARY}", CLOCK.trim_end())
        }
    }
}

/// Whether loading `next` where `now` is shown would only change the fragment,
/// and load nothing.
pub(in crate::browser) fn only_changes_fragment(now: &str, next: &str) -> bool {
    let same = now.is_empty() || without_fragment(now) == without_fragment(next);
    same && next.contains('#')
}

fn without_fragment(address: &str) -> &str {
    address.split('#').next().unwrap_or_default()
}
