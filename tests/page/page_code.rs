use super::bench::{capture, pending, settle};

/// Globals and prototypes that page code replaces or shadows.
const HOSTILE: &[&str] = &[
    "var performance = { score: 90 }; window.performance = performance",
    "window.frames = null",
    "window.Set = function () {}; window.Map = function () {}; window.Symbol = null",
    "window.origin = { x: 0 }",
    "window.innerWidth = 5; window.innerHeight = 5",
    "window.length = 99",
    "JSON.stringify = () => 'no'",
    "Object.prototype.toJSON = function () { return 1 }",
    "Element.prototype.getBoundingClientRect = () => ({})",
    "document.querySelectorAll = null; document.querySelector = null",
    "window.getComputedStyle = () => ({}); window.matchMedia = null",
    "document.body.innerHTML = '<form name=timeline></form><form name=fonts></form>' +
        '<form name=documentElement></form><form name=body></form><form name=cookie></form>'",
    "document.body.innerHTML = '<form><input name=id><input name=localName>' +
        '<input name=classList><input name=shadowRoot><input name=attributes></form>'",
];

#[test]
fn pages_that_replace_globals_are_ready() {
    for script in HOSTILE {
        settle(script, "");
    }
}

#[test]
fn conditions_are_found_in_pages_that_replace_globals() {
    for script in HOSTILE {
        let script = format!("document.documentElement.dataset.tintypeReady = 'false'; {script}");
        assert_eq!(pending(&script, ""), ["ready"], "{script}");
    }
}

#[test]
fn an_element_is_found_where_the_page_replaces_the_scroll_position() {
    let script = "window.scrollX = 40; window.scrollY = 120;
        document.body.innerHTML = `<style>body { margin: 0 }</style>
          <div id=t style='height: 60px; background: lime'></div>`";
    let image = capture(script, "target = { element = \"#t\" }").unwrap();
    assert_eq!(image.dimensions(), (400, 60));
    assert!(image.pixels().all(|pixel| pixel.0 == [0, 255, 0, 255]));
}

#[test]
fn endless_animations_are_stopped_where_a_form_shadows_the_timeline() {
    let script = "document.body.innerHTML = `<style>@keyframes grow { to { width: 300px } }
          b { display: block; width: 100px; height: 20px; background: lime;
              animation: grow 1s linear infinite }</style><form name=timeline><b id=t></b></form>`";
    let image = capture(script, "target = { element = \"#t\" }").unwrap();
    assert_eq!(image.width(), 100);
}
