//! Accept, reject and undo in the page.

use std::fs;

use tintype::internals::model::{RecordedEvent, Status, VisualTestResult};

use super::{IMAGES_SHOWN, Page};
use crate::project::{CARD, NEW, Project, RUN, decision, encoded, plain_picture};

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

#[tokio::test(flavor = "multi_thread")]
async fn unstable_and_damaged_snapshots_are_not_offered() {
    const DAMAGED: &str = "damaged::light::560x350";
    const MISSING: &str = "missing::light::560x350";
    const UNSTABLE: &str = "unstable::light::560x350";
    let project = Project::recorded().await;
    let (old, new) = (plain_picture(560, 350, 9), plain_picture(560, 350, 99));
    let mut results =
        [DAMAGED, MISSING, UNSTABLE].map(|name| project.failed(RUN, name, &old, &new));
    results[2].unstable = true;
    let current = |result: &VisualTestResult| project.root().join(result.current.as_ref().unwrap());
    fs::write(current(&results[0]), &old).unwrap();
    fs::remove_file(current(&results[1])).unwrap();
    project.add_results(RUN, &results).await;
    let page = Page::of(project).await;
    let browser = &page.browser;
    for (name, reason) in [
        (DAMAGED, "has changed since the run captured it"),
        (MISSING, "failed to read"),
        (UNSTABLE, "they cannot be accepted"),
    ] {
        let address = format!("{}/#/run/{RUN}/{}", page.review.address(), encoded(name));
        browser.goto(&address).await;
        browser.heading(name.split("::").next().unwrap()).await;
        let shown = "document.querySelector('.detail').textContent";
        browser
            .until(&format!("{shown}.includes('{reason}')"))
            .await;
        browser.count(".detail .btn-accept", 0).await;
        browser.press("a").await;
        browser.count(".toast", 0).await;
    }
    // The damaged file is known to be another one since it was looked at.
    browser
        .until("document.querySelector('.bulk').textContent === 'Accept 3 shown'")
        .await;
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_old_baseline_stays_visible_beside_the_accepted_one() {
    let page = Page::open().await;
    let browser = &page.browser;
    browser.open_card(&page.review, RUN).await;
    browser.until(IMAGES_SHOWN).await;
    let meter = "return document.querySelector('.app-head .meter').getAttribute('aria-label')";
    assert_eq!(browser.script(meter).await, "2 failed, 1 new, 1 passed");
    let colour = "(() => { const image = document.querySelector('.frame img');
        if (!image?.complete || !image.naturalWidth) return '';
        const canvas = document.createElement('canvas');
        canvas.width = canvas.height = 1;
        const context = canvas.getContext('2d');
        context.drawImage(image, -450, -250);
        return context.getImageData(0, 0, 1, 1).data.join(); })()";
    let before = browser.script(&format!("return {colour}")).await;
    browser.press("a").await;
    browser.toast("Accepted").await;
    browser.open_card(&page.review, RUN).await;
    browser
        .until("document.querySelector('.detail-title').textContent.includes('accepted')")
        .await;
    browser.until(IMAGES_SHOWN).await;
    browser.until(&format!("{colour} === {before}")).await;
    browser.count(".detail .alert", 0).await;
    browser.count(".variant[data-status=passed]", 2).await;
    assert_eq!(browser.script(meter).await, "1 failed, 1 new, 2 passed");
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_in_another_tab_shows_at_once() {
    let project = Project::recorded().await;
    project.keep_run().await;
    let mut page = Page::of(project).await;
    let browser = &page.browser;
    browser.open_card(&page.review, RUN).await;
    let first = browser.client.window().await.unwrap();
    let second = browser.client.new_window(true).await.unwrap();
    browser
        .client
        .switch_to_window(second.handle)
        .await
        .unwrap();
    browser.open_card(&page.review, RUN).await;
    browser.press("r").await;
    browser.toast("Rejected").await;
    // Also while there are no events.
    page.project.redis.kill();
    browser.heading("gift").await;
    browser.wait(".detail .frame img").await;
    browser.press("a").await;
    browser.toast("accepted, but").await;
    browser.client.switch_to_window(first).await.unwrap();
    let rows = "[...document.querySelectorAll('.vlist-row')].map((row) => row.textContent).join()";
    for word in ["rejected", "accepted"] {
        browser.until(&format!("{rows}.includes('{word}')")).await;
    }
    page.close().await;
}
