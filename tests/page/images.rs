use super::bench::{pending, settle};

#[test]
fn an_image_that_loads_is_pending() {
    let script = "document.body.append(Object.assign(new Image(), { src: 'BASE/never' }))";
    assert_eq!(pending(script, ""), ["images"]);
}

#[test]
fn a_lazy_image_below_the_viewport_is_pending() {
    let script = "document.body.innerHTML =
        '<div style=\"height: 9000px\"></div><img loading=lazy src=BASE/never>'";
    assert_eq!(pending(script, ""), ["images"]);
}

#[test]
fn loaded_and_missing_images_are_complete() {
    let script = "document.body.innerHTML = '<img src=BASE/image><img src=BASE/missing><img>'";
    settle(script, "");
}
