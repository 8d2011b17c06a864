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
