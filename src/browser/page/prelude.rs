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
    "smil",
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
    "covers",
    "slices",
    "geometry",
    "scroll_effects",
    "scrolling",
    "masks",
    "digest_styles",
    "digest_pictures",
    "digest_tokens",
    "digest_rules",
    "digest",
    "measurements",
    "dom_text",
    "preparation",
    "look",
    "library",
);

/// Counts what the browser and workers do for a page in real time.
macro_rules! work {
    () => {
        concat!(
            "const { workState, workerMotion } = (() => {\n",
            include_str!("../scripts/work/promises.js"),
            include_str!("../scripts/work/workers.js"),
            include_str!("../scripts/work/state.js"),
            "})();\n",
        )
    };
}

/// Keeps the time of a page, before all others.
const SCRIPTED: &str = concat!(
    "(() => {\nif (window.__tintypeTime) { window.__tintypeTime.attach(); return; }\n",
    include_str!("../scripts/scripted/originals.js"),
    work!(),
    include_str!("../scripts/scripted/timers.js"),
    include_str!("../scripts/scripted/frames.js"),
    include_str!("../scripts/scripted/requests.js"),
    include_str!("../scripts/scripted/nested.js"),
    include_str!("../scripts/scripted/drive.js"),
    "})();\n",
);

/// Runs functions with the built-ins of before the page's first script. The
/// other scripts share it.
const GUARD: &str = include_str!("../scripts/guard.js");

/// Built-ins of before the page's first script, for functions that page code
/// calls. The other scripts share them.
const CAPTURED: &str = include_str!("../scripts/captured.js");

/// Calls of `WebKitWebDriver`, before all others.
const WEBKIT_DRIVER: &str = include_str!("../scripts/webkit_driver.js");

/// Fixes the clock and seeds random numbers, before the library.
const CLOCK: &str = include_str!("../scripts/clock.js");

/// Tracks the timers and frames of a page in virtual time, before all others.
const TIMERS: &str = concat!(
    "(() => {\nif (window.__tintypeTime) return;\n",
    work!(),
    include_str!("../scripts/virtual/timers.js"),
    "})();\n",
);

/// Notes what page code reads of its look, before all others.
const LOOK_READS: &str = concat!(
    "const { beginPage, unnoticed, readsOfLook } = (() => {\n",
    "if (window.__tintype) return unknownReads;\n",
    include_str!("../scripts/virtual/look_reads.js"),
    "return { beginPage, unnoticed, readsOfLook };\n})();\n",
);

/// Where that is not noted, a page is taken to read everything.
const UNKNOWN_READS: &str = "const unknownReads = { beginPage() {}, unnoticed: (run) => run, \
                             readsOfLook: () => ({ viewport: true, theme: true }) };\n";

/// In place of these.
const ALL_UNKNOWN: &str = "const { beginPage, unnoticed, readsOfLook } = unknownReads;\n";

/// The time at which the clock of a page in virtual time starts:
/// 2026-01-01T12:00:00Z, in milliseconds since the Unix epoch.
const CLOCK_START: i64 = 1_767_268_800_000;

/// The seed of random numbers in virtual time.
const SEED: u32 = 1;

/// What decides how time passes in a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::browser) enum Timekeeping {
    /// Time passes as in reality.
    Real,
    /// The browser's virtual time.
    Virtual,
    /// A script in the page.
    Scripted,
}

impl Timekeeping {
    /// In a browser without virtual time.
    pub(in crate::browser) fn without_browser(capture: &CaptureSettings) -> Self {
        if capture.virtual_time {
            Self::Scripted
        } else {
            Self::Real
        }
    }
}

/// The scripts for a document: the library, and the clock and seed of the
/// story. A page whose time is not real has both unless the story turns them
/// off.
pub(in crate::browser) fn prelude(capture: &CaptureSettings, time: Timekeeping) -> String {
    prelude_with("", capture, time)
}

fn prelude_with(driver: &str, capture: &CaptureSettings, time: Timekeeping) -> String {
    let has_own_time = time != Timekeeping::Real;
    let start = capture.clock.or(has_own_time.then_some(CLOCK_START));
    let seed = capture.seed.or(has_own_time.then_some(SEED));
    let seed = seed.filter(|_| capture.seeded);
    let (reads, timers) = match time {
        Timekeeping::Real => (ALL_UNKNOWN, ""),
        Timekeeping::Virtual => (LOOK_READS, TIMERS),
        Timekeeping::Scripted => (ALL_UNKNOWN, SCRIPTED),
    };
    let clock = if start.is_none() && seed.is_none() {
        String::new()
    } else {
        // Readings of a clock that goes on in real time differ from run to run.
        let config = json!({ "start": start, "stopped": !has_own_time, "seed": seed });
        format!("{}({config});\n", CLOCK.trim_end())
    };
    format!(
        "(() => {{\n{GUARD}{CAPTURED}{driver}{UNKNOWN_READS}{reads}{timers}{clock}{LIBRARY}beginPage();\n}})();\n"
    )
}

/// The scripts for a document of WebKit.
pub(in crate::browser) fn webkit_prelude(capture: &CaptureSettings) -> String {
    prelude_with(
        WEBKIT_DRIVER,
        capture,
        Timekeeping::without_browser(capture),
    )
}

/// The address of the page scripts, where they are added to pages.
pub(crate) const SCRIPT_PATH: &str = "/__tintype_script.js";

/// The page scripts of a story, for a page that loads them with an element of
/// its own. The page does not see it.
pub(crate) fn injected_script(capture: &CaptureSettings) -> String {
    let prelude = webkit_prelude(capture);
    format!("document.currentScript?.remove();\n{prelude}")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::LIBRARY;

    /// Of two functions of one name, the later one silently replaces the other.
    #[test]
    fn the_functions_of_the_library_have_different_names() {
        let functions = LIBRARY.lines().filter_map(|line| {
            let line = line.strip_prefix("async ").unwrap_or(line);
            line.strip_prefix("function ")?.split('(').next()
        });
        let mut names = BTreeSet::new();
        let repeated: Vec<&str> = functions.filter(|name| !names.insert(*name)).collect();
        assert!(names.len() > 100, "{names:?}");
        assert!(repeated.is_empty(), "{repeated:?}");
    }
}
