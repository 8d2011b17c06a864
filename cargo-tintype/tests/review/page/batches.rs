//! Several snapshots are accepted from a contact sheet, and undone as a whole.

use std::fs;

use fantoccini::key::Key;

use super::Page;
use crate::browser::Browser;
use crate::project::{CARD, DARK, NEW, RUN};

/// Shows only snapshots whose name has this text.
async fn search(browser: &Browser, text: &str) {
    let search = browser.wait("input[type=search]").await;
    search.send_keys(text).await.unwrap();
    search.send_keys(&Key::Enter.to_string()).await.unwrap();
    let shown = "document.querySelector('.bulk').textContent === 'Accept 2 shown'";
    browser.until(shown).await;
}

/// Undoes a batch that has replaced the baseline `before`.
async fn undo_all(page: Page, before: &[u8]) {
    page.browser.press("u").await;
    page.browser.toast("Undid 3 snapshots").await;
    assert_eq!(page.project.baseline_bytes(CARD), before);
    assert!(page.project.accepted(NEW).is_none());
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_is_undone_as_a_whole_after_a_reload() {
    let page = Page::open().await;
    let browser = &page.browser;
    let before = page.project.baseline_bytes(CARD);
    browser.open_card(&page.review, RUN).await;
    browser.click(".bulk button").await;
    let button = browser.wait("dialog[open] .btn-accept").await;
    button.click().await.unwrap();
    browser.toast("Accepted 3 snapshots").await;
    browser.client.refresh().await.unwrap();
    browser.wait(".detail .frame img").await;
    undo_all(page, &before).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_undo_undoes_all_that_were_accepted_together() {
    let page = Page::open().await;
    let browser = &page.browser;
    let before = page.project.baseline_bytes(CARD);
    browser.open_card(&page.review, RUN).await;
    let button = browser.wait(".bulk button").await;
    assert_eq!(button.text().await.unwrap(), "Accept 3 shown");
    button.click().await.unwrap();
    let button = browser.wait("dialog[open] .btn-accept").await;
    assert_eq!(button.text().await.unwrap(), "Accept 3");
    button.click().await.unwrap();
    browser.count(".variant[data-status=passed]", 4).await;
    assert!(page.project.accepted(NEW).is_some());
    undo_all(page, &before).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partly_accepted_batch_is_undone() {
    let page = Page::open().await;
    let browser = &page.browser;
    let before = page.project.baseline_bytes(CARD);
    browser.open_card(&page.review, RUN).await;
    fs::remove_file(page.project.baseline(DARK)).unwrap();
    search(browser, "checkout").await;
    browser.click(".bulk button").await;
    let button = browser.wait("dialog[open] .btn-accept").await;
    button.send_keys(&Key::Enter.to_string()).await.unwrap();
    browser.toast("has changed since").await;
    assert_ne!(page.project.baseline_bytes(CARD), before);
    browser.press(&Key::Escape.to_string()).await;
    browser.press("n").await;
    browser.heading("gift").await;
    browser.press("u").await;
    browser.toast("Undid forms/").await;
    assert_eq!(page.project.baseline_bytes(CARD), before);
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sheet_of_a_confirmation_scrolls_by_keyboard() {
    let page = Page::open().await;
    let browser = &page.browser;
    browser.client.set_window_size(560, 680).await.unwrap();
    browser.open_run(&page.review, RUN).await;
    browser.click(".bulk button").await;
    browser.wait("dialog[open] .btn-accept").await;
    browser
        .until("document.activeElement.matches('.btn-accept')")
        .await;
    let sheet = "document.querySelector('.sheet')";
    browser
        .until(&format!("{sheet}.scrollHeight > {sheet}.clientHeight"))
        .await;
    for key in [Key::Down, Key::End] {
        let focused = browser.client.active_element().await.unwrap();
        focused.send_keys(&key.to_string()).await.unwrap();
    }
    browser.until(&format!("{sheet}.scrollTop > 0")).await;
    let focused = browser.client.active_element().await.unwrap();
    focused.send_keys(&Key::Home.to_string()).await.unwrap();
    browser.until(&format!("{sheet}.scrollTop < 10")).await;
    let focused = browser.client.active_element().await.unwrap();
    focused.send_keys(&Key::Escape.to_string()).await.unwrap();
    browser.count("dialog", 0).await;
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sheet_shows_crops_and_excludes_snapshots() {
    let page = Page::open().await;
    let browser = &page.browser;
    let before = page.project.baseline_bytes(DARK);
    browser.open_card(&page.review, RUN).await;
    search(browser, "checkout").await;
    browser.click(".bulk button").await;
    browser.wait("dialog[open] .tile").await;
    // The regions are in the middle of their crops.
    browser
        .until(
            "(() => {
               const crop = document.querySelector('.crop');
               const image = crop.querySelector('img');
               if (!image.naturalWidth) return false;
               const [outer, inner] = [crop, image].map((e) => e.getBoundingClientRect());
               const scale = inner.width / image.naturalWidth;
               const middle = inner.left + (389 + 141 / 2) * scale;
               return Math.abs(middle - (outer.left + outer.width / 2)) < 1;
             })()",
        )
        .await;
    browser
        .script("document.querySelector('.tile-crops[aria-label*=dark]').focus()")
        .await;
    let focused = browser.client.active_element().await.unwrap();
    focused.send_keys("x").await.unwrap();
    browser
        .until("document.querySelector('dialog .btn-accept').textContent === 'Accept 1'")
        .await;
    focused.send_keys("a").await.unwrap();
    browser.toast("Accepted forms/checkout-card::light").await;
    assert_eq!(page.project.baseline_bytes(DARK), before);
    // Enter opens a snapshot and accepts nothing.
    browser.wait(".bulk button").await;
    browser
        .script("document.querySelector('.bulk button').click()")
        .await;
    browser
        .script("document.querySelector('.tile-crops[aria-label*=dark]').focus()")
        .await;
    let focused = browser.client.active_element().await.unwrap();
    focused.send_keys(&Key::Enter.to_string()).await.unwrap();
    browser.count("dialog", 0).await;
    browser
        .until("document.querySelector('.detail-title').textContent.includes('dark')")
        .await;
    assert_eq!(page.project.baseline_bytes(DARK), before);
    page.close().await;
}
