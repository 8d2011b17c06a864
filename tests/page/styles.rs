use super::bench::{pending, settle};

#[test]
fn a_style_sheet_that_loads_is_pending() {
    let script = "document.head.append(Object.assign(document.createElement('link'),
        { rel: 'stylesheet', href: 'BASE/never' }))";
    assert_eq!(pending(script, ""), ["styles"]);
}

#[test]
fn style_sheets_of_other_media_and_missing_ones_are_complete() {
    let script = "document.head.innerHTML = `<link rel=stylesheet href=BASE/never media=print>
        <link rel=stylesheet href=BASE/missing><link rel=stylesheet href=BASE/style>`";
    settle(script, "");
}
