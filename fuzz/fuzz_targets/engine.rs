//! Two small images and any options: the counts of the plain reference, from
//! pixels and from files.
#![no_main]

use arbitrary::Arbitrary;
use image::{Rgba, RgbaImage};
use libfuzzer_sys::fuzz_target;
use tintype_compare::{Antialiasing, Metric, Options, compare_images, encode_png, inspect_png};

#[path = "../../tintype-compare/src/tests/reference.rs"]
mod reference;

#[derive(Arbitrary, Debug)]
struct Question {
    width: u8,
    height: u8,
    threshold: u16,
    yiq: bool,
    count_antialiasing: bool,
    moved: bool,
    /// Few colours make many ties.
    palette: [[u8; 4]; 6],
    opaque: bool,
    pixels: Vec<u8>,
    changes: Vec<(u16, u8)>,
}

fuzz_target!(|question: Question| {
    let (width, height) = (
        1 + u32::from(question.width) % 140,
        1 + u32::from(question.height) % 24,
    );
    let colour = |index: u8| {
        let mut colour = question.palette[usize::from(index) % 6];
        if question.opaque {
            colour[3] = 255;
        }
        Rgba(colour)
    };
    let count = question.pixels.len().max(1);
    let a = RgbaImage::from_fn(width, height, |x, y| {
        colour(
            question
                .pixels
                .get((y * width + x) as usize % count)
                .copied()
                .unwrap_or(0),
        )
    });
    let mut b = a.clone();
    for (place, index) in &question.changes {
        let place = u32::from(*place) % (width * height);
        b.put_pixel(place % width, place / width, colour(*index));
    }
    let threshold = f64::from(question.threshold) / 65535.0;
    let mut options = Options::default();
    options.metric = if question.yiq { Metric::Yiq } else { Metric::Oklab };
    options.threshold = threshold;
    if question.count_antialiasing {
        options.antialiasing = Antialiasing::Count;
    }
    let major = if question.yiq { 7 } else { 8 };
    let verdicts = reference::verdicts(major, (&a, &b), threshold, question.count_antialiasing);
    let found = compare_images(&a, &b, &options);
    let told = |wanted| {
        verdicts
            .iter()
            .filter(|verdict| **verdict == wanted)
            .count() as u64
    };
    assert_eq!((found.differing, found.antialiased), (told(1), told(2)));
    let files = [&a, &b].map(|image| encode_png(image).unwrap());
    let mut inspection = inspect_png(&files[0], &files[1], &options).unwrap();
    assert_eq!(found, inspection.comparison);
    let swept = inspection.sweep().unwrap();
    assert!(swept.counts.is_sorted_by(|a, b| a.1 >= b.1));
    if question.moved {
        let mut tolerant = options;
        tolerant.detect_moves = true;
        let found = compare_images(&a, &b, &tolerant);
        assert!(found.differing <= found.compared);
    }
});
