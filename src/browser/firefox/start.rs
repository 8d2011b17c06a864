//! Starts Firefox through geckodriver.

use std::path::Path;

use serde_json::{Value, json};

use crate::browser::driver::{self, Driver, Programs, find};
use crate::browser::error::BrowserError;
use crate::manifest::{BrowserSettings, ColorScheme};
use crate::model::BrowserName;

/// Preferences for identical pixels and no background activity. geckodriver
/// sets many more of the latter.
fn preferences(scheme: Option<ColorScheme>) -> Value {
    json!({
        SCHEME: scheme_number(scheme),
        // Frames are drawn on demand, not at a fixed rate.
        "layout.frame_rate": 0,
        // The software rasteriser draws the same on every machine of a kind.
        "gfx.webrender.software": true,
        "gfx.color_management.force_srgb": true,
        // Scrollbars are not part of a story.
        "widget.gtk.overlay-scrollbars.enabled": true,
        "ui.useOverlayScrollbars": 1,
        // Animated images show their first frame.
        "image.animation_mode": "none",
        "ui.caretBlinkTime": 0,
        "general.smoothScroll": false,
        // Background pages are not throttled.
        "dom.min_background_timeout_value": 4,
        "dom.timeout.enable_budget_timer_throttling": false,
        // Only the page's own requests use the network.
        "network.captive-portal-service.enabled": false,
        "network.connectivity-service.enabled": false,
        "network.prefetch-next": false,
        "network.dns.disablePrefetch": true,
        "browser.safebrowsing.provider.mozilla.updateURL": "",
        "extensions.getAddons.cache.enabled": false,
        "services.settings.server": "data:,#remote-settings-dummy/v1",
        // All requests use the proxy, if there is one; UDP would bypass it.
        "network.proxy.allow_hijacking_localhost": true,
        "network.proxy.failover_direct": false,
        "network.http.http3.enable": false,
        "media.peerconnection.ice.proxy_only": true,
        // Dialogs would block the page.
        "dom.disable_beforeunload": true,
    })
}

/// The preference for `prefers-color-scheme`. It can be changed at any time with
/// access to the browser's own window.
pub(super) const SCHEME: &str = "layout.css.prefers-color-scheme.content-override";

/// Its value; 2 is the system's, which is light without a desktop.
pub(super) fn scheme_number(scheme: Option<ColorScheme>) -> u8 {
    match scheme {
        Some(ColorScheme::Dark) => 0,
        Some(ColorScheme::Light) => 1,
        None => 2,
    }
}

const SWITCHES: &[&str] = &["-headless"];

/// Required for the preference that disables the remote settings server.
const ALLOW_SETTINGS_SERVER: &str = "MOZ_REMOTE_SETTINGS_DEVTOOLS=1";

/// Precedes the port in geckodriver's output.
const DRIVER_MARKER: &str = "Listening on 127.0.0.1:";

/// Starts a browser with this colour scheme through a local geckodriver, or on
/// a remote WebDriver.
pub(super) async fn start(
    settings: &BrowserSettings,
    scratch: &Path,
    scheme: Option<ColorScheme>,
) -> Result<Driver, BrowserError> {
    if let Some(address) = &settings.webdriver {
        let wanted = capabilities(settings, None, scheme);
        let client = driver::connect_remote(address, wanted).await?;
        return Ok(Driver::remote(client, address));
    }
    let Programs { browser, driver } = find(settings, BrowserName::Firefox)?;
    tracing::info!(?browser, ?driver, "starting a browser");
    let own = driver::scratch_folder(&driver, scratch)?;
    // The driver makes a folder in it for each profile.
    let profiles = match settings.container {
        Some(_) => Path::new("/tmp"),
        None => &own,
    };
    let arguments = [
        "--port=0",
        // Any free port for BiDi.
        "--websocket-port=0",
        "--allow-system-access",
        "--log=info",
        &format!("--profile-root={}", profiles.display()),
    ]
    .map(str::to_owned);
    let environment = [ALLOW_SETTINGS_SERVER.to_owned()];
    let marker = DRIVER_MARKER;
    let started = driver::start_program(settings, &environment, &driver, &arguments, &own, marker);
    let (process, port) = started.await?;
    let address = format!("http://127.0.0.1:{port}");
    let wanted = capabilities(settings, Some(&browser), scheme);
    let client = driver::launch(&address, wanted).await?;
    Ok(Driver::local(client, vec![process]))
}

fn capabilities(
    settings: &BrowserSettings,
    binary: Option<&Path>,
    scheme: Option<ColorScheme>,
) -> Value {
    let own = &settings.firefox;
    let mut arguments: Vec<&str> = SWITCHES.to_vec();
    arguments.extend(own.args.iter().map(String::as_str));
    let mut options = json!({ "args": arguments, "prefs": preferences(scheme) });
    if let Some(binary) = binary {
        options["binary"] = json!(binary);
    }
    let mut wanted = json!({
        "browserName": "firefox",
        "webSocketUrl": true,
        "unhandledPromptBehavior": "dismiss",
        "pageLoadStrategy": "normal",
        "moz:firefoxOptions": options,
    });
    if let Some(proxy) = &settings.proxy {
        wanted["proxy"] = driver::proxy_capability(proxy);
    }
    wanted
}

/// The start options that affect pixels.
pub(in crate::browser) fn switches(settings: &BrowserSettings) -> Vec<String> {
    let mut switches: Vec<String> = SWITCHES.iter().map(|&switch| switch.to_owned()).collect();
    switches.push(preferences(None).to_string());
    switches.extend(settings.firefox.args.iter().cloned());
    switches
}
