use super::bench::capture;

fn target(html: &str) -> Result<image::RgbaImage, String> {
    let script = format!("document.body.innerHTML = `<style>body {{ margin: 0 }}</style>{html}`");
    capture(&script, "target = { element = \"#t\" }")
}

fn error(html: &str) -> String {
    target(html).expect_err("the element cannot be captured")
}

#[test]
fn an_element_is_scrolled_into_view_in_its_container() {
    let html = "<div style='height: 100px; overflow: auto'><div style='height: 500px'></div>
        <div id=t style='height: 60px; background: lime'></div>
        <div style='height: 500px'></div></div>";
    let image = target(html).unwrap();
    assert_eq!(image.dimensions(), (400, 60));
    assert!(image.pixels().all(|pixel| pixel.0 == [0, 255, 0, 255]));
}

#[test]
fn an_element_at_a_fractional_place_is_captured_as_it_is_painted() {
    let html = "<div style='height: 10.6px'></div>
        <div id=t style='width: 100.2px; height: 50px; background: lime'></div>";
    let image = target(html).unwrap();
    assert_eq!(image.dimensions(), (100, 50));
    assert!(image.pixels().all(|pixel| pixel.0 == [0, 255, 0, 255]));
}

#[test]
fn a_missing_element_is_reported() {
    let message = "no element matches `#t`, the story's capture target";
    assert_eq!(error("<p>none"), message);
}

#[test]
fn an_element_without_a_size_is_reported() {
    let message = "failed to capture `#t`: its size is 400×0";
    assert_eq!(error("<div id=t></div>"), message);
}

#[test]
fn an_element_without_a_box_is_reported() {
    let contents = error("<div id=t style='display: contents'><p>a</div>");
    assert!(
        contents.contains("it has `display: contents`"),
        "{contents}"
    );
    let none = error("<div id=t style='display: none'><p>a</div>");
    assert!(none.contains("it has `display: none`"), "{none}");
}

#[test]
fn an_element_outside_of_the_page_is_reported() {
    let html = "<p id=t style='position: absolute; left: -900px; width: 90px; height: 20px;
        margin: 0; top: 7px'>skip</p>";
    let message = "failed to capture `#t`: it is off-screen: its box of 90×20 at -900,7 is \
                   outside of the page";
    assert_eq!(error(html), message);
}

#[test]
fn a_clipped_element_is_reported() {
    let html = "<div id=box style='width: 100px; height: 0; overflow: clip'>
        <p id=t style='margin: 0'>text</p></div>";
    let message = "failed to capture `#t`: it is clipped completely by div#box";
    assert_eq!(error(html), message);
}

#[test]
fn a_hidden_element_is_reported() {
    let prefix = "failed to capture `#t`: ";
    for (html, reason) in [
        (
            "<p id=t style='visibility: hidden'>a",
            "it has `visibility: hidden`",
        ),
        (
            "<div style='opacity: 0'><p id=t>a</div>",
            "it or an ancestor has `opacity: 0`",
        ),
        (
            "<details class=d><summary>s</summary><p id=t>a</details>",
            "it is in the closed details.d",
        ),
    ] {
        assert_eq!(error(html), format!("{prefix}{reason}"), "{html}");
    }
    let visible_child = "<div id=t style='visibility: hidden; height: 20px'>
        <p style='visibility: visible; margin: 0'>a</div>";
    assert!(target(visible_child).is_ok());
}

#[test]
fn an_element_beyond_the_viewport_is_captured() {
    let html = "<div id=t style='position: absolute; left: 900px; top: 700px; width: 40px;
        height: 30px; background: lime'></div>";
    let image = target(html).unwrap();
    assert_eq!(image.dimensions(), (40, 30));
    assert!(image.pixels().all(|pixel| pixel.0 == [0, 255, 0, 255]));
}

#[test]
fn an_element_larger_than_its_scroll_container_is_complete() {
    let html = "<div style='width: 120px; height: 70px; overflow: auto'>
        <div id=t style='width: 300px; height: 200px; background: linear-gradient(lime 50%, red 50%)'>
        </div></div>";
    let image = target(html).unwrap();
    assert_eq!(image.dimensions(), (300, 200));
    for (_, y, pixel) in image.enumerate_pixels() {
        let expected = if y < 100 {
            [0, 255, 0, 255]
        } else {
            [255, 0, 0, 255]
        };
        assert_eq!(pixel.0, expected, "row {y}");
    }
}

#[test]
fn what_overflow_hides_of_an_element_is_not_captured() {
    let html = "<div style='width: 120px; height: 70px; overflow: hidden'>
        <div id=t style='width: 300px; height: 200px; background: lime'></div></div>";
    assert_eq!(target(html).unwrap().dimensions(), (120, 70));
}
