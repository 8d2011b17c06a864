//! Compact PNGs have the same pixels in fewer bytes.

use image::{Rgba, RgbaImage};

use crate::any_png::decode as decode_any;
use crate::png_chunks::{SIGNATURE, chunk};
use crate::{Options, Verdict, compact_png, compare_png, encode_png};

/// The colour type in the header.
const GREY: u8 = 0;
const RGB: u8 = 2;
const INDEXED: u8 = 3;
const RGBA: u8 = 6;

/// A reproducible random number for a place.
fn noise(x: u32, y: u32) -> u32 {
    let mixed = (x ^ y.rotate_left(16)).wrapping_mul(0x9e37_79b9);
    (mixed ^ mixed >> 15).wrapping_mul(0x85eb_ca6b) >> 8
}

/// An image whose pixels are chosen from this many colours.
fn of_colours(width: u32, height: u32, colours: u32, alpha: impl Fn(u32) -> u8) -> RgbaImage {
    RgbaImage::from_fn(width, height, |x, y| {
        let number = noise(x, y) % colours;
        let [r, g, b, _] = (number * 7919).to_le_bytes();
        Rgba([r, g, b, alpha(number)])
    })
}

/// Checks the pixels, and returns bit depth and colour type.
fn compacted(image: &RgbaImage) -> (u8, u8) {
    let png = encode_png(image).unwrap();
    let compact = compact_png(&png).expect("it is smaller");
    assert!(compact.len() < png.len());
    assert_eq!(decode_any(&compact).unwrap(), *image);
    let options = Options::exact();
    for (a, b) in [(&png, &compact), (&compact, &png), (&compact, &compact)] {
        let verdict = compare_png(a, b, &options).unwrap().verdict;
        assert_eq!(verdict, Verdict::Same);
    }
    (compact[24], compact[25])
}

#[test]
fn few_colours_are_stored_by_palette() {
    let opaque = |_| 255;
    for colours in [2, 3, 4, 5, 16, 17, 200, 256] {
        // Rows that end within a byte, too.
        for width in [61, 64, 67] {
            let image = of_colours(width, 40, colours, opaque);
            let (depth, form) = compacted(&image);
            assert_eq!(form, INDEXED, "{colours} colours");
            assert!(
                1_u32 << depth >= colours,
                "{colours} colours in {depth} bits"
            );
        }
    }
    assert_eq!(compacted(&of_colours(80, 80, 257, opaque)), (8, RGB));
}

#[test]
fn an_alpha_channel_is_kept_where_it_is_needed() {
    let translucent = |number| (number % 200) as u8;
    assert_eq!(compacted(&of_colours(80, 80, 4000, translucent)), (8, RGBA));
    assert_eq!(compacted(&of_colours(80, 80, 9, translucent)).1, INDEXED);
    // One translucent pixel is enough.
    let mut image = of_colours(80, 80, 4000, |_| 255);
    image.put_pixel(79, 79, Rgba([1, 2, 3, 254]));
    assert_eq!(compacted(&image), (8, RGBA));
    // The colour of a fully transparent pixel is kept, too.
    image.put_pixel(0, 0, Rgba([9, 8, 7, 0]));
    assert_eq!(compacted(&image), (8, RGBA));
}

#[test]
fn smooth_images_are_filtered() {
    let gradient = RgbaImage::from_fn(300, 300, |x, y| {
        Rgba([(x + y) as u8, (x * 3 / 2) as u8, (2 * y) as u8, 255])
    });
    assert_eq!(compacted(&gradient), (8, RGB));
    let compact = compact_png(&encode_png(&gradient).unwrap()).unwrap();
    assert!(compact.len() < 300 * 300 / 10, "{} bytes", compact.len());
    let grey = RgbaImage::from_fn(300, 300, |x, y| {
        let grey = ((x * x + y * y) / 700) as u8;
        Rgba([grey, grey, grey, 255])
    });
    assert_eq!(compacted(&grey), (8, GREY));
}

#[test]
fn images_of_every_shape_are_exact() {
    for (width, height) in [(1, 200), (200, 1), (3, 5000), (5000, 3), (33, 65)] {
        compacted(&of_colours(width, height, 5000, |_| 255));
        compacted(&of_colours(width, height, 3, |_| 255));
    }
}

/// A screenshot with another chunk after its header.
fn with_chunk(kind: [u8; 4]) -> Vec<u8> {
    let png = encode_png(&of_colours(40, 40, 2, |_| 255)).unwrap();
    let (header, rest) = png.split_at(SIGNATURE.len() + 25);
    [header, &chunk(kind, b"tested"), rest].concat()
}

#[test]
fn chunks_that_stay_valid_are_kept() {
    for kind in [*b"ttSn", *b"gAMA"] {
        let compact = compact_png(&with_chunk(kind)).unwrap();
        let kept = chunk(kind, b"tested");
        assert!(compact.windows(kept.len()).any(|bytes| bytes == kept));
    }
    // A file whose chunk may depend on its form keeps that form.
    for kind in [*b"iCCP", *b"sBIT", *b"ttSN", *b"TTSN"] {
        assert_eq!(compact_png(&with_chunk(kind)), None);
    }
}

#[test]
fn a_compact_file_is_left_alone() {
    let png = encode_png(&of_colours(80, 80, 4000, |_| 255)).unwrap();
    let compact = compact_png(&png).unwrap();
    assert_eq!(compact_png(&compact), None);
    assert_eq!(compact_png(&png[..png.len() / 2]), None);
    assert_eq!(compact_png(b"<!doctype html>"), None);
}
