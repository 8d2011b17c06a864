//! Text of a run never becomes markup.

use serde_json::json;

use super::{HOSTILE_MESSAGE, INJECT_SCRIPT, Page};
use crate::project::RUN;

#[tokio::test(flavor = "multi_thread")]
async fn messages_are_inserted_as_text() {
    let page = Page::open().await;
    let browser = &page.browser;
    browser.open_card(&page.review, RUN).await;
    browser.heading("forms/checkout-card").await;
    browser.until(HOSTILE_MESSAGE).await;
    assert!(
        browser.client.get_alert_text().await.is_err(),
        "an alert is open"
    );
    // Even markup that got in could do nothing: the policy forbids it.
    assert_eq!(browser.script(INJECT_SCRIPT).await, json!(0));
    page.close().await;
}
