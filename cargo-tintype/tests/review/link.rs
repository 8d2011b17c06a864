//! Without a token, the link in the terminal opens the page once.

use crate::browser::Browser;
use crate::http::request;
use crate::project::{CARD, Project, RUN, Review, decision, encoded};

/// The secret of a link.
fn secret(link: &str) -> &str {
    link.rsplit_once('/').unwrap().1
}

#[tokio::test(flavor = "multi_thread")]
async fn other_users_of_the_machine_have_no_access() {
    let project = Project::recorded().await;
    let review = Review::start(&project);
    let before = project.accepted(CARD);
    let (name, session) = review.session().1.split_once('=').unwrap();
    let (claims, code) = session.rsplit_once('.').unwrap();
    let (_, id) = claims.split_once('.').unwrap();
    for cookie in [
        String::new(),
        format!("{name}="),
        format!("{name}={claims}"),
        format!("{name}=9999999999999.{id}.{code}"),
        format!("{name}={claims}.{}", "0".repeat(64)),
    ] {
        let sent = [("cookie", cookie.as_str())];
        for path in [
            "/api/runs".to_owned(),
            "/api/events".to_owned(),
            format!("/api/runs/{RUN}"),
            format!("/images/{RUN}/{}/current", encoded(CARD)),
        ] {
            let answer = request(review.port, "GET", &path, &sent, "");
            assert_eq!(answer.status, 401, "{path} {cookie}");
            assert!(answer.text().contains("cargo tintype review"));
        }
        let origin = review.address();
        let headers = [
            sent[0],
            ("origin", origin.as_str()),
            ("content-type", "application/json"),
        ];
        let body = decision(RUN, "accept", &[CARD]).to_string();
        let answer = request(review.port, "POST", "/api/decisions", &headers, &body);
        assert_eq!(answer.status, 401);
    }
    assert_eq!(project.accepted(CARD), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_can_be_used_once_and_a_new_one_is_printed() {
    let project = Project::recorded().await;
    let review = Review::start(&project);
    let link = review.link();
    // Programs that show a preview of a link do not use it up.
    let path = format!("/open/{}", secret(&link));
    assert_eq!(request(review.port, "HEAD", &path, &[], "").status, 403);
    for wrong in ["0", &"0".repeat(64), "..%2F"] {
        assert_eq!(review.open(wrong).status, 403, "{wrong}");
    }
    let opened = review.open(secret(&link));
    assert_eq!(opened.status, 303, "{}", opened.head);
    assert!(
        opened.head.contains("httponly; samesite=strict"),
        "{}",
        opened.head
    );
    let again = review.open(secret(&link));
    assert_eq!(again.status, 403);
    assert!(!again.head.contains("set-cookie"), "{}", again.head);
    assert_ne!(review.link(), link);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_belongs_to_its_project_and_survives_a_restart() {
    let (ours, theirs) = (Project::recorded().await, Project::recorded().await);
    let here = Review::start(&ours);
    let there = Review::start(&theirs);
    let status = |review: &Review, cookie: &str| {
        let cookie = [("cookie", cookie)];
        request(review.port, "GET", "/api/runs", &cookie, "").status
    };
    let cookie = here.session().1.to_owned();
    let (name, _) = there.session().1.split_once('=').unwrap();
    let (_, session) = cookie.split_once('=').unwrap();
    assert_eq!(status(&there, &cookie), 401);
    assert_eq!(status(&there, &format!("{name}={session}")), 401);
    drop(here);
    let here = Review::start(&ours);
    assert_eq!(status(&here, &cookie), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_without_a_session_is_asked_to_open_the_link() {
    let project = Project::recorded().await;
    let review = Review::start_with(&project, &["--run", RUN], "");
    let browser = Browser::open().await;
    browser.goto(&review.address()).await;
    browser
        .until("document.querySelector('main').textContent.includes('cargo tintype review')")
        .await;
    browser.count(".run, form", 0).await;
    browser.goto(&review.link()).await;
    browser.wait(".vlist-row").await;
    browser.close().await;
}
