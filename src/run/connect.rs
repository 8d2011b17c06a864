//! Opens browser sessions, behind a proxy where stories have rules for their
//! requests, or where the browser needs it to run page scripts.

use std::net::IpAddr;

use url::{Host, Url};

use crate::browser::{Browser, BrowserError};
use crate::manifest::{BrowserSettings, Manifest, Network};
use crate::model::BrowserName;
use crate::plan::Snapshot;
use crate::proxy::Proxy;

/// A browser, and the proxy for its requests.
pub(super) struct BrowserConnection {
    pub(super) browser: Browser,
    pub(super) proxy: Option<Proxy>,
}

/// Opens a session, behind a proxy of its own if one of the snapshots or the
/// engine needs it.
pub(super) async fn connect(
    engine: BrowserName,
    manifest: &Manifest,
    base: &str,
    snapshots: &[Snapshot],
) -> Result<BrowserConnection, BrowserError> {
    let scratch = manifest.state_dir().join("browsers");
    let mut settings = manifest.browser.clone();
    let has_rules = snapshots.iter().any(needs_proxy);
    // A local browser that runs no script before the page's own.
    let injects = engine == BrowserName::Webkit && base.starts_with("http:");
    let proxy = if has_rules || injects {
        require_local(&settings)?;
        let no_port = |error| BrowserError::Session(format!("no port for a proxy: {error}"));
        let proxy = Proxy::start(base, injects).await.map_err(no_port)?;
        settings.proxy = Some(proxy.address());
        Some(proxy)
    } else {
        None
    };
    let browser = Browser::open(engine, &settings, &scratch).await?;
    Ok(BrowserConnection { browser, proxy })
}

fn needs_proxy(snapshot: &Snapshot) -> bool {
    let story = &snapshot.story;
    let has_rules = !story.requests.is_empty() || story.capture.network == Network::Off;
    has_rules && snapshot.skip.is_none()
}

/// Fails if the browser runs on another machine, from where it cannot reach the
/// proxy.
fn require_local(settings: &BrowserSettings) -> Result<(), BrowserError> {
    let Some(webdriver) = &settings.webdriver else {
        return Ok(());
    };
    let url = Url::parse(webdriver).ok();
    let is_local = match url.as_ref().and_then(Url::host) {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => IpAddr::from(ip).is_loopback(),
        Some(Host::Ipv6(ip)) => IpAddr::from(ip).is_loopback(),
        None => false,
    };
    if is_local {
        return Ok(());
    }
    Err(BrowserError::RemoteBrowser {
        webdriver: webdriver.clone(),
    })
}
