use super::bench::{pending, settle};

const BUSY: &str = "document.body.innerHTML = '<div aria-busy=true>loading</div>'";

#[test]
fn a_busy_element_is_pending() {
    assert_eq!(pending(BUSY, ""), ["aria-busy"]);
}

#[test]
fn busy_elements_are_ignored_on_request() {
    let settled = settle(BUSY, "wait-for-busy = false");
    assert!(settled.steps.is_empty(), "{settled:?}");
}

#[test]
fn an_element_that_is_not_busy_is_complete() {
    let settled = settle("document.body.innerHTML = '<p aria-busy=false>a</p>'", "");
    assert!(settled.steps.is_empty(), "{settled:?}");
}
