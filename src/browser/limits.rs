//! Features that an engine does not support.
//!
//! `doctor` lists them, results name those that affect them, and a snapshot
//! that would show something else is rejected.

use super::chromium;
use super::error::BrowserError;
use crate::manifest::{BrowserSettings, Manifest, PageErrors, Target};
use crate::model::BrowserName;
use crate::plan::Snapshot;

/// The differences of an engine from a local Chromium, one line each.
pub fn limits(engine: BrowserName, settings: &BrowserSettings) -> Vec<&'static str> {
    let remote = settings.webdriver.is_some();
    match engine {
        BrowserName::Chromium if remote || !chromium::is_headless_shell(settings) => {
            vec![SCRIPTED_TIME, STILL_VECTORS, NO_PAGE_ERRORS]
        }
        BrowserName::Chromium => Vec::new(),
        BrowserName::Firefox => vec![
            SCRIPTED_TIME,
            STILL_VECTOR_IMAGES,
            NO_PAGE_ERRORS,
            EMULATED_SCALE,
            FIREFOX_REJECTS,
        ],
        BrowserName::Webkit => vec![
            SCRIPTED_TIME,
            MOVING_IMAGES,
            NO_PAGE_ERRORS,
            SCRIPTLESS_FRAMES,
            LATE_SCRIPTS,
            DRIVER_SCRIPT,
            NO_CLOCK,
            WHOLE_SCALES,
            MIN_WIDTH,
            STRETCHED,
            WEBKIT_REJECTS,
        ],
    }
}

/// The limits that affect a snapshot, for its result.
pub(crate) fn snapshot_limits(
    snapshot: &Snapshot,
    settings: &BrowserSettings,
) -> Vec<&'static str> {
    let (capture, scale) = (&snapshot.story.capture, snapshot.screen.scale);
    let mut affecting = limits(snapshot.browser, settings);
    affecting.retain(|&limit| match limit {
        NO_CLOCK => capture.clock.is_some() || capture.seed.is_some(),
        NO_PAGE_ERRORS => capture.page_errors == PageErrors::Fail,
        EMULATED_SCALE => scale != 1.0,
        WHOLE_SCALES => scale.fract() != 0.0,
        STRETCHED => capture.target != Target::Viewport,
        // Such snapshots are rejected.
        MIN_WIDTH | FIREFOX_REJECTS | WEBKIT_REJECTS => false,
        _ => true,
    });
    affecting
}

/// Rejects a snapshot whose settings its engine does not support.
///
/// # Errors
/// [`BrowserError::Unsupported`] with the story and the manifest key.
pub(crate) fn check_support(snapshot: &Snapshot, manifest: &Manifest) -> Result<(), BrowserError> {
    let keys = match snapshot.browser {
        BrowserName::Chromium => return Ok(()),
        BrowserName::Firefox | BrowserName::Webkit => special_keys(snapshot, manifest),
    };
    let remote = manifest.browser.webdriver.is_some();
    let unsupported = keys
        .into_iter()
        .find(|&key| is_unsupported(snapshot.browser, remote, key));
    unsupported.map_or(Ok(()), |key| {
        Err(BrowserError::Unsupported {
            engine: snapshot.browser.as_str(),
            story: snapshot.story.id.clone(),
            key,
        })
    })
}

/// The keys of a snapshot that not every engine supports.
fn special_keys(snapshot: &Snapshot, manifest: &Manifest) -> Vec<&'static str> {
    let (device, screen) = (&snapshot.device, snapshot.screen);
    let access = &manifest.credentials;
    let keys = [
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
    let keys = keys.into_iter().filter(|&(_, is_asked)| is_asked);
    keys.map(|(key, _)| key).collect()
}

fn is_unsupported(engine: BrowserName, remote: bool, key: &str) -> bool {
    match engine {
        BrowserName::Chromium => false,
        BrowserName::Firefox => {
            FIREFOX_UNSUPPORTED.contains(&key)
                || (remote && REMOTE_FIREFOX_UNSUPPORTED.contains(&key))
        }
        BrowserName::Webkit => true,
    }
}

/// Manifest keys that Firefox does not support.
const FIREFOX_UNSUPPORTED: [&str; 5] = ["touch", "mobile", "contrast", "basic-auth", "insecure"];

/// Manifest keys that Firefox supports with a local driver only.
const REMOTE_FIREFOX_UNSUPPORTED: [&str; 3] = ["reduced-motion", "forced-colors", "media"];

const NO_PAGE_ERRORS: &str =
    "errors of the page are not seen: `page-errors` applies to blocked requests only";
const SCRIPTED_TIME: &str = "page time is kept by a script in the page: workers, media and \
    animations in closed declarative shadow roots run in real time";
const STILL_VECTORS: &str = "SMIL stands at its beginning";
const STILL_VECTOR_IMAGES: &str = "SMIL in images stands at its beginning";
const SCRIPTLESS_FRAMES: &str = "frames without an address (`srcdoc`, `blob:`) run in real time";
const MOVING_IMAGES: &str = "animated images, and SMIL in images, run in real time";
const EMULATED_SCALE: &str = "scale is emulated: lines are as thick as at scale 1";
const LATE_SCRIPTS: &str = "over TLS no script runs before the page's own: page time is kept once \
    the page has loaded, and closed shadow roots, and requests and dialogs during the load, are not \
    seen; the status is read by a separate request";
const DRIVER_SCRIPT: &str = "the driver's script runs in the page: while page time stands still, \
    `Promise`, `Map`, `split`, `startsWith` and `join` are the browser's own; a page that declares \
    its own `Promise`, makes it final, or replaces these meanwhile, fails; over TLS, so does one \
    that replaces built-ins during the load";
const NO_CLOCK: &str = "over TLS `clock` and `seed` apply after the page's first scripts";
const WHOLE_SCALES: &str = "integer scales only: others are rounded up";
const STRETCHED: &str = "for whole pages and elements, the viewport is made as high as the page: \
    `vh`, media queries and fixed content follow it, and content beyond its width is cut off";
const MIN_WIDTH: &str = "viewports are at least about 290 pixels wide";
const FIREFOX_REJECTS: &str = "not supported: `touch`, `mobile`, `contrast`, `basic-auth`, `insecure`; \
    with a remote `webdriver` also `reduced-motion`, `forced-colors`, `media`";
const WEBKIT_REJECTS: &str = "not supported: `touch`, `mobile`, `device`, logins, and the \
    `headers`, `cookies`, `basic-auth` and `insecure` of [stories]";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unsupported_keys_are_listed() {
        for key in FIREFOX_UNSUPPORTED
            .iter()
            .chain(&REMOTE_FIREFOX_UNSUPPORTED)
        {
            assert!(FIREFOX_REJECTS.contains(&format!("`{key}`")), "{key}");
        }
    }
}
