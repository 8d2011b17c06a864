//! Tall pages: 1280×20000 pixels, counted by the plain reference; and one of
//! which little is kept.

use image::RgbaImage;

use super::{pairs, reference};
use crate::png_chunks::PlainPng;
use crate::{Options, compare_images, compare_png, encode_png, lockstep};

const WIDTH: u32 = 1280;
const BLOCK: u32 = 50;
const BLOCKS: u32 = 400;

/// The same block of rows some times over.
fn repeated(block: &RgbaImage, times: u32) -> RgbaImage {
    let pixels = block.as_raw().repeat(times as usize);
    RgbaImage::from_raw(WIDTH, BLOCK * times, pixels).unwrap()
}

/// Differing and anti-aliased pixels, as the reference sees them.
fn counts(a: &RgbaImage, b: &RgbaImage, threshold: f64) -> [u64; 2] {
    let verdicts = reference::verdicts(8, (a, b), threshold, false);
    [1, 2].map(|wanted| {
        verdicts
            .iter()
            .filter(|verdict| **verdict == wanted)
            .count() as u64
    })
}

#[test]
fn a_page_of_20000_rows_is_counted_as_the_reference_counts_it() {
    let (a, mut b) = pairs::draw(&format!("discs-redrawn-{WIDTH}x{BLOCK}-7")).unwrap();
    // The edges of the discs differ as anti-aliasing does; this square does not.
    for (x, y) in (630..640).flat_map(|x| (15..25).map(move |y| (x, y))) {
        b.get_pixel_mut(x, y).0[0] ^= 0x80;
    }
    let options = Options::default();
    // The pixels are opaque: a verdict depends on two rows above and below,
    // not on the place. What a third block adds, each further block adds.
    let [two, three] = [2, 3].map(|times| {
        counts(
            &repeated(&a, times),
            &repeated(&b, times),
            options.threshold,
        )
    });
    let expected = [0, 1].map(|kind| two[kind] + u64::from(BLOCKS - 2) * (three[kind] - two[kind]));
    assert!(expected.iter().all(|count| *count > 10_000), "{expected:?}");

    let files = [&a, &b].map(|block| encode_png(&repeated(block, BLOCKS)).unwrap());
    let found = compare_png(&files[0], &files[1], &options).unwrap();
    assert_eq!([found.differing, found.antialiased], expected);
    assert_eq!(found.baseline_size, (WIDTH, BLOCK * BLOCKS));
}

#[test]
fn of_a_page_that_hardly_differs_little_is_kept() {
    let (a, _) = pairs::draw(&format!("discs-redrawn-{WIDTH}x{BLOCK}-7")).unwrap();
    let a = repeated(&a, 60);
    let mut b = a.clone();
    for (x, y) in [(0, 0), (1279, 1), (640, 1500), (641, 1500), (3, 2999)] {
        b.get_pixel_mut(x, y).0[1] ^= 0x80;
    }
    let options = Options::default();
    let files = [&a, &b].map(|image| encode_png(image).unwrap());
    let found = compare_png(&files[0], &files[1], &options).unwrap();
    assert_eq!(found, compare_images(&a, &b, &options));
    assert!(found.differing > 0);

    let [plain_a, plain_b] = [0, 1].map(|side| PlainPng::read(&files[side]).unwrap());
    for parallel in [false, true] {
        let aligned = lockstep::decode(&plain_a, &plain_b, 4, parallel).unwrap();
        // One band around each of the three places, or two at an edge.
        let kept = [aligned.a, aligned.b].map(|rows| rows.bands_kept());
        assert!(kept.iter().all(|kept| (3..=6).contains(kept)), "{kept:?}");
    }
}
