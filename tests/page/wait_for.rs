use super::bench::{pending, settle};

#[test]
fn a_missing_element_is_pending() {
    assert_eq!(pending("", "wait-for = \"#late\""), ["wait-for"]);
}

#[test]
fn an_element_without_a_size_is_pending() {
    let script = "document.body.innerHTML = '<i id=late></i>'";
    assert_eq!(pending(script, "wait-for = \"#late\""), ["wait-for"]);
}

#[test]
fn an_element_in_a_closed_shadow_root_is_found() {
    let script = "const host = document.createElement('div');
        host.attachShadow({ mode: 'closed' }).innerHTML = '<p id=late>here</p>';
        document.body.append(host)";
    settle(script, "wait-for = \"#late\"");
}

#[test]
fn an_expression_is_pending_until_it_is_true() {
    let condition = "wait-for = { expression = \"window.done\" }";
    assert_eq!(pending("window.done = false", condition), ["wait-for"]);
    settle("window.done = true", condition);
}

#[test]
fn a_promise_is_pending_until_it_is_true() {
    let condition = "wait-for = { expression = \"window.done\" }";
    let script = "window.done = new Promise(() => {})";
    assert_eq!(pending(script, condition), ["wait-for"]);
    settle("window.done = Promise.resolve(1)", condition);
}
