//! What stories may ask of the network, and what they have asked.

use std::net::IpAddr;
use std::time::Duration;

use url::{Host, Url};

use crate::browser::{Browser, BrowserError, Settled};
use crate::manifest::{BrowserSettings, Manifest, Network, StorySpec};
use crate::model::BrowserName;
use crate::plan::Snapshot;
use crate::proxy::{Proxy, Traffic};

/// How long a browser may take to leave a page.
const LEAVE_LIMIT: Duration = Duration::from_secs(20);

/// A browser, and the proxy that its requests go through where a story has a
/// say in what becomes of them. Without one they take the shortest way.
pub(crate) struct Connected {
    pub(crate) session: Browser,
    pub(crate) proxy: Option<Proxy>,
}

/// Opens a session, behind a proxy of its own if one of the snapshots needs it.
pub(crate) async fn open(
    engine: BrowserName,
    manifest: &Manifest,
    base: &str,
    snapshots: &[Snapshot],
) -> Result<Connected, BrowserError> {
    let scratch = manifest.state_dir().join("browsers");
    let mut settings = manifest.browser.clone();
    if !snapshots.iter().any(needs_proxy) {
        let session = Browser::open(engine, &settings, &scratch).await?;
        return Ok(Connected {
            session,
            proxy: None,
        });
    }
    within_reach(&settings)?;
    let no_port = |error| BrowserError::Session(format!("no port for a proxy: {error}"));
    let proxy = Proxy::start(base).await.map_err(no_port)?;
    settings.proxy = Some(proxy.address());
    let session = Browser::open(engine, &settings, &scratch).await?;
    Ok(Connected {
        session,
        proxy: Some(proxy),
    })
}

fn needs_proxy(snapshot: &Snapshot) -> bool {
    let story = &snapshot.story;
    let rules = !story.requests.is_empty() || story.capture.network == Network::Off;
    rules && snapshot.skip.is_none()
}

/// A browser on another machine could not reach the proxy.
fn within_reach(settings: &BrowserSettings) -> Result<(), BrowserError> {
    let Some(webdriver) = &settings.webdriver else {
        return Ok(());
    };
    let url = Url::parse(webdriver).ok();
    let local = match url.as_ref().and_then(Url::host) {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => IpAddr::from(ip).is_loopback(),
        Some(Host::Ipv6(ip)) => IpAddr::from(ip).is_loopback(),
        None => false,
    };
    if local {
        return Ok(());
    }
    Err(BrowserError::RemoteBrowser {
        webdriver: webdriver.clone(),
    })
}

/// Lets the story's own rules apply from now on. Whatever the page before, or
/// the worker of a `dirty` address, still asks for falls under the rules
/// before.
pub(crate) async fn show(
    session: &mut Browser,
    proxy: Option<&Proxy>,
    dirty: &mut Option<String>,
    story: &StorySpec,
) -> Result<(), BrowserError> {
    let Some(proxy) = proxy else {
        return Ok(());
    };
    let blank = session.client().goto("about:blank");
    let left = tokio::time::timeout(LEAVE_LIMIT, blank).await;
    left.map_err(|_| BrowserError::Timeout {
        command: "load about:blank".to_owned(),
        limit: LEAVE_LIMIT,
    })?
    .map_err(|error| BrowserError::Disconnected {
        command: "load about:blank".to_owned(),
        reason: error.to_string(),
    })?;
    if let Some(address) = dirty.take() {
        session.forget(&address).await?;
    }
    proxy.show(story);
    Ok(())
}

/// Refuses a page that has asked for what it may not have, or for what a rule
/// should have answered and could not. A proxy knows better than the page what
/// went out.
pub(crate) fn check(proxy: Option<&Proxy>, settled: &mut Settled) -> Result<(), BrowserError> {
    let Some(proxy) = proxy else {
        return Ok(());
    };
    let Traffic {
        reached, refused, ..
    } = proxy.traffic();
    if !refused.is_empty() {
        return Err(BrowserError::OpenNetwork {
            addresses: refused.into_iter().collect(),
            after: None,
        });
    }
    let rules = proxy.missed(&settled.foreign);
    if !rules.is_empty() {
        return Err(BrowserError::OverTls { rules });
    }
    settled.foreign = reached.into_iter().collect();
    Ok(())
}

/// A page that lacks what it was refused may well fail otherwise: the cause is
/// told before the effect. A story that leaves itself out has not failed.
pub(crate) fn explain(proxy: Option<&Proxy>, error: BrowserError) -> BrowserError {
    let refused = proxy.map(|proxy| proxy.traffic().refused);
    let told = matches!(
        error,
        BrowserError::OpenNetwork { .. } | BrowserError::Skipped(_)
    );
    let known = told || error.is_fatal();
    match refused.filter(|refused| !refused.is_empty() && !known) {
        None => error,
        Some(refused) => BrowserError::OpenNetwork {
            addresses: refused.into_iter().collect(),
            after: Some(error.to_string()),
        },
    }
}
