//! Sessions are worth something only at their own server, with the token with
//! which they were started, until they end.

use serde_json::json;

use crate::browser::TOKEN;
use crate::http::{Answer, Stream, request};
use crate::project::{Project, RUN, Review};

const OTHER_TOKEN: &str = "the token of another team";

fn log_in(review: &Review, token: &str) -> Answer {
    let origin = review.address();
    let headers = [
        ("origin", origin.as_str()),
        ("content-type", "application/json"),
    ];
    let body = json!({ "name": "Mira", "token": token }).to_string();
    request(review.port, "POST", "/api/session", &headers, &body)
}

fn status(review: &Review, cookie: &str) -> u16 {
    let cookie = [("cookie", cookie)];
    request(review.port, "GET", "/api/runs", &cookie, "").status
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_worth_nothing_at_another_server() {
    let (ours, theirs) = (Project::recorded().await, Project::recorded().await);
    // Both teams keep their records in one Redis server.
    let here = Review::start_at(&ours.redis, &ours, &[], TOKEN);
    let cookie = log_in(&here, TOKEN).cookie();
    assert_eq!(status(&here, &cookie), 200);
    let (_, id) = cookie.split_once('=').unwrap();
    for token in [OTHER_TOKEN, TOKEN] {
        let there = Review::start_at(&ours.redis, &theirs, &[], token);
        let own = log_in(&there, token).cookie();
        assert_eq!(status(&there, &own), 200);
        let (name, _) = own.split_once('=').unwrap();
        // A browser sends the cookies of all ports of a host, here both.
        for both in [format!("{cookie}; {own}"), format!("{own}; {cookie}")] {
            assert_eq!((status(&here, &both), status(&there, &both)), (200, 200));
        }
        for stolen in [cookie.clone(), format!("{name}={id}")] {
            assert_eq!(status(&there, &stolen), 401, "{stolen}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_token_ends_all_sessions() {
    let project = Project::recorded().await;
    let review = Review::start_with(&project, &[], TOKEN);
    let cookie = log_in(&review, TOKEN).cookie();
    drop(review);
    let review = Review::start_with(&project, &[], TOKEN);
    assert_eq!(status(&review, &cookie), 200, "a restart ends no session");
    drop(review);
    let review = Review::start_with(&project, &[], OTHER_TOKEN);
    assert_eq!(status(&review, &cookie), 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_tokens_at_one_server_lock_nobody_out_of_another() {
    let (ours, theirs) = (Project::recorded().await, Project::recorded().await);
    let here = Review::start_at(&ours.redis, &ours, &[], TOKEN);
    let there = Review::start_at(&ours.redis, &theirs, &[], OTHER_TOKEN);
    for _ in 0..6 {
        log_in(&there, "another text of letters");
    }
    assert_eq!(log_in(&there, OTHER_TOKEN).status, 429);
    assert_eq!(log_in(&here, TOKEN).status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn event_streams_end_with_their_session() {
    let project = Project::recorded().await;
    let review = Review::start_with(&project, &[], TOKEN);
    let end_sessions = || {
        let sessions = project.redis.cli(&["KEYS", "tintype:review:session:*"]);
        project.redis.cli(&["DEL", &sessions]);
    };
    let origin = review.address();
    let log_out = |cookie: &str| {
        let headers = [("origin", origin.as_str()), ("cookie", cookie)];
        let answer = request(review.port, "POST", "/api/session/end", &headers, "");
        assert_eq!(answer.status, 200);
    };
    for path in ["/api/events".to_owned(), format!("/api/runs/{RUN}/events")] {
        for is_expired in [false, true] {
            let cookie = log_in(&review, TOKEN).cookie();
            let mut stream = Stream::open(review.port, &path, &[("cookie", &cookie)]);
            assert_eq!(stream.next().event, "listening");
            match is_expired {
                true => end_sessions(),
                false => log_out(&cookie),
            }
            let end = tokio::task::spawn_blocking(move || stream.wait_for_end());
            end.await.unwrap();
        }
    }
}
