//! Requests from other origins, hosts and paths are rejected.

use std::fs;

use serde_json::json;

use crate::http::request;
use crate::project::{CARD, Project, RUN, Review, encoded};

#[tokio::test(flavor = "multi_thread")]
async fn cross_origin_requests_are_rejected() {
    let project = Project::recorded().await;
    let review = Review::start(&project);
    let own = review.address();
    let local = format!("localhost:{}", review.port);
    let other_port = format!("127.0.0.1:{}", review.port.wrapping_add(1));
    // A foreign name that resolves to 127.0.0.1 arrives as the Host (DNS
    // rebinding).
    for (host, status) in [
        (local.as_str(), 200),
        ("evil.example", 421),
        (&format!("evil.example:{}", review.port), 421),
        (&other_port, 421),
        ("127.0.0.1", 421),
        ("", 421),
    ] {
        let answer = request(
            review.port,
            "GET",
            "/api/runs",
            &[("host", host), review.session()],
            "",
        );
        assert_eq!(answer.status, status, "Host: {host}");
    }
    // Which of two hosts counts is for the server to say, not for a proxy.
    for second in [local.as_str(), "evil.example"] {
        let headers = [("host", local.as_str()), ("host", second), review.session()];
        let answer = request(review.port, "GET", "/api/runs", &headers, "");
        assert_eq!(answer.status, 400, "{second}");
    }
    let body =
        json!({ "run": RUN, "decision": "accept", "snapshots": [{ "name": CARD }] }).to_string();
    let json = ("content-type", "application/json");
    let before = project.accepted(CARD);
    for (mut headers, status) in [
        (vec![json], 403),
        (vec![json, ("origin", "https://evil.example")], 403),
        (vec![json, ("origin", "null")], 403),
        (vec![json, ("origin", "http://127.0.0.1")], 403),
        (
            vec![
                json,
                ("origin", own.as_str()),
                ("sec-fetch-site", "cross-site"),
            ],
            403,
        ),
        (
            vec![
                json,
                ("origin", own.as_str()),
                ("origin", "https://evil.example"),
            ],
            400,
        ),
        (
            vec![
                json,
                ("origin", own.as_str()),
                ("content-type", "text/plain"),
            ],
            400,
        ),
        (
            vec![("content-type", "text/plain"), ("origin", own.as_str())],
            415,
        ),
        (
            vec![
                ("content-type", "application/x-www-form-urlencoded"),
                ("origin", own.as_str()),
            ],
            415,
        ),
    ] {
        headers.push(review.session());
        let answer = request(review.port, "POST", "/api/decisions", &headers, &body);
        assert_eq!(answer.status, status, "{headers:?}");
    }
    for method in ["GET", "PUT", "DELETE", "OPTIONS"] {
        let answer = request(
            review.port,
            method,
            "/api/decisions",
            &[("origin", &own), review.session()],
            "",
        );
        assert_eq!(answer.status, 405, "{method}");
    }
    let read = [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-mode", "no-cors"),
        review.session(),
    ];
    let path = format!("/images/{RUN}/{}/current", encoded(CARD));
    assert_eq!(request(review.port, "GET", &path, &read, "").status, 403);
    assert_eq!(project.accepted(CARD), before, "nothing was accepted");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_response_has_security_headers() {
    let project = Project::recorded().await;
    let review = Review::start(&project);
    for path in ["/", "/api/runs", "/nowhere", "/assets/js/review.js"] {
        let head = review.get(path).head;
        for line in [
            "content-security-policy: default-src 'none'; script-src 'self'; style-src 'self'",
            "frame-ancestors 'none'",
            "x-content-type-options: nosniff",
            "cross-origin-resource-policy: same-origin",
            "referrer-policy: no-referrer",
        ] {
            assert!(head.contains(line), "{path} lacks {line}: {head}");
        }
        assert!(!head.contains("unsafe-inline"), "{path}");
    }
    let page = review.get("/").text();
    assert!(
        !page.contains("<script>") && !page.contains("style="),
        "inline code"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn images_are_found_by_name_and_never_by_path() {
    let project = Project::recorded().await;
    let review = Review::start(&project);
    let card = encoded(CARD);
    let picture = review.get(&format!("/images/{RUN}/{card}/current"));
    assert_eq!(
        (picture.status, &picture.body[..4]),
        (200, b"\x89PNG".as_slice())
    );
    assert!(picture.head.contains("content-type: image/png"));
    assert!(picture.head.contains("cache-control: no-cache"));
    let hashed = review.get(&format!("/images/{RUN}/{card}/current?v=0011"));
    assert!(hashed.head.contains("cache-control: private, max-age=3600"));
    let giant = "a".repeat(60_000);
    for path in [
        format!("/images/{RUN}/{card}/..%2F..%2F..%2Fstories.toml"),
        format!("/images/..%2F..%2F..%2F/{card}/current"),
        format!("/images/{RUN}/..%2F..%2F..%2Fetc%2Fpasswd/current"),
        format!("/images/{RUN}/%2e%2e%2f%2e%2e%2fstories/current"),
        format!("/images/{RUN}/{card}/%00"),
        format!("/images/{giant}/{card}/current"),
        format!("/images/{RUN}/{giant}::light::1x1/current"),
        "/images/../../../etc/passwd".to_owned(),
        "/assets/../Cargo.toml".to_owned(),
        "/assets/%2e%2e/%2e%2e/Cargo.toml".to_owned(),
        "/assets/js/..%2Fmod.rs".to_owned(),
        "//etc/passwd".to_owned(),
        format!("/api/runs/..%2F{RUN}"),
        format!("/api/runs/{RUN}/tests/..%2F..%2Fx"),
    ] {
        let answer = review.get(&path);
        assert!(
            (400..500).contains(&answer.status),
            "{path:.80}: {}",
            answer.status
        );
        let text = answer.text();
        assert!(
            !text.contains("[stories]") && !text.contains("root:"),
            "{path:.80}: {text}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_cannot_name_other_files() {
    let project = Project::recorded().await;
    let review = Review::start(&project);
    let secret = project.write("secret.png", b"secret");
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("secret.png"), "secret").unwrap();
    let link = project
        .root()
        .join(format!("target/tintype/runs/{RUN}/link.png"));
    std::os::unix::fs::symlink(&secret, &link).unwrap();
    let folder = project
        .root()
        .join(format!("target/tintype/runs/{RUN}/folder"));
    std::os::unix::fs::symlink(outside.path(), &folder).unwrap();
    for path in [
        "secret.png".to_owned(),
        secret.display().to_string(),
        format!("target/tintype/runs/{RUN}/../../../../secret.png"),
        format!("target/tintype/runs/{RUN}/link.png"),
        format!("target/tintype/runs/{RUN}/folder/secret.png"),
        "stories.toml".to_owned(),
        "/etc/passwd".to_owned(),
    ] {
        let mut result = project.result(CARD);
        result.current = Some(path.clone());
        result.sha256 = None;
        let key = format!("visualtest:{RUN}:forms/checkout-card:light:560x350");
        project
            .redis
            .cli(&["SET", &key, &serde_json::to_string(&result).unwrap()]);
        let answer = review.get(&format!("/images/{RUN}/{}/current", encoded(CARD)));
        // Most of these records are refused as forged.
        assert_eq!(answer.status, 404, "{path}: {}", answer.text());
        assert!(!answer.text().contains("secret\""), "{path}");
        let answer = review.decide(&json!({
            "run": RUN, "decision": "accept", "snapshots": [{ "name": CARD }]
        }));
        assert_eq!(answer.json()["answers"][0]["done"], false, "{path}");
    }
}
