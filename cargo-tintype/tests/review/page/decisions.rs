//! Accept, reject and undo in the page.

use std::fs;

use fantoccini::key::Key;
use tintype::internals::model::{RecordedEvent, Status};

use super::{IMAGES_SHOWN, Page};
use crate::project::{CARD, DARK, NEW, Project, RUN, decision};

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_is_accepted_by_keyboard() {
    let page = Page::open().await;
    let browser = &page.browser;
    let before = page.project.baseline_bytes(CARD);
    browser.open_card(&page.review, RUN).await;
    browser.until(IMAGES_SHOWN).await;
    browser.press("a").await;
    browser.toast("Accepted").await;
    let current = page.project.current(CARD);
    assert!(page.project.accepted(CARD).unwrap().is_capture(&current));
    // It goes to the next undecided one, and U undoes the decision.
    browser
        .until("document.querySelector('.detail .badge')?.textContent !== 'accepted'")
        .await;
    browser.press("u").await;
    browser.toast("Undid").await;
    assert_eq!(page.project.baseline_bytes(CARD), before);
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn similar_snapshots_are_accepted_together() {
    let page = Page::open().await;
    let browser = &page.browser;
    browser.open_card(&page.review, RUN).await;
    browser.press("g").await;
    let button = browser.wait("dialog[open] .btn-accept").await;
    assert_eq!(button.text().await.unwrap(), "Accept 2");
    button.send_keys(&Key::Enter.to_string()).await.unwrap();
    browser.toast("2 snapshots").await;
    let current = page.project.current(CARD);
    assert!(page.project.accepted(CARD).unwrap().is_capture(&current));
    assert!(page.project.accepted(DARK).unwrap().is_capture(&current));
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partly_accepted_batch_is_undone() {
    let page = Page::open().await;
    let browser = &page.browser;
    let before = page.project.baseline_bytes(CARD);
    browser.open_card(&page.review, RUN).await;
    fs::remove_file(page.project.baseline(DARK)).unwrap();
    browser.press("g").await;
    let button = browser.wait("dialog[open] .btn-accept").await;
    button.send_keys(&Key::Enter.to_string()).await.unwrap();
    browser.toast("has changed since").await;
    assert_ne!(page.project.baseline_bytes(CARD), before);
    browser.press("n").await;
    browser.heading("gift").await;
    browser.press("u").await;
    browser.toast("Undid forms/").await;
    assert_eq!(page.project.baseline_bytes(CARD), before);
    page.close().await;
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
    browser
        .count(".vlist-row .tone[data-status=passed]", 4)
        .await;
    assert!(page.project.accepted(NEW).is_some());
    browser.press("u").await;
    browser.toast("Undid 3 snapshots").await;
    assert_eq!(page.project.baseline_bytes(CARD), before);
    assert!(page.project.accepted(NEW).is_none());
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_acceptance_with_a_warning_is_undone_first() {
    let project = Project::recorded().await;
    project.keep_run().await;
    let mut page = Page::of(project).await;
    let browser = &page.browser;
    browser.open_card(&page.review, RUN).await;
    browser.press("a").await;
    browser.heading("gift").await;
    browser.wait(".detail .frame img").await;
    page.project.redis.kill();
    browser.press("a").await;
    browser
        .toast("accepted, but the record is not updated yet")
        .await;
    browser.heading("forms/checkout-card").await;
    assert!(page.project.accepted(NEW).is_some());
    // A failed request can be repeated.
    browser
        .script(
            "const real = fetch;
             globalThis.fetch = async (path, options) => {
               if (path !== '/api/decisions') return real(path, options);
               globalThis.fetch = real;
               throw new Error('cut off');
             };",
        )
        .await;
    browser.press("u").await;
    browser
        .until("document.querySelector('.toast')?.textContent === 'cut off'")
        .await;
    browser.press("u").await;
    browser
        .toast("undone, but the record is not updated yet")
        .await;
    assert!(page.project.accepted(NEW).is_none());
    let current = page.project.current(CARD);
    assert!(page.project.accepted(CARD).unwrap().is_capture(&current));
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn known_failures_cannot_be_accepted() {
    let project = Project::recorded().await;
    let recorder = project.record("run-2").await;
    for name in [CARD, NEW] {
        let mut result = project.result_in("run-2", name);
        if name == CARD {
            result.status = Status::Changed;
            result.known_failure = Some("issue 12".to_owned());
        }
        recorder.record(&RecordedEvent::TestFinished(Box::new(result)));
    }
    recorder.finish(None).await;
    let page = Page::of(project).await;
    let browser = &page.browser;
    browser.open_card(&page.review, "run-2").await;
    let actions = browser.wait(".actions").await.text().await.unwrap();
    assert!(
        actions.contains("History") && !actions.contains("ccept") && !actions.contains("eject"),
        "{actions}"
    );
    browser
        .script(
            "document.dispatchEvent(new KeyboardEvent('keydown', { key: 'A', shiftKey: true }));",
        )
        .await;
    let button = browser.wait("dialog[open] .btn-accept").await;
    assert_eq!(button.text().await.unwrap(), "Accept 1");
    let asked = decision("run-2", "accept", &[CARD]);
    assert_eq!(
        page.review.decide(&asked).json()["answers"][0]["done"],
        false
    );
    page.close().await;
}
