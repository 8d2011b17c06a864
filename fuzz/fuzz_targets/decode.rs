//! Decodes arbitrary bytes as a PNG: no panic, and the fast decoder returns the
//! same pixels as the general one.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tintype_compare::{Options, compare_png, fuzzing};

fuzz_target!(|bytes: &[u8]| {
    let png = sound(bytes);
    // A large image costs time and finds no more than a small one.
    if png.len() >= 24 && (png[16..18] != [0, 0] || png[20..22] != [0, 0]) {
        return;
    }
    if let Some((ours, general)) = fuzzing::decode_both_ways(&png) {
        let general = general.expect("what we read, the general decoder reads");
        assert!(ours == general, "two decoders, two images");
    }
    // Compared with itself with another last byte, so that the bytes are not
    // equal.
    let mut other = png.clone();
    other.push(0);
    if let Ok(comparison) = compare_png(&png, &other, &Options::default()) {
        assert_eq!(comparison.differing, 0);
    }
});

/// Corrects the checksums, because mutations hardly find them.
fn sound(bytes: &[u8]) -> Vec<u8> {
    let mut png = bytes.to_vec();
    let mut at = 8;
    while let Some(length) = png.get(at..at + 4) {
        let length = u32::from_be_bytes(length.try_into().unwrap()) as usize;
        let end = at + 8 + length;
        let Some(covered) = png.get(at + 4..end) else {
            break;
        };
        let checksum = crc32fast::hash(covered).to_be_bytes();
        let Some(stored) = png.get_mut(end..end + 4) else {
            break;
        };
        stored.copy_from_slice(&checksum);
        at = end + 4;
    }
    png
}
