//! The same picture in every form that a PNG can have: all colour types and
//! bit depths, interlaced or not, transparent by palette or by colour key.

use std::path::{Path, PathBuf};

use image::{DynamicImage, ImageFormat};

use crate::{Antialiasing, CompareError, Options, Verdict, any_png, compare_png};

fn files(picture: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracle/forms");
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.retain(|path| {
        path.file_name()
            .unwrap()
            .to_string_lossy()
            .starts_with(picture)
    });
    paths.sort();
    paths
        .into_iter()
        .map(|path| (path.clone(), std::fs::read(path).unwrap()))
        .collect()
}

#[test]
fn every_form_of_a_picture_is_the_same() {
    let strict = Options {
        threshold: 0.0,
        antialiasing: Antialiasing::Count,
        ..Options::default()
    };
    for (picture, count) in [("grey-", 14), ("clear-", 4)] {
        let files = files(picture);
        assert_eq!(files.len(), count);
        for (a, a_bytes) in &files {
            for (b, b_bytes) in &files {
                let comparison = compare_png(a_bytes, b_bytes, &strict).unwrap();
                assert_eq!(
                    comparison.verdict,
                    Verdict::Same,
                    "{} and {}",
                    a.display(),
                    b.display()
                );
            }
        }
    }
    let (grey, clear) = (&files("grey-")[0].1, &files("clear-")[0].1);
    assert_eq!(
        compare_png(grey, clear, &strict).unwrap().verdict,
        Verdict::Different
    );
}

#[test]
fn no_form_of_damage_is_a_panic_or_a_pass() {
    for (path, bytes) in files("grey-").into_iter().chain(files("clear-")) {
        for at in 8..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0x15;
            // Past the last row nothing is needed any more.
            let ends = at >= bytes.len() - 12;
            let result = compare_png(&bytes, &damaged, &Options::default());
            let passes = result.is_ok_and(|comparison| comparison.passes());
            assert!(ends || !passes, "{} at {at}", path.display());
        }
    }
}

#[test]
fn every_form_is_decoded_as_by_the_image_crate() {
    let mut forms: Vec<_> = files("grey-").into_iter().chain(files("clear-")).collect();
    // Every 16-bit value.
    let wide = |x: u32, y: u32| (y * 256 + x) as u16;
    let images = [
        DynamicImage::ImageLuma16(image::ImageBuffer::from_fn(256, 256, |x, y| {
            image::Luma([wide(x, y)])
        })),
        DynamicImage::ImageRgba16(image::ImageBuffer::from_fn(256, 256, |x, y| {
            image::Rgba([wide(x, y), wide(y, x), !wide(x, y), wide(255 - x, y)])
        })),
    ];
    for (n, image) in images.into_iter().enumerate() {
        let mut png = std::io::Cursor::new(Vec::new());
        image.write_to(&mut png, ImageFormat::Png).unwrap();
        forms.push((PathBuf::from(n.to_string()), png.into_inner()));
    }
    for (path, bytes) in forms {
        let expected = image::load_from_memory(&bytes).unwrap().into_rgba8();
        let found = any_png::decode(&bytes).unwrap();
        assert!(found == expected, "{}", path.display());
    }
}

#[test]
fn images_over_the_budget_are_refused_by_their_headers() {
    let header = |width: u32, height: u32, depth: u8| {
        let mut ihdr = b"IHDR".to_vec();
        ihdr.extend(width.to_be_bytes());
        ihdr.extend(height.to_be_bytes());
        ihdr.extend([depth, 6, 0, 0, 0]);
        let crc = crc32fast::hash(&ihdr).to_be_bytes();
        [b"\x89PNG\r\n\x1a\n\0\0\0\x0d".as_slice(), &ihdr, &crc].concat()
    };
    let error = |a: &[u8], b: &[u8]| compare_png(a, b, &Options::default()).unwrap_err();
    let (large, other) = (header(11_000, 11_000, 16), header(11_000, 10_000, 16));
    assert!(matches!(
        error(&large, &other),
        CompareError::OverBudget { .. }
    ));
    assert_eq!(
        error(&large, &other).to_string(),
        "comparing an image of 11000×11000 with one of 11000×10000 pixels requires 882 MiB of \
         memory, more than the budget of 768 MiB"
    );
    // One small image does not help.
    let wide = header(1 << 23, 1, 16);
    let text = error(&wide, &large).to_string();
    assert!(
        text.contains("its width of 8388608 pixels exceeds"),
        "{text}"
    );
}
