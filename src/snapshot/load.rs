//! Loads the address of a story.

use super::page_load::PageReuse;
use super::requests;
use super::session_page::SessionPage;
use crate::browser::BrowserError;
use crate::plan::Snapshot;
use crate::proxy::Proxy;

/// Loads the address of a snapshot's story.
pub(super) async fn load(
    page: &mut SessionPage,
    snapshot: &Snapshot,
    reuse: PageReuse,
) -> Result<(), BrowserError> {
    let address = page.site.address(snapshot);
    let (theme, screen) = (&snapshot.theme, snapshot.screen);
    let capture = &snapshot.story.capture;
    if reuse == PageReuse::Reuse {
        note_cookies(page, &address).await?;
    }
    requests::apply_rules(page, &snapshot.story).await?;
    if reuse == PageReuse::Fresh {
        let browser = &mut page.browser;
        return browser.load_fresh(&address, theme, screen, capture).await;
    }
    if let Some(address) = page.dirty.take() {
        page.browser.forget(&address).await?;
    }
    page.browser.load(&address, theme, screen, capture).await
}

/// Notes that a story has left a cookie which no page reports. The built-in
/// server sets none, so that only the answer of a rule can.
async fn note_cookies(page: &mut SessionPage, address: &str) -> Result<(), BrowserError> {
    let has_rules = page.proxy.as_ref().is_some_and(Proxy::may_have_rules);
    let may_have = !page.site.is_folder() || has_rules;
    if may_have && page.dirty.is_none() && page.browser.has_cookies().await? {
        page.dirty = Some(address.to_owned());
    }
    Ok(())
}
