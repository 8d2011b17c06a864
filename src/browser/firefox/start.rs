//! How Firefox is launched: by geckodriver, with a profile of its own.

use std::path::Path;

use serde_json::{Value, json};

use crate::browser::driver::{self, Driver, Programs, find};
use crate::browser::error::BrowserError;
use crate::manifest::{BrowserSettings, ColorScheme};
use crate::model::BrowserName;

/// Preferences for identical pixels and a quiet browser, each with its reason.
/// geckodriver sets many more of the latter.
fn preferences(scheme: Option<ColorScheme>) -> Value {
    json!({
        SCHEME: scheme_number(scheme),
        // Frames are drawn when there is something to draw, not by a clock.
        "layout.frame_rate": 0,
        // The software rasteriser draws the same on every machine of a kind.
        "gfx.webrender.software": true,
        "gfx.color_management.force_srgb": true,
        // Scrollbars take no room: they are no part of a story.
        "widget.gtk.overlay-scrollbars.enabled": true,
        "ui.useOverlayScrollbars": 1,
        // Animated images stand on their first frame.
        "image.animation_mode": "none",
        "ui.caretBlinkTime": 0,
        "general.smoothScroll": false,
        // A page in the background is as alive as one in front.
        "dom.min_background_timeout_value": 4,
        "dom.timeout.enable_budget_timer_throttling": false,
        // Nothing but the page's own requests touches the network.
        "network.captive-portal-service.enabled": false,
        "network.connectivity-service.enabled": false,
        "network.prefetch-next": false,
        "network.dns.disablePrefetch": true,
        "browser.safebrowsing.provider.mozilla.updateURL": "",
        "extensions.getAddons.cache.enabled": false,
        "services.settings.server": "data:,#remote-settings-dummy/v1",
        // Where there is a proxy, nothing passes it by.
        "network.proxy.allow_hijacking_localhost": true,
        "media.peerconnection.ice.proxy_only": true,
        // Dialogs that nobody could answer.
        "dom.disable_beforeunload": true,
    })
}

/// The preference that decides `prefers-color-scheme`. It may be changed at any
/// time, but only by who has access to the browser itself.
pub(super) const SCHEME: &str = "layout.css.prefers-color-scheme.content-override";

/// Its value; 2 leaves it to the system, which without a desktop is light.
pub(super) fn scheme_number(scheme: Option<ColorScheme>) -> u8 {
    match scheme {
        Some(ColorScheme::Dark) => 0,
        Some(ColorScheme::Light) => 1,
        None => 2,
    }
}

const SWITCHES: &[&str] = &["-headless"];

/// Without it Firefox would not believe the preference that keeps its own
/// settings' server away.
const BELIEVE_SETTINGS: &str = "MOZ_REMOTE_SETTINGS_DEVTOOLS=1";

/// Stands before the port in what geckodriver says.
const LISTENING: &str = "Listening on 127.0.0.1:";

/// Starts a geckodriver, or asks the one that is up, for a browser with this
/// colour scheme.
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
    let arguments = [
        "--port=0",
        // The port for BiDi is free, too.
        "--websocket-port=0",
        "--allow-system-access",
        "--log=info",
        &format!("--profile-root={}", own.display()),
    ]
    .map(str::to_owned);
    let environment = [BELIEVE_SETTINGS.to_owned()];
    let (process, port) =
        driver::start_program(&environment, &driver, &arguments, &own, LISTENING).await?;
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
    if let Some(proxy) = settings.proxy {
        wanted["proxy"] = driver::proxy_capability(proxy);
    }
    wanted
}

/// What decides pixels, for whoever asks whether two runs draw alike.
pub(in crate::browser) fn switches(settings: &BrowserSettings) -> Vec<String> {
    let mut switches: Vec<String> = SWITCHES.iter().map(|&switch| switch.to_owned()).collect();
    switches.push(preferences(None).to_string());
    switches.extend(settings.firefox.args.iter().cloned());
    switches
}
