//! Accept, reject and undo on the review server.

use std::fs;

use serde_json::{Value, json};

use crate::project::{CARD, DARK, NEW, Project, RUN, Review, decision, encoded};

#[tokio::test(flavor = "multi_thread")]
async fn accepting_replaces_the_baseline_and_publishes_an_event() {
    let project = Project::recorded().await;
    let review = Review::start(&project);
    let records = project.records().await;
    let mut bell = records.subscribe().await.unwrap();
    let current = project.current(CARD);
    let answer = review.decide(&decision(RUN, "accept", &[CARD, NEW]));
    assert_eq!(answer.status, 200, "{}", answer.text());
    for answer in answer.json()["answers"].as_array().unwrap() {
        assert_eq!(
            (&answer["done"], &answer["warning"]),
            (&json!(true), &Value::Null),
            "{answer}"
        );
    }
    assert!(project.accepted(CARD).unwrap().is_capture(&current));
    assert!(project.accepted(NEW).unwrap().is_capture(&current));
    let event: Value = serde_json::from_str(&bell.recv().await.unwrap()).unwrap();
    assert_eq!(event["type"], "baseline:accepted");
    assert_eq!(event["storyIdentifier"]["storyId"], "forms/checkout-card");
    let key = format!("visualtest:{RUN}:forms/checkout-card:light:560x350");
    let record: Value = serde_json::from_str(&project.redis.cli(&["GET", &key])).unwrap();
    assert!(record["acceptedAt"].is_number(), "{record}");
    let rows = review.get(&format!("/api/runs/{RUN}")).json();
    let rows = rows["snapshots"].as_array().unwrap();
    let decided: Vec<_> = rows
        .iter()
        .filter(|row| row["decision"] == "accepted")
        .map(|row| row["name"].as_str().unwrap())
        .collect();
    assert_eq!(decided, [CARD, NEW]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_of_two_reviewers_gets_an_error() {
    let project = Project::recorded().await;
    let (first, second) = (Review::start(&project), Review::start(&project));
    assert_eq!(
        first.decide(&decision(RUN, "accept", &[CARD])).json()["answers"][0]["done"],
        true
    );
    let after = project.accepted(CARD);
    let answer = second.decide(&decision(RUN, "accept", &[CARD])).json();
    assert_eq!(answer["answers"][0]["done"], false);
    let error = answer["answers"][0]["error"].as_str().unwrap();
    assert!(error.contains("has changed since"), "{error}");
    assert_eq!(project.accepted(CARD), after);
    // The current baseline may be replaced by a reviewer who has seen it.
    let seen = second
        .get(&format!("/api/runs/{RUN}/tests/{}", encoded(CARD)))
        .json();
    assert_eq!(seen["decision"], "accepted");
    let chosen = json!({ "name": CARD, "expected": seen["baselineNow"] });
    let asked = json!({ "run": RUN, "decision": "accept", "snapshots": [chosen] });
    assert_eq!(second.decide(&asked).json()["answers"][0]["done"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn undo_works_after_a_restart() {
    let project = Project::recorded().await;
    let before = project.baseline_bytes(CARD);
    let review = Review::start(&project);
    review.decide(&decision(RUN, "accept", &[CARD, NEW]));
    assert_ne!(project.baseline_bytes(CARD), before);
    drop(review);
    let review = Review::start(&project);
    let answer = review.decide(&decision(RUN, "undo", &[CARD, NEW])).json();
    assert_eq!(answer["answers"][0]["done"], true, "{answer}");
    assert_eq!(project.baseline_bytes(CARD), before);
    assert!(!project.baseline(NEW).exists(), "there was none");
    let again = review.decide(&decision(RUN, "undo", &[CARD])).json();
    assert_eq!(
        again["answers"][0]["error"],
        "the decision has already been undone"
    );
    let log = project.decision_log();
    let decisions: Vec<_> = log.iter().map(|entry| &entry["decision"]).collect();
    assert_eq!(decisions, ["accept", "accept", "undo", "undo"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn undo_refuses_a_changed_baseline() {
    let project = Project::recorded().await;
    let review = Review::start(&project);
    review.decide(&decision(RUN, "accept", &[CARD]));
    let other = project.baseline_bytes(DARK);
    fs::write(project.baseline(CARD), &other).unwrap();
    let answer = review.decide(&decision(RUN, "undo", &[CARD])).json();
    assert_eq!(answer["answers"][0]["done"], false);
    assert_eq!(project.baseline_bytes(CARD), other);
}

#[tokio::test(flavor = "multi_thread")]
async fn rejecting_keeps_the_baseline() {
    let project = Project::recorded().await;
    let before = project.baseline_bytes(CARD);
    let review = Review::start(&project);
    assert_eq!(
        review.decide(&decision(RUN, "reject", &[CARD])).json()["answers"][0]["done"],
        true
    );
    assert_eq!(project.baseline_bytes(CARD), before);
    let seen = review
        .get(&format!("/api/runs/{RUN}/tests/{}", encoded(CARD)))
        .json();
    assert_eq!(seen["decision"], "rejected");
}

#[tokio::test(flavor = "multi_thread")]
async fn baselines_are_accepted_without_redis() {
    let mut project = Project::recorded().await;
    project.keep_run().await;
    let review = Review::start(&project);
    project.redis.kill();
    let runs = review.get("/api/runs").json();
    assert_eq!(runs["runs"][0]["runId"], RUN);
    assert!(
        runs["problem"]
            .as_str()
            .unwrap()
            .contains("the record store is unreachable"),
        "{runs}"
    );
    let answer = review.decide(&decision(RUN, "accept", &[CARD])).json();
    assert_eq!(answer["answers"][0]["done"], true, "{answer}");
    assert!(
        answer["answers"][0]["warning"]
            .as_str()
            .unwrap()
            .starts_with("accepted, but the record is not updated yet")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_missing_in_the_record_is_accepted() {
    let project = Project::recorded().await;
    project.keep_run().await;
    project.lose_record();
    let review = Review::start(&project);
    let answer = review.decide(&decision(RUN, "accept", &[CARD])).json();
    let answer = &answer["answers"][0];
    assert_eq!(
        (&answer["done"], &answer["warning"]),
        (&json!(true), &Value::Null),
        "{answer}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_on_an_unknown_snapshot_is_an_error() {
    let project = Project::recorded().await;
    let review = Review::start(&project);
    let answers = review
        .decide(&decision(RUN, "accept", &["nothing::light::1x1", "../x"]))
        .json();
    for answer in answers["answers"].as_array().unwrap() {
        assert_eq!(answer["done"], false, "{answer}");
    }
    let odd = json!({ "run": RUN, "decision": "burn", "snapshots": [] });
    assert_eq!(review.decide(&odd).status, 422);
}
