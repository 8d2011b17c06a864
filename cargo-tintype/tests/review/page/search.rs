//! The search and the filters of the page, and their place in the address.

use fantoccini::key::Key;

use super::Page;
use crate::project::RUN;

#[tokio::test(flavor = "multi_thread")]
async fn leaving_the_search_keeps_it_and_a_second_escape_clears_it() {
    let page = Page::open().await;
    let browser = &page.browser;
    for key in [Key::Enter, Key::Down, Key::Escape] {
        browser.open_card(&page.review, RUN).await;
        browser.press("/").await;
        let search = browser.wait("input[type=search]").await;
        search.send_keys("gift").await.unwrap();
        search.send_keys(&key.to_string()).await.unwrap();
        browser
            .until("document.activeElement === document.body")
            .await;
        browser.count(".vlist-row", 1).await;
        browser
            .until("decodeURIComponent(location.hash).includes('gift::')")
            .await;
        browser.press(&Key::Escape.to_string()).await;
        browser.count(".variant", 4).await;
        browser
            .until("document.querySelector('input[type=search]').value === ''")
            .await;
    }
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn accepting_all_shown_counts_what_is_shown() {
    let page = Page::open().await;
    let browser = &page.browser;
    let offered = |text: &str| format!("document.querySelector('.bulk').textContent === '{text}'");
    browser.open_card(&page.review, RUN).await;
    browser.until(&offered("Accept 3 shown")).await;
    let search = browser.wait("input[type=search]").await;
    search.send_keys("checkout").await.unwrap();
    browser.until(&offered("Accept 2 shown")).await;
    search.send_keys(&Key::Enter.to_string()).await.unwrap();
    browser.press("r").await;
    browser.toast("Rejected").await;
    browser.until(&offered("Accept 1 shown")).await;
    // What is not shown is not accepted.
    browser.click(".bulk button").await;
    browser.click("dialog[open] .btn-accept").await;
    browser.toast("Accepted forms/checkout-card").await;
    browser.until(&offered("")).await;
    assert!(page.project.accepted(crate::project::NEW).is_none());
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_address_holds_search_filters_and_view() {
    let page = Page::open().await;
    let browser = &page.browser;
    browser.open_card(&page.review, RUN).await;
    let search = browser.wait("input[type=search]").await;
    search.send_keys("card").await.unwrap();
    search.send_keys(&Key::Enter.to_string()).await.unwrap();
    browser.press("2").await;
    browser
        .until("location.hash.endsWith('?q=card&view=slider')")
        .await;
    let filter = browser.wait(".chip[data-status=failed]").await;
    filter.click().await.unwrap();
    browser
        .until("location.hash.endsWith('?q=card&show=failed&view=slider')")
        .await;
    // The same page for another browser.
    browser.client.refresh().await.unwrap();
    browser.wait(".frame-slider").await;
    browser
        .until("document.querySelector('input[type=search]').value === 'card'")
        .await;
    browser.count(".chip[aria-pressed=true]", 1).await;
    // Back takes the filter back, Forward sets it again.
    browser.script("history.back()").await;
    browser.count(".chip[aria-pressed=true]", 0).await;
    browser.wait(".frame-slider").await;
    browser.script("history.forward()").await;
    browser.count(".chip[aria-pressed=true]", 1).await;
    page.close().await;
}
