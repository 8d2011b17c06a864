//! What an engine cannot do of what a story may ask for: said by `doctor`,
//! noted in each result that it touches, and refused where the picture would be
//! of something else.

use super::error::BrowserError;
use crate::manifest::{BrowserSettings, Manifest};
use crate::model::BrowserName;
use crate::plan::Snapshot;

/// Everything that an engine cannot do as Chromium does it, a line each.
pub fn limits(engine: BrowserName, settings: &BrowserSettings) -> Vec<&'static str> {
    let remote = settings.webdriver.is_some();
    match engine {
        BrowserName::Chromium if remote => vec![FREE_RUNNING],
        BrowserName::Chromium => Vec::new(),
        BrowserName::Firefox => vec![FREE_RUNNING, EMULATED_SCALE, FIREFOX_REFUSES],
        BrowserName::Webkit => vec![
            FREE_RUNNING,
            LATE_LIBRARY,
            NO_CLOCK,
            WHOLE_SCALES,
            NOT_NARROW,
            WEBKIT_REFUSES,
        ],
    }
}

/// Those that touch a snapshot, for its record.
pub fn limits_of(snapshot: &Snapshot, settings: &BrowserSettings) -> Vec<&'static str> {
    let (capture, scale) = (&snapshot.story.capture, snapshot.screen.scale);
    let mut touched = limits(snapshot.browser, settings);
    touched.retain(|&limit| match limit {
        NO_CLOCK => capture.clock.is_some() || capture.seed.is_some(),
        EMULATED_SCALE => scale != 1.0,
        WHOLE_SCALES => scale.fract() != 0.0,
        // Refused, then.
        NOT_NARROW | FIREFOX_REFUSES | WEBKIT_REFUSES => false,
        _ => true,
    });
    touched
}

/// Refuses a snapshot of which this engine would show something else than the
/// manifest asks for.
///
/// # Errors
/// [`BrowserError::Unsupported`] with the story and the key of the manifest.
pub fn refuse(snapshot: &Snapshot, manifest: &Manifest) -> Result<(), BrowserError> {
    let asked = match snapshot.browser {
        BrowserName::Chromium => return Ok(()),
        BrowserName::Firefox | BrowserName::Webkit => asked_for(snapshot, manifest),
    };
    let remote = manifest.browser.webdriver.is_some();
    let refused = asked
        .into_iter()
        .find(|&key| is_beyond(snapshot.browser, remote, key));
    refused.map_or(Ok(()), |key| {
        Err(BrowserError::Unsupported {
            engine: snapshot.browser.as_str(),
            story: snapshot.story.id.clone(),
            key,
        })
    })
}

/// What a snapshot asks for of what not every engine has.
fn asked_for(snapshot: &Snapshot, manifest: &Manifest) -> Vec<&'static str> {
    let (device, screen) = (&snapshot.device, snapshot.screen);
    let access = &manifest.credentials;
    let asked = [
        ("touch", screen.touch),
        ("mobile", screen.mobile),
        ("user-agent", device.user_agent.is_some()),
        ("locale", device.locale.is_some()),
        ("timezone", device.time_zone.is_some()),
        ("reduced-motion", device.reduced_motion.is_some()),
        ("forced-colors", device.forced_colors.is_some()),
        ("contrast", device.contrast.is_some()),
        ("media", device.medium.is_some()),
        ("login", snapshot.story.login.is_some()),
        ("headers", !access.headers.is_empty()),
        ("cookies", !access.cookies.is_empty()),
        ("basic-auth", access.basic_auth.is_some()),
        ("insecure", access.insecure),
    ];
    let asked = asked.into_iter().filter(|&(_, is_asked)| is_asked);
    asked.map(|(key, _)| key).collect()
}

fn is_beyond(engine: BrowserName, remote: bool, key: &str) -> bool {
    match engine {
        BrowserName::Chromium => false,
        BrowserName::Firefox => {
            FIREFOX_LACKS.contains(&key) || (remote && REMOTE_FIREFOX_LACKS.contains(&key))
        }
        BrowserName::Webkit => true,
    }
}

/// Keys of the manifest that Firefox has nothing for.
const FIREFOX_LACKS: [&str; 5] = ["touch", "mobile", "contrast", "basic-auth", "insecure"];

/// Those for which it takes more than somebody else's driver allows.
const REMOTE_FIREFOX_LACKS: [&str; 3] = ["reduced-motion", "forced-colors", "media"];

const FREE_RUNNING: &str = "it draws frames by itself: they are waited for, not issued";
const EMULATED_SCALE: &str = "a scale is emulated: the layout is that of scale 1, drawn larger";
const LATE_LIBRARY: &str = "nothing runs before the page's own scripts: closed shadow roots, \
    requests and dialogs of the time of loading are not seen; a page's status is asked for anew";
const NO_CLOCK: &str = "`clock` and `seed` come too late for the page's first scripts";
const WHOLE_SCALES: &str = "only whole scales: others are rounded up";
const NOT_NARROW: &str = "no viewport is narrower than about 290 pixels";
const FIREFOX_REFUSES: &str = "refused: `touch`, `mobile`, `contrast`, `basic-auth`, `insecure`; \
    behind a `webdriver` also `reduced-motion`, `forced-colors`, `media`";
const WEBKIT_REFUSES: &str = "refused: `touch`, `mobile`, all of `device`, log-ins, and the \
    `headers`, `cookies`, `basic-auth` and `insecure` of [stories]";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_refused_is_said() {
        for key in FIREFOX_LACKS.iter().chain(&REMOTE_FIREFOX_LACKS) {
            assert!(FIREFOX_REFUSES.contains(&format!("`{key}`")), "{key}");
        }
    }
}
