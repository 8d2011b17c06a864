//! The login form of the page.

use fantoccini::key::Key;
use serde_json::json;

use crate::browser::{Browser, TOKEN};
use crate::port::free_port;
use crate::project::{Project, RUN, Review};

#[tokio::test(flavor = "multi_thread")]
async fn without_a_token_only_the_login_is_shown() {
    let project = Project::recorded().await;
    let review = Review::start_with(&project, &[], TOKEN);
    let browser = Browser::open().await;
    browser.goto(&review.address()).await;
    let name = browser.wait("#log-in-text").await;
    name.send_keys("Mira").await.unwrap();
    let token = browser.wait("#log-in-password").await;
    token.send_keys("a guess of many letters").await.unwrap();
    token.send_keys(&Key::Enter.to_string()).await.unwrap();
    browser
        .until("document.querySelector('.field-error').textContent === 'the token is wrong'")
        .await;
    assert_eq!(
        browser
            .script("return document.querySelectorAll('.run').length")
            .await,
        json!(0)
    );
    token.clear().await.unwrap();
    token.send_keys(TOKEN).await.unwrap();
    token.send_keys(&Key::Enter.to_string()).await.unwrap();
    browser.count(".run", 1).await;
    browser
        .until("document.querySelector('.nav').textContent.includes('Mira')")
        .await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_login_returns_when_the_session_ends() {
    let project = Project::recorded().await;
    let port = free_port().to_string();
    let start = || Review::start_with(&project, &["--port", &port], TOKEN);
    let end_sessions = || {
        let sessions = project.redis.cli(&["KEYS", "tintype:review:session:*"]);
        for session in sessions.lines() {
            project.redis.cli(&["DEL", session]);
        }
    };
    let review = start();
    let browser = Browser::open().await;
    browser.goto(&review.address()).await;
    browser.log_in().await;
    browser.wait(".run").await;
    // By deciding.
    browser.open_card(&review, RUN).await;
    end_sessions();
    browser.press("r").await;
    browser.log_in().await;
    browser.wait(".detail .frame img").await;
    // By looking at another snapshot.
    end_sessions();
    browser.press("j").await;
    browser.log_in().await;
    browser.wait(".detail .frame img").await;
    // By coming back to the events.
    end_sessions();
    drop(review);
    let _review = start();
    browser.log_in().await;
    browser.wait(".detail .frame img").await;
    browser.close().await;
}
