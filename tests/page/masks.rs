use super::bench::capture;

const MASK: [u8; 4] = [255, 0, 255, 255];

/// A page of these elements, with `#m` as a green box of 100 × 50 pixels.
fn page(html: &str) -> String {
    format!(
        "document.body.innerHTML = `<style>body {{ margin: 0 }}
           #m {{ width: 100px; height: 50px; background: lime }}</style>{html}`;"
    )
}

/// Places of masked pixels: left, top, right, bottom of the area, and whether
/// all pixels of the area are masked.
fn masked(script: &str) -> Option<(u32, u32, u32, u32, bool)> {
    let image = capture(script, "mask = [\"#m\"]").unwrap();
    let pixels = image.enumerate_pixels();
    let places: Vec<(u32, u32)> = pixels
        .filter(|(_, _, pixel)| pixel.0 == MASK)
        .map(|(x, y, _)| (x, y))
        .collect();
    let left = places.iter().map(|place| place.0).min()?;
    let right = places.iter().map(|place| place.0).max()? + 1;
    let top = places.iter().map(|place| place.1).min()?;
    let bottom = places.iter().map(|place| place.1).max()? + 1;
    let is_full = places.len() == ((right - left) * (bottom - top)) as usize;
    Some((left, top, right, bottom, is_full))
}

#[test]
fn a_mask_covers_its_element() {
    assert_eq!(
        masked(&page("<div id=m></div>")),
        Some((0, 0, 100, 50, true))
    );
}

#[test]
fn a_mask_covers_an_element_in_the_top_layer() {
    let html = "<dialog id=d style='margin: 0; left: 20px; top: 30px; padding: 0; border: 0'>
        <div id=m></div></dialog>";
    let script = format!("{} d.showModal()", page(html));
    assert_eq!(masked(&script), Some((20, 30, 120, 80, true)));
}

#[test]
fn a_mask_follows_zoom_and_transforms() {
    let zoomed = format!(
        "{} document.documentElement.style.zoom = 2",
        page("<div id=m></div>")
    );
    assert_eq!(masked(&zoomed), Some((0, 0, 200, 100, true)));
    let moved = page("<div style='transform: translate(30px, 40px)'><div id=m></div></div>");
    assert_eq!(masked(&moved), Some((30, 40, 130, 90, true)));
}

#[test]
fn a_mask_is_clipped_as_its_element_is() {
    let clipped = page("<div style='height: 20px; overflow: hidden'><div id=m></div></div>");
    assert_eq!(masked(&clipped), Some((0, 0, 100, 20, true)));
    let scrolled_out = page(
        "<div style='height: 20px; overflow: auto'><div style='height: 90px'></div>
         <div id=m></div></div>",
    );
    assert_eq!(masked(&scrolled_out), None);
}

#[test]
fn an_ancestor_does_not_clip_what_it_does_not_contain() {
    let html = "<div style='height: 20px; overflow: hidden'>
        <div id=m style='position: absolute; top: 60px'></div></div>";
    assert_eq!(masked(&page(html)), Some((0, 60, 100, 110, true)));
}

#[test]
fn a_mask_covers_the_lines_of_an_inline_element() {
    // Each word is a line; the first follows other content.
    let html = "<p style='margin: 0; width: 60px; font: 20px/20px monospace'>
        <i style='display: inline-block; width: 30px; height: 20px'></i><b id=m
        style='font: inherit; background: none; height: auto'>one twotwo</b></p>";
    let image = capture(&page(html), "mask = [\"#m\"]").unwrap();
    let is_masked = |x, y| image.get_pixel(x, y).0 == MASK;
    assert!(!is_masked(10, 10) && is_masked(10, 30));
}

#[test]
fn a_mask_covers_what_sticks_out_of_its_element() {
    let html = "<div id=m style='height: 0'><p style='margin: 0; float: left; width: 40px;
        height: 30px'></p></div>";
    assert_eq!(masked(&page(html)), Some((0, 0, 40, 30, true)));
    let hidden = "<div id=m style='overflow: hidden'><p style='margin: 0; width: 400px;
        height: 300px'></p></div>";
    assert_eq!(masked(&page(hidden)), Some((0, 0, 100, 50, true)));
}

#[test]
fn a_mask_leaves_out_what_covers_its_element() {
    let over = |style: &str| {
        let html = format!(
            "<div id=m></div><div style='position: absolute; left: 60px; top: 0;
             width: 300px; height: 200px; {style}'></div>"
        );
        masked(&page(&html))
    };
    let whole = Some((0, 0, 100, 50, true));
    assert_eq!(over("background: red"), Some((0, 0, 60, 50, true)));
    assert_eq!(over("background: red; z-index: -1"), whole);
    for translucent in [
        "background: rgb(255 0 0 / 0.9)",
        "background: red; opacity: 0.9",
        "background: red; transform: rotate(3deg)",
        "background: red; pointer-events: none",
    ] {
        assert_eq!(over(translucent), whole, "{translucent}");
    }
}

#[test]
fn hidden_elements_have_no_mask() {
    for style in ["visibility: hidden", "opacity: 0", "display: none"] {
        let html = format!("<div style='{style}'><div id=m></div></div>");
        assert_eq!(masked(&page(&html)), None, "{style}");
    }
}

#[test]
fn the_children_of_a_boxless_element_are_masked() {
    let html = "<div id=m style='display: contents'>
        <p style='margin: 0; width: 40px; height: 30px'></p></div>";
    assert_eq!(masked(&page(html)), Some((0, 0, 40, 30, true)));
}

#[test]
fn elements_in_frames_are_masked() {
    let html = "<iframe style='border: 5px solid; padding: 3px; width: 200px; height: 40px'
        srcdoc='<style>body { margin: 0 } #m { width: 100px; height: 80px }</style>
        <div id=m></div>'></iframe>";
    let script = format!(
        "{} document.querySelector('iframe').onload =
           () => {{ document.documentElement.dataset.tintypeReady = 'true' }};
         document.documentElement.dataset.tintypeReady = 'false';",
        page(html)
    );
    // The frame shows the upper half of the element.
    assert_eq!(masked(&script), Some((8, 8, 108, 48, true)));
}

#[test]
fn the_page_does_not_change_while_it_is_captured_with_masks() {
    let script = format!(
        "{} new MutationObserver(() => {{ document.body.style.background = 'red' }})
           .observe(document, {{ childList: true, subtree: true, attributes: true }})",
        page("<div id=m></div>")
    );
    let image = capture(&script, "mask = [\"#m\"]").unwrap();
    assert_eq!(image.get_pixel(300, 200).0, [255; 4]);
}
