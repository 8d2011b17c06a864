//! Chromium's command line.

use std::path::Path;

use crate::browser::driver::find;
use crate::manifest::{BrowserProxy, BrowserSettings};
use crate::model::BrowserName;

/// A mouse, as on the machines of most users: media queries see one that is fine and
/// can hover. Headless browsers have none.
macro_rules! pointer_settings {
    () => {
        "primaryHoverType=2,availableHoverTypes=2,primaryPointerType=4,availablePointerTypes=4"
    };
}

/// Switches for identical pixels and no background activity.
const SWITCHES: &[&str] = &[
    // No window, no first-run pages, no account, no crash reports.
    "--headless",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-breakpad",
    "--disable-sync",
    "--disable-default-apps",
    "--disable-extensions",
    "--password-store=basic",
    "--use-mock-keychain",
    "--enable-automation",
    // Only the page's own requests use the network.
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-client-side-phishing-detection",
    "--disable-quic",
    // After input, answers would wait for a frame or a time, and page time stands.
    "--disable-features=Translate,OptimizationHints,MediaRouter,PaintHolding,DialMediaRouteProvider,\
     IsolateOrigins,site-per-process,IsolateSandboxedIframes,DeferRendererTasksAfterInput",
    // Frames of every origin share their page's process and virtual time.
    "--disable-site-isolation-trials",
    // The software rasteriser draws the same on every machine of a kind.
    "--disable-gpu",
    // Text and colour do not depend on the display or on fontconfig.
    "--disable-lcd-text",
    "--font-render-hinting=none",
    "--force-color-profile=srgb",
    // Scrollbars are not part of a story.
    "--hide-scrollbars",
    // Partly redrawn tiles made successive screenshots of a still page differ.
    "--disable-partial-raster",
    "--disable-skia-runtime-opts",
    // Scrolling ends at once. A page looks still in the first frames of smooth scrolling.
    "--disable-smooth-scrolling",
    // Background pages are not throttled.
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
    "--disable-ipc-flooding-protection",
    "--disable-hang-monitor",
    // Dialogs and popups would block the page.
    "--disable-popup-blocking",
    "--disable-prompt-on-repost",
    "--mute-audio",
];

/// Switches for driven frames: nothing moves between two of them, and no
/// screenshot waits for a display's clock. Only the headless shell has them.
const FRAME_SWITCHES: &[&str] = &[
    "--enable-begin-frame-control",
    "--run-all-compositor-stages-before-draw",
    "--disable-new-content-rendering-timeout",
    "--disable-threaded-animation",
    "--disable-threaded-scrolling",
    "--disable-checker-imaging",
    concat!("--blink-settings=", pointer_settings!()),
];

/// Switches where frames cannot be driven: they do not wait for 60 Hz.
const FREE_RUNNING_SWITCHES: &[&str] = &[
    "--disable-frame-rate-limit",
    "--disable-checker-imaging",
    // Animated images show their first frame.
    concat!(
        "--blink-settings=imageAnimationPolicy=2,",
        pointer_settings!()
    ),
];

/// Whether the browser that these settings name is the headless shell. One that
/// is not found counts as such.
pub(in crate::browser) fn is_headless_shell(settings: &BrowserSettings) -> bool {
    find(settings, BrowserName::Chromium).map_or(true, |found| drives_frames(&found.browser))
}

/// Whether this program is the headless shell, whose frames can be driven.
pub(super) fn drives_frames(browser: &Path) -> bool {
    let name = browser.file_name().unwrap_or_default().to_string_lossy();
    name.contains("headless-shell") || name.contains("headless_shell")
}

/// The arguments of a local browser with a new profile folder.
pub(super) fn local_arguments(
    browser: &Path,
    profile: &Path,
    settings: &BrowserSettings,
) -> Vec<String> {
    let frames = if drives_frames(browser) {
        FRAME_SWITCHES
    } else {
        FREE_RUNNING_SWITCHES
    };
    let mut arguments = owned(SWITCHES.iter().chain(frames));
    // Chromium refuses to run as root with its sandbox on. In a container the sandbox
    // would need privileges; the container takes its place.
    let has_sandbox = !settings.system.is_root && settings.container.is_none();
    if !settings.sandbox.unwrap_or(has_sandbox) {
        arguments.push("--no-sandbox".to_owned());
    }
    arguments.push(format!("--user-data-dir={}", profile.display()));
    arguments.push("--remote-debugging-port=0".to_owned());
    arguments.extend(settings.args.iter().cloned());
    // The last switch of a name applies.
    arguments.extend(proxy_arguments(settings));
    arguments.push("about:blank".to_owned());
    arguments
}

/// The arguments of a browser that a remote WebDriver starts. Profile and
/// sandbox are left to the remote machine, unless the manifest sets them.
pub(super) fn remote_arguments(settings: &BrowserSettings) -> Vec<String> {
    let mut arguments = owned(SWITCHES.iter().chain(FREE_RUNNING_SWITCHES));
    if settings.sandbox == Some(false) {
        arguments.push("--no-sandbox".to_owned());
    }
    arguments.extend(settings.args.iter().cloned());
    // The last switch of a name applies.
    arguments.extend(proxy_arguments(settings));
    arguments
}

/// Sends requests through the proxy, including those to this machine; all but
/// those to the one server that is reached directly. What would bypass the proxy
/// is disabled: UDP, and the resolution of other names.
fn proxy_arguments(settings: &BrowserSettings) -> Vec<String> {
    let Some(proxy) = &settings.proxy else {
        return Vec::new();
    };
    let BrowserProxy { address, direct } = proxy;
    let (mut bypass, mut resolved) = ("<-loopback>".to_owned(), address.ip().to_string());
    if let Some(server) = direct {
        bypass += &format!(";{server}");
        // Rules have addresses without brackets.
        let host = server.host().to_string();
        resolved += &format!(" , EXCLUDE {}", host.trim_matches(['[', ']']));
    }
    vec![
        format!("--proxy-server=http://{address}"),
        format!("--proxy-bypass-list={bypass}"),
        format!("--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE {resolved}"),
        "--webrtc-ip-handling-policy=disable_non_proxied_udp".to_owned(),
        "--force-webrtc-ip-handling-policy=disable_non_proxied_udp".to_owned(),
    ]
}

/// The switches that affect pixels.
pub(in crate::browser) fn switches(settings: &BrowserSettings) -> Vec<String> {
    let mut switches = owned(SWITCHES.iter().chain(FRAME_SWITCHES));
    switches.extend(settings.args.iter().cloned());
    switches
}

fn owned<'a>(switches: impl Iterator<Item = &'a &'a str>) -> Vec<String> {
    switches.map(|&switch| switch.to_owned()).collect()
}
