//! Addresses, history, search and shortcuts of the page.

use serde_json::json;

use super::{LISTENING, Page, holding};
use crate::project::{NEW, RUN, encoded};

#[tokio::test(flavor = "multi_thread")]
async fn a_view_that_was_left_does_not_return() {
    let page = Page::open().await;
    let browser = &page.browser;
    browser.goto(&page.review.address()).await;
    browser.wait(".run").await;
    browser.script(LISTENING).await;
    let path = format!("/api/runs/{RUN}");
    browser.script(&holding(&path)).await;
    browser
        .script(&format!(
            "document.querySelector('.run').remove(); location.hash = '#/run/{RUN}'"
        ))
        .await;
    browser.until("globalThis.release").await;
    browser.script("history.back()").await;
    browser.wait(".run").await;
    browser.script("release()").await;
    let left = "return [document.title, document.querySelectorAll('.workbench').length, \
                streams.filter((stream) => stream.readyState !== EventSource.CLOSED).length]";
    assert_eq!(browser.script(left).await, json!(["Runs · Tintype", 0, 1]));
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_address_selects_the_snapshot() {
    let page = Page::open().await;
    let browser = &page.browser;
    browser.open_card(&page.review, RUN).await;
    let other = encoded(NEW);
    browser
        .script(&format!("location.hash = '#/run/{RUN}/{other}'"))
        .await;
    browser.heading("gift").await;
    browser.script("history.back()").await;
    browser.heading("forms/checkout-card").await;
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn back_leads_from_a_snapshot_to_the_list_on_a_phone() {
    let page = Page::open().await;
    let browser = &page.browser;
    browser.client.set_window_size(390, 800).await.unwrap();
    browser.open_run(&page.review, RUN).await;
    // The list may be drawn again between finding a row and clicking it.
    browser.wait(".vlist-row").await;
    browser
        .script("document.querySelector('.vlist-row').click()")
        .await;
    browser
        .until("document.querySelector('.workbench.is-open .steps').offsetWidth > 0")
        .await;
    browser
        .until("document.querySelector('h1').offsetHeight > 0")
        .await;
    browser.script("history.back()").await;
    browser
        .until("document.querySelector('.workbench:not(.is-open) .vlist-row')")
        .await;
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_shortcuts_are_listed() {
    let page = Page::open().await;
    let browser = &page.browser;
    browser.open_run(&page.review, RUN).await;
    browser.wait(".vlist-row").await;
    browser.press("?").await;
    let dialog = browser.wait("dialog[open]").await;
    let text = dialog.text().await.unwrap();
    for words in ["Accept and go to the next", "Undo", "Loupe", "Search"] {
        assert!(text.contains(words), "{words} is missing in {text}");
    }
    page.close().await;
}
