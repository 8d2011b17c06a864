//! Alerts that are sent to a webhook.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use tintype::internals::alerts::Notifier;
use tintype::internals::config::Config;
use tintype::internals::manifest::{AlertSettings, Manifest};
use tintype::internals::record::{AlertChange, AlertState};

/// The password in the path of the webhook.
const SECRET: &str = "T0123/B4567/abcdefghijkl";

/// A server that gives these answers, one to each request. Returns its port and the
/// requests.
fn server(answers: &'static [&'static str]) -> (u16, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (sender, requests) = channel();
    std::thread::spawn(move || {
        for answer in answers {
            let (mut stream, _) = listener.accept().unwrap();
            let _ = sender.send(read(&mut stream));
            let close = "content-length: 0\r\nconnection: close\r\n\r\n";
            write!(stream, "HTTP/1.1 {answer}\r\n{close}").unwrap();
        }
    });
    (port, requests)
}

/// A request with its body.
fn read(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let mut part = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let length = text
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "));
        let length = length.map(|length| length.trim().parse::<usize>().unwrap());
        let body = text.split_once("\r\n\r\n").map(|(_, body)| body.len());
        if let (Some(length), Some(body)) = (length, body)
            && body >= length
        {
            return text;
        }
        let count = stream.read(&mut part).unwrap();
        assert!(count > 0, "an incomplete request: {text}");
        bytes.extend(&part[..count]);
    }
}

fn settings(port: u16, more: &str) -> AlertSettings {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("stories")).unwrap();
    std::fs::write(folder.path().join("stories/a.html"), "").unwrap();
    let url = format!("http://127.0.0.1:{port}/services/{SECRET}");
    let config = Config::from_variables([("HOOK", url)]).unwrap();
    let text = format!("[stories]\ndir = \"stories\"\n[alerts]\nwebhook = \"${{HOOK}}\"\n{more}");
    let path = folder.path().join("stories.toml");
    Manifest::parse(&path, &text, &config).unwrap().alerts
}

fn change() -> AlertChange {
    AlertChange {
        project: "shop".to_owned(),
        name: "failures".to_owned(),
        state: AlertState::Raised,
        at: 1_730_000_000_000,
        when: "failure-rate > 10 %".to_owned(),
        // Values of pages and commands may repeat a secret.
        value: format!("20.0 %, see /services/{SECRET}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_repeated_until_the_server_takes_it() {
    let (port, requests) = server(&["503 Service Unavailable", "429 Too Many", "200 OK"]);
    let notifier = Notifier::new(&settings(port, ""));
    notifier.send(&change());
    assert!(notifier.flush(Duration::from_secs(60)).await);
    assert_eq!(notifier.take_failures(), Vec::<String>::new());
    let received: Vec<_> = requests.iter().collect();
    assert_eq!(received.len(), 3);
    assert!(received[0].starts_with(&format!("POST /services/{SECRET} ")));
    let (_, body) = received[2].split_once("\r\n\r\n").unwrap();
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!(body["type"], "alert:raised");
    assert_eq!(body["project"], "shop");
    assert!(!body.to_string().contains(SECRET), "{body}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_alert_is_a_warning_without_the_address() {
    let (port, requests) = server(&["403 Forbidden"]);
    let notifier = Notifier::new(&settings(port, "format = \"slack\"\n"));
    notifier.send(&change());
    assert!(notifier.flush(Duration::from_secs(60)).await);
    let failures = notifier.take_failures();
    let expected = "the alert `failures` was not sent to the webhook: it answered 403 Forbidden";
    assert_eq!(failures, [expected]);
    assert!(
        requests
            .recv()
            .unwrap()
            .contains("\"text\":\"🔴 shop: alert")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_hangs_does_not_delay_a_run() {
    // Never accepts.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let notifier = Notifier::new(&settings(port, ""));
    notifier.send(&change());
    assert!(!notifier.flush(Duration::from_millis(100)).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_variable_is_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("stories")).unwrap();
    std::fs::write(folder.path().join("stories/a.html"), "").unwrap();
    let text = "[stories]\ndir = \"stories\"\n[alerts]\nwebhook = \"${MISSING_HOOK}\"\n";
    let path = folder.path().join("stories.toml");
    let settings = Manifest::parse(&path, text, &Config::default())
        .unwrap()
        .alerts;
    let failures = Notifier::new(&settings).take_failures();
    assert_eq!(failures.len(), 1);
    assert!(failures[0].contains("MISSING_HOOK"), "{failures:?}");
}
