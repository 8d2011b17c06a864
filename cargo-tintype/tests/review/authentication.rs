//! Authentication: tokens, sessions, failed attempts and the audit log.

use std::process::Command;

use serde_json::{Value, json};

use crate::browser::TOKEN;
use crate::http::{Answer, request};
use crate::project::{CARD, Project, RUN, Review, decision, encoded};

fn post(review: &Review, path: &str, more: &[(&str, &str)], body: &Value) -> Answer {
    let origin = review.address();
    let mut headers = vec![
        ("origin", origin.as_str()),
        ("content-type", "application/json"),
    ];
    headers.extend(more);
    request(review.port, "POST", path, &headers, &body.to_string())
}

fn log_in(review: &Review, token: &str) -> Answer {
    post(
        review,
        "/api/session",
        &[],
        &json!({ "name": "Mira", "token": token }),
    )
}

fn accept() -> Value {
    decision(RUN, "accept", &[CARD])
}

/// The status of a GET request with one header, or without any.
fn status(review: &Review, path: &str, header: Option<(&str, &str)>) -> u16 {
    request(review.port, "GET", path, header.as_slice(), "").status
}

/// Who made the only decision of the log.
fn decided_by(project: &Project) -> Value {
    let log = project.decision_log();
    assert_eq!(log.len(), 1, "{log:?}");
    log[0]["who"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_without_a_session_are_rejected() {
    let project = Project::recorded().await;
    let review = Review::start_with(&project, &[], TOKEN);
    let before = project.accepted(CARD);
    for path in [
        "/api/runs".to_owned(),
        format!("/api/runs/{RUN}"),
        format!("/api/runs/{RUN}/events"),
        "/api/events".to_owned(),
        "/api/flaky".to_owned(),
        format!("/images/{RUN}/{}/current", encoded(CARD)),
    ] {
        let guessed = ("cookie", "tintype_session=0000000000000000");
        for header in [None, Some(guessed)] {
            assert_eq!(status(&review, &path, header), 401, "{path}");
        }
    }
    assert_eq!(post(&review, "/api/decisions", &[], &accept()).status, 401);
    assert_eq!(project.accepted(CARD), before);
    assert_eq!(review.get("/").status, 200, "the page has the log-in");
}

#[tokio::test(flavor = "multi_thread")]
async fn logging_out_ends_the_session_and_is_audited() {
    let project = Project::recorded().await;
    let review = Review::start_with(&project, &[], TOKEN);
    let answer = log_in(&review, TOKEN);
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(
        answer.head.contains("httponly; samesite=strict"),
        "{}",
        answer.head
    );
    // The expiry of the key in Redis ends the session, not the cookie.
    let max_age = format!("max-age={}", 30 * 24 * 60 * 60);
    assert!(answer.head.contains(&max_age), "{}", answer.head);
    let cookie = answer.cookie();
    let sent = ("cookie", cookie.as_str());
    assert_eq!(status(&review, "/api/runs", Some(sent)), 200);
    let answer = post(&review, "/api/decisions", &[sent], &accept());
    assert_eq!(
        answer.json()["answers"][0]["done"],
        true,
        "{}",
        answer.text()
    );
    assert_eq!(decided_by(&project), "Mira");
    let audit = project
        .redis
        .cli(&["XRANGE", "tintype:review:audit", "-", "+"]);
    for words in ["logged in", "accept", CARD, "Mira"] {
        assert!(audit.contains(words), "{words} is missing in {audit}");
    }
    // Redis contains neither the token nor the id of the session.
    let key = project.redis.cli(&["KEYS", "tintype:review:session:*"]);
    let id = cookie.split_once('=').unwrap().1;
    assert!(key.len() > 80 && !key.contains(id), "{key}");
    project.redis.cli(&["EXPIRE", &key, "100"]);
    assert_eq!(status(&review, "/api/runs", Some(sent)), 200);
    let left: u64 = project.redis.cli(&["TTL", &key]).parse().unwrap();
    assert!(left > 3_500, "each request renews the session: {left}");
    assert_eq!(
        post(&review, "/api/session/end", &[sent], &json!({})).status,
        200
    );
    assert_eq!(status(&review, "/api/runs", Some(sent)), 401);
    // Not even with a key that is written again.
    project.redis.cli(&["SET", &key, "Mira"]);
    assert_eq!(status(&review, "/api/runs", Some(sent)), 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_tokens_lock_the_address_out() {
    let project = Project::recorded().await;
    let review = Review::start_with(&project, &[], TOKEN);
    for _ in 0..5 {
        assert_eq!(log_in(&review, "another text of letters").status, 403);
    }
    assert_eq!(log_in(&review, "another text of letters").status, 429);
    assert_eq!(
        log_in(&review, TOKEN).status,
        429,
        "the correct token is refused too"
    );
    let attempts = project
        .redis
        .cli(&["KEYS", "tintype:review:attempts:*:127.0.0.1"]);
    let attempts = attempts.as_str();
    let left: u64 = project.redis.cli(&["TTL", attempts]).parse().unwrap();
    assert!((800..=900).contains(&left), "{left}");
    project.redis.cli(&["EXPIRE", attempts, "100"]);
    assert_eq!(log_in(&review, TOKEN).status, 429);
    let left: u64 = project.redis.cli(&["TTL", attempts]).parse().unwrap();
    assert!(
        left <= 100,
        "an attempt does not prolong the lockout: {left}"
    );
    project.redis.cli(&["DEL", attempts]);
    assert_eq!(log_in(&review, TOKEN).status, 200);
    let audit = project.redis.cli(&["XLEN", "tintype:review:audit"]);
    assert_eq!(audit, "6", "five failed attempts and one log-in");
}

#[tokio::test(flavor = "multi_thread")]
async fn known_browsers_are_not_locked_out_by_others() {
    let project = Project::recorded().await;
    let review = Review::start_with(&project, &[], TOKEN);
    let cookie = log_in(&review, TOKEN).cookie();
    let known = ("cookie", cookie.as_str());
    let guess = json!({ "name": "Mira", "token": "another text of letters" });
    let right = json!({ "name": "Mira", "token": TOKEN });
    for _ in 0..6 {
        post(&review, "/api/session", &[], &guess);
    }
    assert_eq!(post(&review, "/api/session", &[], &right).status, 429);
    let seen = status(&review, "/api/runs", Some(known));
    assert_eq!(seen, 200, "the session is still valid");
    // The cookie of an ended session still identifies a browser, but gives it
    // no more attempts than others.
    let sessions = project.redis.cli(&["KEYS", "tintype:review:session:*"]);
    project.redis.cli(&["DEL", &sessions]);
    for _ in 0..5 {
        assert_eq!(post(&review, "/api/session", &[known], &guess).status, 403);
    }
    assert_eq!(post(&review, "/api/session", &[known], &right).status, 429);
    let own = project
        .redis
        .cli(&["KEYS", "tintype:review:attempts:*:????????????????*"]);
    project.redis.cli(&["DEL", &own]);
    assert_eq!(post(&review, "/api/session", &[known], &right).status, 200);
    assert_eq!(post(&review, "/api/session", &[], &right).status, 429);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_header_names_the_user() {
    let project = Project::recorded().await;
    let review = Review::start_with(&project, &["--user-header", "X-Forwarded-User"], "");
    assert_eq!(review.get("/api/runs").status, 401);
    let named = ("x-forwarded-user", "mira@example.org");
    assert_eq!(status(&review, "/api/runs", Some(named)), 200);
    // A proxy that adds its header to that of a visitor.
    let both = [("x-forwarded-user", "root"), named];
    let answer = request(review.port, "GET", "/api/runs", &both, "");
    assert_eq!(answer.status, 401);
    let answer = post(&review, "/api/decisions", &[named], &accept());
    assert_eq!(
        answer.json()["answers"][0]["done"],
        true,
        "{}",
        answer.text()
    );
    assert_eq!(decided_by(&project), "mira@example.org");
}

#[tokio::test(flavor = "multi_thread")]
async fn insecure_options_are_rejected() {
    let project = Project::recorded().await;
    let mut errors = String::new();
    for (arguments, token) in [
        (vec![], "short"),
        (vec!["--host", "0.0.0.0"], ""),
        (vec!["--host", "0.0.0.0"], TOKEN),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_cargo-tintype"))
            .args(["tintype", "review"])
            .args(&arguments)
            .current_dir(project.root())
            .env("REDIS_URL", project.redis.url())
            .env("TINTYPE_REVIEW_TOKEN", token)
            .output()
            .unwrap();
        assert!(!output.status.success(), "{arguments:?}");
        errors += &String::from_utf8_lossy(&output.stderr);
    }
    insta::assert_snapshot!(errors);
}
