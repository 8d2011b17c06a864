//! Opens browser sessions behind a proxy, which keeps stories from this machine
//! and applies their rules for requests.

use url::Url;

use crate::browser::{Browser, BrowserError};
use crate::manifest::{BrowserSettings, HostPort, Manifest, Network};
use crate::model::BrowserName;
use crate::plan::Snapshot;
use crate::proxy::{Coverage, Proxy};

/// A browser, and the proxy for its requests.
pub(super) struct BrowserConnection {
    pub(super) browser: Browser,
    pub(super) proxy: Option<Proxy>,
}

/// Opens a session behind a proxy of its own, unless the browser cannot reach
/// one.
pub(super) async fn connect(
    engine: BrowserName,
    manifest: &Manifest,
    base: &str,
    snapshots: &[Snapshot],
) -> Result<BrowserConnection, BrowserError> {
    let scratch = manifest.state_dir().join("browsers");
    let mut settings = manifest.browser.clone();
    let coverage = coverage(engine, base, snapshots);
    if coverage != Coverage::OtherServers {
        require_local(&settings)?;
    }
    let proxy = if coverage != Coverage::OtherServers || is_on_this_machine(&settings, base) {
        let no_port = |error| BrowserError::Session(format!("no port for a proxy: {error}"));
        let proxy = Proxy::start(base, coverage).await.map_err(no_port)?;
        settings.proxy = Some(proxy.browser_setting());
        Some(proxy)
    } else {
        None
    };
    let browser = Browser::open(engine, &settings, &scratch).await?;
    Ok(BrowserConnection { browser, proxy })
}

fn coverage(engine: BrowserName, base: &str, snapshots: &[Snapshot]) -> Coverage {
    // A local browser that runs no script before the page's own.
    if engine == BrowserName::Webkit && base.starts_with("http:") {
        Coverage::AllWithScripts
    } else if snapshots.iter().any(has_rules) {
        Coverage::All
    } else {
        Coverage::OtherServers
    }
}

fn has_rules(snapshot: &Snapshot) -> bool {
    let story = &snapshot.story;
    let has_rules = !story.requests.is_empty() || story.capture.network == Network::Off;
    has_rules && snapshot.skip.is_none()
}

/// Whether the browser certainly runs on this machine. Behind a WebDriver on
/// this machine it may run on another one, unless it reaches stories on
/// loopback.
fn is_on_this_machine(settings: &BrowserSettings, base: &str) -> bool {
    let webdriver = settings.webdriver.as_deref();
    webdriver.is_none_or(|webdriver| is_on_loopback(webdriver) && is_on_loopback(base))
}

/// Fails if the browser runs on another machine, from where it cannot reach the
/// proxy.
fn require_local(settings: &BrowserSettings) -> Result<(), BrowserError> {
    let Some(webdriver) = &settings.webdriver else {
        return Ok(());
    };
    if is_on_loopback(webdriver) {
        return Ok(());
    }
    Err(BrowserError::RemoteBrowser {
        webdriver: webdriver.clone(),
    })
}

fn is_on_loopback(address: &str) -> bool {
    let host = Url::parse(address)
        .ok()
        .and_then(|url| HostPort::of_url(&url));
    let known = host.and_then(|host| host.known_addresses());
    known.is_some_and(|known| known.iter().all(std::net::IpAddr::is_loopback))
}
