//! Files that the fuzz targets found: refused, in words and without a panic.

use image::RgbaImage;

use super::white;
use crate::png_chunks::PlainPng;
use crate::{Options, compare_png, encode_png};

fn chunk(kind: [u8; 4], content: &[u8]) -> Vec<u8> {
    let covered = [&kind[..], content].concat();
    let length = (content.len() as u32).to_be_bytes();
    let checksum = crc32fast::hash(&covered).to_be_bytes();
    [&length[..], &covered, &checksum].concat()
}

/// A PNG of these chunks, between a header (RGBA, or by palette) and the end.
fn png(size: u8, colour: u8, chunks: &[Vec<u8>]) -> Vec<u8> {
    let header = chunk(
        *b"IHDR",
        &[0, 0, 0, size, 0, 0, 0, size, 8, colour, 0, 0, 0],
    );
    let end = chunk(*b"IEND", &[]);
    [b"\x89PNG\r\n\x1a\n".to_vec(), header, chunks.concat(), end].concat()
}

/// The compressed pixels of an image, as zlib data.
fn zlib(image: &RgbaImage) -> Vec<u8> {
    let file = encode_png(image).unwrap();
    let at = file.windows(4).position(|kind| kind == b"IDAT").unwrap();
    let length = u32::from_be_bytes(file[at - 4..at].try_into().unwrap()) as usize;
    file[at + 4..][..length].to_vec()
}

fn failure(png: &[u8]) -> String {
    let good = encode_png(&white(9, 9)).unwrap();
    compare_png(&good, png, &Options::default())
        .unwrap_err()
        .to_string()
}

#[test]
fn a_palette_with_a_broken_colour_is_damage() {
    let rows = zlib(&white(1, 1));
    for length in [1, 2, 4, 49] {
        let palette = chunk(*b"PLTE", &vec![7; length]);
        let png = png(1, 3, &[palette, chunk(*b"IDAT", &rows)]);
        let said = failure(&png);
        let wanted = format!("its palette of {length} bytes has an incomplete colour");
        assert!(said.ends_with(&wanted), "{said}");
    }
}

#[test]
fn a_chunk_that_must_be_understood_is_not_passed_over() {
    let rows = zlib(&white(2, 2));
    let with = |kind| png(2, 6, &[chunk(kind, b"?"), chunk(*b"IDAT", &rows)]);
    assert!(compare_png(&with(*b"teXt"), &with(*b"note"), &Options::default()).is_ok());
    // A critical one, and two whose names are not even letters.
    for kind in [*b"CUXt", *b"\x17UXt", *b"\x00\x00\x00\x00"] {
        let said = failure(&with(kind));
        assert!(said.contains("the PNG is damaged"), "{kind:?}: {said}");
    }
}

#[test]
fn only_data_in_one_place_takes_the_short_path() {
    let rows = zlib(&white(2, 2));
    let (first, second) = rows.split_at(5);
    let data = |content| chunk(*b"IDAT", content);
    let text = chunk(*b"tEXt", b"a\0b");
    let joined = png(
        2,
        6,
        &[text.clone(), data(first), data(second), text.clone()],
    );
    assert!(PlainPng::read(&joined).is_some());
    let parted = png(2, 6, &[data(first), text, data(second)]);
    assert!(PlainPng::read(&parted).is_none());
}

#[test]
fn a_window_larger_than_zlib_has_is_damage() {
    let mut rows = zlib(&white(2, 2));
    rows[..2].copy_from_slice(&[0x88, 0x1c]);
    assert!(u16::from_be_bytes([rows[0], rows[1]]).is_multiple_of(31));
    let said = failure(&png(2, 6, &[chunk(*b"IDAT", &rows)]));
    assert!(said.contains("the PNG is damaged"), "{said}");
}

#[test]
fn a_filter_that_does_not_exist_in_the_last_row_is_damage() {
    let file = |filter: u8, pixel: [u8; 4]| {
        let mut rows = [&[0][..], &pixel.repeat(40)].concat().repeat(40);
        rows[39 * 161] = filter;
        // Deflate without compression. The checksum at the end is not checked.
        let length = rows.len() as u16;
        let head = [
            &[0x78, 1, 1][..],
            &length.to_le_bytes(),
            &(!length).to_le_bytes(),
        ];
        let zlib = [&head.concat()[..], &rows, &[0; 4]].concat();
        png(40, 6, &[chunk(*b"IDAT", &zlib)])
    };
    let (white, red) = (file(0, [255; 4]), file(5, [255, 0, 0, 255]));
    for (a, b) in [(&white, &red), (&red, &white)] {
        let error = compare_png(a, b, &Options::default()).unwrap_err();
        assert!(error.to_string().contains("the PNG is damaged"), "{error}");
    }
}
