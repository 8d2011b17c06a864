//! The machines of a shared run in the page.

use std::time::Duration;

use tintype::internals::model::RunId;
use tintype::internals::record::{Recorder, SharedQueue};

use super::Page;
use crate::http::request;
use crate::project::{CARD, Project};

const SHARED: &str = "run-2";

/// A project with a run in progress.
async fn shared_run() -> (Project, Recorder) {
    let project = Project::recorded().await;
    let recorder = project.record(SHARED).await;
    let limit = Duration::from_secs(60);
    recorder.wait_joined(limit).await.unwrap();
    (project, recorder)
}

/// The queue of a worker that tells what it does.
async fn worker(project: &Project, name: &str, state: &str) -> SharedQueue {
    let lanes = ["chromium".to_owned()];
    let queue = project
        .settings()
        .shared_queue(&RunId(SHARED.to_owned()), name, &lanes);
    let queue = queue.unwrap();
    let document = format!(
        r#""host":"{name}","pid":7,"state":"{state}","sessions":2,"running":1,"currentTests":["{CARD}"],"engines":["chromium"],"version":"0.1.0""#
    );
    queue.renew(&document, &[]).await.unwrap();
    queue
}

fn commands(project: &Project, worker: &str) -> Vec<String> {
    let key = format!("tintype:{SHARED}:commands:{worker}");
    let entries = project.redis.cli(&["XRANGE", &key, "-", "+"]);
    let words: Vec<_> = entries.lines().map(str::to_owned).collect();
    words
        .chunks(3)
        .filter_map(|entry| entry.get(2).cloned())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn machines_are_shown_paused_and_cancelled() {
    let (project, recorder) = shared_run().await;
    let first = worker(&project, "ci-7:7", "working").await;
    let _second = worker(&project, "ci-8:7", "paused").await;
    let silent = r#"{"state":"working","sessions":2,"running":1,"lastSeen":1000}"#;
    let key = format!("tintype:{SHARED}:workers");
    project.redis.cli(&["HSET", &key, "ci-9:7", silent]);
    let page = Page::of(project).await;
    let (browser, project) = (&page.browser, &page.project);
    browser.open_run(&page.review, SHARED).await;
    browser.count(".machine", 3).await;
    let shown =
        |text: &str| format!("document.querySelector('.machines').textContent.includes('{text}')");
    for text in [
        "3 machines, 1 lost",
        "chromium: 0 groups left",
        "forms/checkout-card",
        "1 of 2 sessions",
    ] {
        browser.until(&shown(text)).await;
    }
    browser.click("[aria-label='Pause ci-7:7']").await;
    browser.toast("Pausing ci-7:7").await;
    browser.click("[aria-label='Resume ci-8:7']").await;
    browser.toast("Resuming ci-8:7").await;
    // Cancelling asks first.
    browser.click(".machine-foot .btn-reject").await;
    browser.click("dialog[open] .dialog-foot .btn").await;
    browser.count("dialog", 0).await;
    assert_eq!(commands(project, "ci-7:7"), ["pause"]);
    browser.click(".machine-foot .btn-reject").await;
    browser.click("dialog[open] .btn-reject").await;
    browser.toast("Cancelling 2 machines").await;
    assert_eq!(commands(project, "ci-7:7"), ["pause", "cancel"]);
    assert_eq!(commands(project, "ci-8:7"), ["resume", "cancel"]);
    assert!(commands(project, "ci-9:7").is_empty());
    first.release(&[]).await.unwrap();
    browser.count(".machine", 2).await;
    recorder.finish(None).await;
    browser
        .until("document.querySelector('.machines').hidden")
        .await;
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_need_a_session_and_a_run_in_progress() {
    let (project, recorder) = shared_run().await;
    let _worker = worker(&project, "ci-7:7", "working").await;
    let page = Page::of(project).await;
    let review = &page.review;
    let (path, origin) = (format!("/api/runs/{SHARED}/commands"), review.address());
    let send = |headers: &[(&str, &str)], body: &str| {
        let kind = [("content-type", "application/json")];
        let headers = [headers, &kind].concat();
        request(review.port, "POST", &path, &headers, body).status
    };
    let pause = r#"{"command":"pause"}"#;
    let own = ("origin", origin.as_str());
    assert_eq!(send(&[own], pause), 401);
    assert_eq!(
        send(
            &[("origin", "http://evil.example"), review.session()],
            pause
        ),
        403
    );
    assert_eq!(
        send(&[own, review.session()], r#"{"command":"explode"}"#),
        422
    );
    let other = r#"{"command":"pause","worker":"ci-8:7"}"#;
    assert_eq!(send(&[own, review.session()], other), 404);
    assert!(commands(&page.project, "ci-7:7").is_empty());
    assert_eq!(send(&[own, review.session()], pause), 200);
    assert_eq!(commands(&page.project, "ci-7:7"), ["pause"]);
    recorder.finish(None).await;
    assert_eq!(send(&[own, review.session()], pause), 409);
    page.close().await;
}
