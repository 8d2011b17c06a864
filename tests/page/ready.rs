use super::bench::{pending, settle};

#[test]
fn a_page_that_is_not_ready_is_pending() {
    let script = "document.documentElement.dataset.tintypeReady = 'false'";
    assert_eq!(pending(script, ""), ["ready"]);
}

#[test]
fn a_page_that_is_ready_is_complete() {
    settle("document.documentElement.dataset.tintypeReady = 'true'", "");
}
