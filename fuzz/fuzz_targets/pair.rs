//! Two PNGs of one shape, row by row with different filters, one of them
//! possibly damaged: side by side in small bands, as a whole, and decoded by
//! the general decoder, the results are equal.
#![no_main]

use arbitrary::Arbitrary;
use image::RgbaImage;
use libfuzzer_sys::fuzz_target;
use tintype_compare::{Options, Verdict, compare_images, compare_png, fuzzing, inspect_png};

#[derive(Arbitrary, Debug)]
struct Question {
    width: u8,
    has_alpha: bool,
    /// Rows that both begin with, as they are stored.
    rows: Vec<Row>,
    /// The rows of the second image that replace some of them.
    changes: Vec<(u8, Row)>,
    /// Where the compressed data of either is cut into chunks.
    cuts: [u8; 2],
    band: u16,
    /// Bytes of the second file that are replaced.
    damage: Vec<(u16, u8)>,
}

#[derive(Arbitrary, Clone, Debug)]
struct Row {
    filter: u8,
    /// Repeated to the row's length.
    pattern: [u8; 5],
}

fuzz_target!(|question: Question| {
    if question.rows.is_empty() {
        return;
    }
    let mut rows = question.rows.clone();
    let a = png(&question, &rows, question.cuts[0]);
    for (place, row) in &question.changes {
        let place = usize::from(*place) % rows.len();
        rows[place] = row.clone();
    }
    let mut b = png(&question, &rows, question.cuts[1]);
    for (place, byte) in &question.damage {
        // The header is kept: other sizes are not the subject of this target.
        let place = 33 + usize::from(*place) % (b.len() - 33);
        b[place] = *byte;
    }
    let options = Options::default();
    let found = compare_png(&a, &b, &options);
    let band = usize::from(question.band);
    if let Some(in_bands) = fuzzing::compare_in_bands(&a, &b, &options, band) {
        assert_eq!(found.as_ref().ok(), Some(&in_bands));
    }
    let decode = |png| image::load_from_memory(png).map(|image| image.into_rgba8());
    let decoded: Vec<RgbaImage> = [&a, &b].into_iter().flat_map(|png| decode(png)).collect();
    if let ([a, b], Ok(found)) = (&decoded[..], &found) {
        assert_eq!(*found, compare_images(a, b, &options));
    }
    if let Ok(mut inspection) = inspect_png(&a, &b, &options) {
        let sweep = inspection.sweep().unwrap();
        assert!(sweep.counts.is_sorted_by(|a, b| a.1 >= b.1));
        // Equal files have not been decoded yet.
        let is_same = inspection.comparison.verdict == Verdict::Same;
        assert!(inspection.diff_png().is_ok() || is_same);
        assert_eq!(sweep, inspection.sweep().unwrap());
    }
});

fn png(question: &Question, rows: &[Row], cut: u8) -> Vec<u8> {
    let width = 1 + u32::from(question.width) % 80;
    let (colour, length) = if question.has_alpha {
        (6, width * 4)
    } else {
        (2, width * 3)
    };
    let header = [
        &width.to_be_bytes()[..],
        &(rows.len() as u32).to_be_bytes(),
        &[8, colour, 0, 0, 0],
    ];
    let mut stored = Vec::new();
    for row in rows {
        // Sometimes an invalid one.
        stored.push(if row.filter < 250 {
            row.filter % 5
        } else {
            row.filter
        });
        stored.extend(row.pattern.iter().cycle().take(length as usize));
    }
    let zlib = zlib(&stored);
    let (first, second) = zlib.split_at(usize::from(cut).min(zlib.len()));
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    for (kind, content) in [
        (b"IHDR", &header.concat()[..]),
        (b"IDAT", first),
        (b"IDAT", second),
        (b"IEND", &[]),
    ] {
        let covered = [&kind[..], content].concat();
        png.extend((content.len() as u32).to_be_bytes());
        png.extend(&covered);
        png.extend(crc32fast::hash(&covered).to_be_bytes());
    }
    png
}

/// Stored blocks, which remain valid if a mutation changes their content.
fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut zlib = vec![0x78, 0x01];
    let blocks = bytes.chunks(0xffff);
    let last = blocks.len() - 1;
    for (index, block) in blocks.enumerate() {
        let length = block.len() as u16;
        zlib.push(u8::from(index == last));
        zlib.extend(length.to_le_bytes());
        zlib.extend((!length).to_le_bytes());
        zlib.extend(block);
    }
    let (mut low, mut high) = (1_u32, 0_u32);
    for byte in bytes {
        low = (low + u32::from(*byte)) % 65521;
        high = (high + low) % 65521;
    }
    zlib.extend((high << 16 | low).to_be_bytes());
    zlib
}
