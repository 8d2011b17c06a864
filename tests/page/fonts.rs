use super::bench::{pending, settle};

#[test]
fn a_font_that_loads_is_pending() {
    let script = "document.fonts.add(new FontFace('Never', 'url(BASE/never)'));
        document.body.innerHTML = '<p style=\"font-family: Never\">text</p>'";
    assert_eq!(pending(script, ""), ["fonts"]);
}

#[test]
fn a_font_that_no_text_uses_is_complete() {
    let script = "document.fonts.add(new FontFace('Never', 'url(BASE/never)'))";
    assert!(settle(script, "").missing_fonts.is_empty());
}

#[test]
fn a_missing_font_is_complete_and_named() {
    let script = "document.fonts.add(new FontFace('Missing', 'url(BASE/missing)'));
        document.body.innerHTML = '<p style=\"font-family: Missing\">text</p>'";
    assert_eq!(settle(script, "").missing_fonts, ["Missing"]);
}
