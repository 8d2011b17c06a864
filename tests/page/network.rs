use super::bench::{pending, settle};

const NETWORK: &str = "wait-for-network = true";

const ABORTED: &str = "const request = new XMLHttpRequest();
    request.open('GET', 'BASE/never'); request.send(); request.abort()";

const REOPENED: &str = "const request = new XMLHttpRequest();
    request.open('GET', 'BASE/never'); request.send(); request.open('GET', 'BASE/page')";

#[test]
fn an_open_request_is_pending() {
    assert_eq!(pending("fetch('BASE/never')", NETWORK), ["network"]);
}

#[test]
fn an_open_xml_http_request_is_pending() {
    let script = "const request = new XMLHttpRequest();
        request.open('GET', 'BASE/never'); request.send()";
    assert_eq!(pending(script, NETWORK), ["network"]);
}

#[test]
fn finished_and_aborted_requests_are_complete() {
    settle("fetch('BASE/missing')", NETWORK);
    settle(ABORTED, NETWORK);
}

#[test]
fn requests_that_are_opened_again_or_never_sent_are_complete() {
    settle(REOPENED, NETWORK);
    settle("new XMLHttpRequest().open('GET', 'BASE/never')", NETWORK);
}

#[test]
fn synchronous_requests_are_complete() {
    let script = "const request = new XMLHttpRequest();
        request.open('GET', 'BASE/page', false); request.send()";
    settle(script, NETWORK);
}
