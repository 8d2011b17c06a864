use super::bench::{pending, settle};

#[test]
fn a_background_image_that_loads_is_pending() {
    let script = "document.body.style.background = 'url(BASE/never)'";
    assert_eq!(pending(script, ""), ["images"]);
}

#[test]
fn a_background_of_a_pseudo_element_is_pending() {
    let script = "const style = document.createElement('style');
        style.textContent = 'body::before { content: \"\"; background: url(BASE/never) }';
        document.head.append(style)";
    assert_eq!(pending(script, ""), ["images"]);
}

#[test]
fn gradients_and_loaded_backgrounds_are_complete() {
    let script = "document.body.style.background =
        'url(BASE/image), linear-gradient(red, blue)'";
    settle(script, "");
}
