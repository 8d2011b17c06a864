//! Clients that send slowly, or open many connections, do not keep others out.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use crate::browser::TOKEN;
use crate::http::{Stream, request};
use crate::project::{Project, RUN, Review};

/// More than the server keeps open.
const MANY: usize = 300;

fn send(review: &Review, text: &str) -> TcpStream {
    let mut stream = TcpStream::connect(("127.0.0.1", review.port)).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(120)))
        .unwrap();
    // The server may have closed it already.
    let _ = stream.write_all(text.as_bytes());
    stream
}

#[tokio::test(flavor = "multi_thread")]
async fn half_open_requests_do_not_silence_the_server() {
    let project = Project::recorded().await;
    let review = Review::start_with(&project, &[], TOKEN);
    let host = format!("host: 127.0.0.1:{}\r\n", review.port);
    let head = format!("GET / HTTP/1.1\r\n{host}");
    let body = format!(
        "POST /api/session HTTP/1.1\r\n{host}origin: {}\r\ncontent-type: application/json\r\n\
         content-length: 100\r\n\r\n{{",
        review.address()
    );
    for text in ["", &head, &body] {
        let held: Vec<_> = (0..MANY).map(|_| send(&review, text)).collect();
        assert_eq!(review.get("/").status, 200);
        // All of them are closed, even if they are idle.
        for mut stream in held {
            let mut rest = Vec::new();
            match stream.read_to_end(&mut rest) {
                Ok(_) => {}
                Err(error) => assert_ne!(error.kind(), std::io::ErrorKind::WouldBlock),
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn event_streams_are_limited_and_share_one_subscription() {
    let project = Project::recorded().await;
    let review = Review::start(&project);
    let path = format!("/api/runs/{RUN}/events");
    let open = |n: usize| {
        let path = if n.is_multiple_of(2) {
            &path
        } else {
            "/api/events"
        };
        Stream::open(review.port, path, &[review.session()])
    };
    let mut streams: Vec<_> = (0..100).map(open).collect();
    for stream in &mut streams {
        assert_eq!(stream.next().event, "listening");
    }
    let clients = project.redis.cli(&["CLIENT", "LIST", "TYPE", "pubsub"]);
    assert_eq!(clients.lines().count(), 1, "{clients}");
    let answer = request(review.port, "GET", &path, &[review.session()], "");
    assert_eq!(answer.status, 503, "{}", answer.text());
    assert_eq!(review.get("/api/runs").status, 200);
    // Idle connections take the place of other idle ones, not of streams.
    let held: Vec<_> = (0..MANY).map(|_| send(&review, "")).collect();
    assert_eq!(review.get("/api/runs").status, 200);
    drop(held);
    project.record("run-9").await;
    let sent = tokio::task::spawn_blocking(move || {
        let mut streams = streams;
        streams[1].next()
    });
    assert_eq!(sent.await.unwrap().data["runId"], "run-9");
    // The server notices that the others are closed when it sends something.
    let again = (0..120).find_map(|_| {
        std::thread::sleep(Duration::from_millis(250));
        let mut stream = Stream::try_open(review.port, &path, &[review.session()])?;
        Some(stream.next().event)
    });
    assert_eq!(again.as_deref(), Some("listening"));
}
