//! What an engine cannot do of what a story may ask for: said by `doctor`, and
//! noted in each result that it touches.

use crate::manifest::{BrowserName, BrowserSettings, CaptureSettings, Screen};

/// Everything that an engine cannot do as Chromium does it, a line each.
pub fn limits(engine: BrowserName, settings: &BrowserSettings) -> Vec<&'static str> {
    let remote = settings.webdriver.is_some();
    match engine {
        BrowserName::Chromium if remote => vec![FREE_RUNNING],
        BrowserName::Chromium => Vec::new(),
        BrowserName::Firefox => vec![FREE_RUNNING, EMULATED_SCALE],
        BrowserName::Webkit => vec![
            FREE_RUNNING,
            LATE_LIBRARY,
            NO_CLOCK,
            WHOLE_SCALES,
            NOT_NARROW,
        ],
    }
}

/// Those that touch a snapshot with these settings, for its record.
pub fn limits_of(
    engine: BrowserName,
    settings: &BrowserSettings,
    capture: &CaptureSettings,
    screen: Screen,
) -> Vec<&'static str> {
    let mut touched = limits(engine, settings);
    touched.retain(|&limit| match limit {
        NO_CLOCK => capture.clock.is_some() || capture.seed.is_some(),
        EMULATED_SCALE => screen.scale != 1.0,
        // Refused, then.
        NOT_NARROW => false,
        WHOLE_SCALES => screen.scale.fract() != 0.0,
        _ => true,
    });
    touched
}

const FREE_RUNNING: &str = "it draws frames by itself: they are waited for, not issued";
const EMULATED_SCALE: &str = "a scale is emulated: the layout is that of scale 1, drawn larger";
const LATE_LIBRARY: &str = "nothing runs before the page's own scripts: closed shadow roots, \
    requests and dialogs of the time of loading are not seen, scrollbars take room until then";
const NO_CLOCK: &str = "`clock` and `seed` come too late for the page's first scripts";
const WHOLE_SCALES: &str = "only whole scales: others are rounded up";
const NOT_NARROW: &str = "no viewport is narrower than about 290 pixels";
