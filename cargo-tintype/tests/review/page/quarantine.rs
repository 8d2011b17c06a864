//! Quarantines in the page.

use super::Page;
use crate::http::request;
use crate::project::{CARD, encoded};

#[tokio::test(flavor = "multi_thread")]
async fn a_quarantine_is_set_listed_and_lifted() {
    let page = Page::open().await;
    let (browser, project) = (&page.browser, &page.project);
    let story = format!("{}/#/story/{}", page.review.address(), encoded(CARD));
    browser.goto(&story).await;
    browser.click("summary").await;
    browser
        .script("document.getElementById('quarantine-until').value = '2999-12-31'")
        .await;
    let reason = browser.wait("#quarantine-reason").await;
    reason.send_keys("issue 12 <b>").await.unwrap();
    browser.click("form .btn-primary").await;
    browser.count(".lines .row .btn", 1).await;
    let text = std::fs::read_to_string(project.root().join("quarantine.toml")).unwrap();
    assert!(text.contains("until = 2999-12-31"), "{text}");
    let shown = "document.querySelector('.lines').textContent";
    for said in [CARD, "issue 12 <b>", "until 2999-12-31"] {
        browser.until(&format!("{shown}.includes('{said}')")).await;
    }
    browser.click(".lines .btn").await;
    browser
        .until(&format!("{shown}.includes('Nothing is in quarantine')"))
        .await;
    let text = std::fs::read_to_string(project.root().join("quarantine.toml")).unwrap();
    assert!(!text.contains("[[quarantine]]"), "{text}");
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_quarantines_say_what_is_wrong() {
    let page = Page::open().await;
    let origin = page.review.address();
    let set = |subject: &str, until: &str, reason: &str| {
        let body = serde_json::json!({
            "change": "set", "subject": subject, "until": until, "reason": reason
        });
        let headers = [
            ("origin", origin.as_str()),
            ("content-type", "application/json"),
            page.review.session(),
        ];
        let answer = request(
            page.review.port,
            "POST",
            "/api/quarantines",
            &headers,
            &body.to_string(),
        );
        (answer.status, answer.text())
    };
    for (subject, until, reason, error) in [
        ("absent", "2999-12-31", "x", "no snapshot matches absent"),
        (CARD, "2020-01-01", "x", "2020-01-01 has passed"),
        (CARD, "soon", "x", "expected a date"),
        (CARD, "2999-12-31", " ", "needs a reason"),
    ] {
        let (status, text) = set(subject, until, reason);
        assert_eq!(status, 400, "{text}");
        assert!(text.contains(error), "{text}");
    }
    assert!(!page.project.root().join("quarantine.toml").exists());
    page.close().await;
}
