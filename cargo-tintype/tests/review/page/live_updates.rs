//! The page follows the record while it is open.

use tintype::internals::model::{RecordedEvent, Status, VisualTestResult};

use super::{LISTENING, Page, first_status, holding};
use crate::project::{CARD, DARK, Project, RUN, decision};

#[tokio::test(flavor = "multi_thread")]
async fn a_new_run_appears_in_the_list() {
    let page = Page::open().await;
    let browser = &page.browser;
    browser.goto(&page.review.address()).await;
    browser.count(".run", 1).await;
    // Events without a subscription are not missed.
    page.project
        .redis
        .cli(&["CLIENT", "KILL", "TYPE", "pubsub"]);
    let recorder = page.project.record("run-2").await;
    browser.count(".run", 2).await;
    browser.open_run(&page.review, "run-2").await;
    let result = page.project.result_in("run-2", CARD);
    recorder.record(&RecordedEvent::TestStarted(Box::new(
        VisualTestResult::new(
            result.run_id.clone(),
            result.story_identifier.clone(),
            Status::Running,
        ),
    )));
    browser.until(&first_status("running")).await;
    recorder.record(&RecordedEvent::TestFinished(Box::new(result)));
    browser.until(&first_status("failed")).await;
    recorder.finish(None).await;
    browser
        .until("document.querySelector('h1').textContent.includes('to review')")
        .await;
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_during_a_reload_are_not_lost() {
    let project = Project::recorded().await;
    let recorder = project.record("run-2").await;
    for name in [CARD, DARK] {
        let result = project.result_in("run-2", name);
        recorder.record(&RecordedEvent::TestFinished(Box::new(result)));
    }
    let page = Page::of(project).await;
    let browser = &page.browser;
    browser.goto(&page.review.address()).await;
    browser.wait(".run").await;
    browser.script(LISTENING).await;
    browser.script("location.hash = '#/run/run-2'").await;
    browser.count(".vlist-row", 1).await;
    browser.wait(".detail .frame img").await;
    browser.script(&holding("/api/runs/run-2")).await;
    recorder.finish(None).await;
    browser.until("globalThis.release").await;
    // While the response is pending, one snapshot is rejected in the page, and
    // another accepted elsewhere.
    browser.press("r").await;
    browser.toast("Rejected").await;
    let asked = decision("run-2", "accept", &[CARD]);
    assert_eq!(
        page.review.decide(&asked).json()["answers"][0]["done"],
        true
    );
    browser.until("heard === 'baseline:accepted'").await;
    browser.script("release()").await;
    browser
        .until("document.querySelector('h1').textContent === '0 of 2 to review'")
        .await;
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recreated_record_is_reloaded() {
    let page = Page::open().await;
    let browser = &page.browser;
    browser.open_card(&page.review, RUN).await;
    page.project.lose_record();
    let recorder = page.project.record(RUN).await;
    let mut result = page.project.result(CARD);
    result.status = Status::Passed;
    recorder.record(&RecordedEvent::TestFinished(Box::new(result)));
    browser.count(".vlist-row", 1).await;
    browser.until(&first_status("passed")).await;
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_notice_disappears_when_the_record_is_available_again() {
    let mut page = Page::open().await;
    let browser = &page.browser;
    browser.open_card(&page.review, RUN).await;
    page.project.redis.kill();
    browser
        .until("document.querySelector('.notice').textContent.includes('unreachable')")
        .await;
    page.project.redis.restart();
    browser
        .until("document.querySelector('.notice').textContent === ''")
        .await;
    page.close().await;
}
