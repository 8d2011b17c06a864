//! Tests on small pages that need no browser.

use image::{Rgba, RgbaImage};
use serde_json::{Value, json};
use tintype_compare::{Options, encode_png};

use super::causes::DeclaringRules;
use super::changes::changes;
use super::digest::{LayoutDigest, compress};
use super::explanation::{PagePair, explain};
use super::matching::matching;
use super::residual::draw_residual;
use super::verification::DigestedImages;
use crate::model::{CauseKind, EnvironmentChange, Explanation};

/// An element: parent, tag, id, classes, text, box, and colour.
type Given<'a> = (i64, &'a str, &'a str, &'a str, &'a str, [u32; 4], &'a str);

/// The digest of a page of these elements, through its compressed form.
fn digest(elements: &[Given<'_>]) -> LayoutDigest {
    LayoutDigest::read(&compressed(elements)).unwrap()
}

fn compressed(elements: &[Given<'_>]) -> Vec<u8> {
    let mut values: Vec<&str> = vec!["block"];
    let mut styles: Vec<String> = Vec::new();
    let rows: Vec<Value> = elements
        .iter()
        .map(
            |&(parent, tag, id, classes, text, [x, y, width, height], colour)| {
                values.push(colour);
                styles.push(format!("0:0,1:{}", values.len() - 1));
                let style = styles.len() - 1;
                json!([
                    parent, tag, 1, id, classes, "", "", text, x, y, width, height, style, "", "",
                    ""
                ])
            },
        )
        .collect();
    let document = json!({
        "version": 1,
        "properties": ["display", "background-color"],
        "values": values,
        "styles": styles,
        "elements": rows,
        "fonts": [],
    });
    compress(&document.to_string()).unwrap()
}

fn picture(colour: [u8; 3]) -> Vec<u8> {
    let [r, g, b] = colour;
    encode_png(&RgbaImage::from_pixel(20, 20, Rgba([r, g, b, 255]))).unwrap()
}

fn explained(
    baseline: &[Given<'_>],
    current: &[Given<'_>],
    environment: &[EnvironmentChange],
) -> Explanation {
    let pages = PagePair {
        baseline: digest(baseline),
        current: digest(current),
    };
    let images = [picture([255, 0, 0]), picture([0, 0, 255])];
    let images = [&*images[0], &*images[1]];
    let rules = DeclaringRules::new();
    let found = explain(&pages, images, &Options::exact(), environment, &rules);
    found.unwrap().explanation
}

const RED: &str = "rgb(255, 0, 0)";
const BLUE: &str = "rgb(0, 0, 255)";
const CLEAR: &str = "rgba(0, 0, 0, 0)";

#[test]
fn damaged_digests_are_refused() {
    assert_eq!(compress("{}"), None);
    assert_eq!(LayoutDigest::read(b"no digest"), None);
    let own_parent = json!({
        "version": 1, "properties": [], "values": [], "styles": [""], "fonts": [],
        "elements": [[0, "p", 1, "", "", "", "", "", 0, 0, 1, 1, 0, "", "", ""]],
    });
    let compressed = compress(&own_parent.to_string()).unwrap();
    assert_eq!(LayoutDigest::read(&compressed), None);
}

#[test]
fn no_text_of_a_digest_has_a_secret() {
    crate::redact::register("digest-secret-7314");
    let text = "a digest-secret-7314 in it";
    let element: Given<'_> = (-1, "html", text, "", text, [0, 0, 1, 1], text);
    let found = digest(&[element]);
    let shown = format!("{found:?}");
    assert!(!shown.contains("digest-secret"), "{shown}");
    assert_eq!(shown.matches("a *** in it").count(), 3, "{shown}");
}

#[test]
fn elements_are_matched_by_meaning_and_not_by_generated_names() {
    let whole = [0, 0, 20, 20];
    let baseline = digest(&[
        (-1, "html", "", "", "", whole, CLEAR),
        (0, "p", "", "css-1a2b3c", "One", whole, CLEAR),
        (0, "p", "", "css-1a2b3c", "Two", whole, CLEAR),
        (0, "p", "last", "", "Three", whole, CLEAR),
    ]);
    let current = digest(&[
        (-1, "html", "", "", "", whole, CLEAR),
        (0, "p", "", "css-9z8y7x", "Two", whole, CLEAR),
        (0, "div", "", "", "", whole, CLEAR),
        (2, "p", "last", "", "Three", whole, CLEAR),
    ]);
    let found = matching(&baseline, &current);
    assert_eq!(found.to_current, [Some(0), None, Some(1), Some(3)]);
    assert_eq!(found.reordered, [3]);
    let found = changes(&baseline, &current, &found);
    let kinds: Vec<_> = found.all.iter().map(|change| change.kind).collect();
    assert_eq!(kinds, [CauseKind::Added, CauseKind::Removed]);
}

#[test]
fn pixels_count_to_the_topmost_change() {
    let page = |outer, inner| {
        [
            (-1, "html", "", "", "", [0, 0, 20, 20], CLEAR),
            (0, "div", "", "outer", "", [0, 0, 20, 20], outer),
            (1, "div", "", "inner", "", [0, 0, 10, 20], inner),
        ]
    };
    let found = explained(&page(RED, RED), &page(BLUE, BLUE), &[]);
    let causes: Vec<_> = found
        .causes
        .iter()
        .map(|cause| (cause.selector.as_deref().unwrap(), cause.pixels))
        .collect();
    // The inner area reaches two pixels beyond its box.
    assert_eq!(causes, [("div", 400)]);
    assert_eq!(found.explained_ratio, 1.0);

    let found = explained(&page(RED, CLEAR), &page(BLUE, CLEAR), &[]);
    assert_eq!(found.causes[0].selector.as_deref(), Some(".outer"));
    assert_eq!(found.causes[0].pixels, 400);
}

#[test]
fn what_no_change_explains_is_unknown_or_of_the_environment() {
    let page = [(-1, "html", "", "", "", [0, 0, 20, 20], CLEAR)];
    let found = explained(&page, &page, &[]);
    assert_eq!(found.explained_ratio, 0.0);
    assert_eq!(found.causes[0].kind, CauseKind::Unknown);
    let change = EnvironmentChange {
        what: "browser".to_owned(),
        baseline: "chromium 1".to_owned(),
        current: "chromium 2".to_owned(),
    };
    let found = explained(&page, &page, &[change]);
    assert_eq!(found.explained_ratio, 1.0);
    assert_eq!(found.causes[0].kind, CauseKind::Environment);
    assert_eq!(found.causes[0].pixels, 400);
}

/// Two boxes and a place without an element change; each cause leaves the rest.
#[test]
fn a_residual_has_the_pixels_that_a_cause_does_not_explain() {
    let page = |colour| {
        [
            (-1, "html", "", "", "", [0, 0, 60, 20], CLEAR),
            (0, "div", "", "left", "", [0, 0, 10, 20], colour),
            (0, "p", "", "middle", "note", [20, 0, 10, 20], CLEAR),
        ]
    };
    let mut baseline = page(RED);
    baseline[2].4 = "old note";
    let image = |colours: [[u8; 3]; 3]| {
        let picture = RgbaImage::from_fn(60, 20, |x, _| {
            let [r, g, b] = match x {
                0..10 => colours[0],
                20..30 => colours[1],
                50..60 => colours[2],
                _ => [255; 3],
            };
            Rgba([r, g, b, 255])
        });
        encode_png(&picture).unwrap()
    };
    let images = [image([[255, 0, 0]; 3]), image([[0, 0, 255]; 3])];
    let digests = [compressed(&baseline), compressed(&page(BLUE))];
    let captures = DigestedImages {
        images: [&images[0], &images[1]],
        digests: [Some(&digests[0]), Some(&digests[1])],
    };
    let pages = PagePair {
        baseline: digest(&baseline),
        current: digest(&page(BLUE)),
    };
    let options = Options::exact();
    let rules = DeclaringRules::new();
    let found = explain(&pages, captures.images, &options, &[], &rules);
    let found = found.unwrap().explanation;
    let of = |kind| found.causes.iter().find(|cause| cause.kind == kind);
    let red = |cause: Option<&str>| {
        let png = draw_residual(&found, cause, &captures, &options).unwrap();
        let picture = image::load_from_memory(&png).unwrap().to_rgba8();
        [5, 25, 55].map(|x| picture.get_pixel(x, 10).0 == [255, 0, 0, 255])
    };
    let style = of(CauseKind::Style).unwrap();
    assert_eq!(red(Some(&style.id)), [false, true, true]);
    let text = of(CauseKind::Text).unwrap();
    assert_eq!(red(Some(&text.id)), [true, false, true]);
    assert_eq!(red(None), [false, false, true]);
    let unknown = draw_residual(&found, Some("ffffffffffff"), &captures, &options);
    assert_eq!(unknown.unwrap_err(), "its difference has no such cause");
}
