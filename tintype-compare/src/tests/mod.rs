//! Compares results with known ones.

mod compact;
mod damaged;
mod forms;
mod oracle;
mod pairs;
mod properties;
mod reference;
mod row_moves;
mod tall;

use image::{Rgba, RgbaImage};

use super::{
    CompareError, DiffWindow, ImageProblem, ImageSide, Options, Perceptual, Verdict,
    compare_images, compare_png, encode_png, inspect_png, kernels, unfilter,
};
use crate::region::Region;

fn white(width: u32, height: u32) -> RgbaImage {
    RgbaImage::from_pixel(width, height, Rgba([255; 4]))
}

fn dotted(width: u32, height: u32, dots: &[(u32, u32)]) -> RgbaImage {
    let mut image = white(width, height);
    for &(x, y) in dots {
        image.put_pixel(x, y, Rgba([0, 0, 0, 255]));
    }
    image
}

#[test]
fn the_stricter_limit_decides() {
    let options = |pixels, ratio| Options {
        max_diff_pixels: pixels,
        max_diff_ratio: ratio,
        ..Options::default()
    };
    assert_eq!(options(None, None).tolerated(1000), 0);
    assert_eq!(options(Some(7), None).tolerated(1000), 7);
    assert_eq!(options(None, Some(0.01)).tolerated(1000), 10);
    assert_eq!(options(Some(7), Some(0.01)).tolerated(1000), 7);
    assert_eq!(options(Some(70), Some(0.01)).tolerated(1000), 10);
    let (a, b) = (white(10, 10), dotted(10, 10, &[(5, 5)]));
    let verdict = |options: &Options| compare_images(&a, &b, options).verdict;
    assert_eq!(verdict(&options(None, None)), Verdict::Different);
    assert_eq!(verdict(&options(Some(1), None)), Verdict::WithinTolerance);
    assert_eq!(verdict(&options(Some(1), Some(0.0))), Verdict::Different);
}

#[test]
fn ignored_pixels_are_not_compared() {
    let options = Options {
        ignore: vec![Region {
            x: 60,
            y: 0,
            width: 10,
            height: 9,
        }],
        ..Options::default()
    };
    let (a, b) = (
        white(100, 10),
        dotted(100, 10, &[(59, 3), (60, 3), (69, 8), (70, 8), (65, 9)]),
    );
    let comparison = compare_images(&a, &b, &options);
    assert_eq!((comparison.differing, comparison.compared), (3, 1000 - 90));
}

#[test]
fn regions_are_clusters_largest_first() {
    let b = dotted(200, 200, &[(3, 3), (100, 100), (110, 104), (199, 199)]);
    let comparison = compare_images(&white(200, 200), &b, &Options::default());
    let regions: Vec<_> = comparison
        .regions
        .iter()
        .map(|r| (r.x, r.y, r.width, r.height))
        .collect();
    assert_eq!(regions, [(100, 100, 11, 5), (3, 3, 1, 1), (199, 199, 1, 1)]);
    assert_eq!(
        comparison.message(),
        "0.010 % of pixels differ (4 of 40,000); largest region 11×5 at 100,100"
    );
}

#[test]
fn sizes_that_differ_are_compared_where_both_have_pixels() {
    let options = Options {
        max_diff_ratio: Some(1.0),
        ..Options::default()
    };
    let (a, b) = (white(20, 10), dotted(10, 30, &[(2, 2)]));
    let comparison = compare_images(&a, &b, &options);
    assert_eq!(comparison.verdict, Verdict::SizeMismatch);
    assert_eq!(comparison.differing, 1 + 100 + 200);
    assert_eq!(comparison.compared, 100 + 100 + 200);
    let drawn = comparison.draw_diff(&a, &b).unwrap();
    assert_eq!(drawn.dimensions(), (20, 30));
}

#[test]
fn no_picture_is_larger_than_an_image_may_be() {
    let (wide, tall) = (white(1 << 14, 1), white(1, (1 << 13) + 1));
    let files = [&wide, &tall].map(|image| encode_png(image).unwrap());
    let mut inspection = inspect_png(&files[0], &files[1], &Options::default()).unwrap();
    assert_eq!(inspection.comparison.verdict, Verdict::SizeMismatch);
    let drawn = inspection.diff_png().map(|picture| picture.len());
    let error = drawn.unwrap_err();
    insta::assert_snapshot!(error, @"failed to draw the difference: its size of 16384×8193 pixels exceeds the maximum of 134,217,728 pixels");
    assert!(inspection.comparison.draw_diff(&wide, &tall).is_err());
    assert!(inspection.sweep().is_ok());
}

#[test]
fn of_equal_files_no_question_is_answered_by_decoding() {
    let good = encode_png(&dotted(30, 30, &[(3, 4)])).unwrap();
    let damaged = &good[..60];
    for options in [
        Options::default(),
        Options {
            detect_moves: true,
            ..Options::default()
        },
    ] {
        let mut sound = inspect_png(&good, &good, &options).unwrap();
        let mut found = inspect_png(damaged, damaged, &options).unwrap();
        let sweep = found.sweep().unwrap();
        assert!(sweep.counts.iter().all(|(_, count)| *count == 0));
        assert_eq!(
            (sweep.threshold, sweep.max_diff_pixels),
            (Some(0.0), Some(0))
        );
        assert!(sound.diff_png().is_ok() && found.diff_png().is_err());
        assert_eq!(sound.sweep().unwrap(), sweep);
    }
}

#[test]
fn ignored_pixels_that_only_one_image_has_do_not_count() {
    let region = |x, y, width, height| Region {
        x,
        y,
        width,
        height,
    };
    let judged = |ignore: &[Region], moved| {
        let options = Options {
            ignore: ignore.to_vec(),
            detect_moves: moved,
            ..Options::default()
        };
        compare_images(&white(20, 10), &dotted(10, 30, &[(2, 2)]), &options)
    };
    // 10×10 to the right in the baseline, 10×20 below in the current image.
    let all = [region(10, 0, 10, 30), region(0, 10, 10, 20)];
    let some = judged(&all[..1], false);
    assert_eq!((some.differing, some.compared), (1 + 200, 100 + 200));
    assert_eq!(some.regions[0], all[1]);
    let none = judged(&all, false);
    assert_eq!((none.differing, none.compared), (1, 100));
    assert_eq!(none.regions, [region(2, 2, 1, 1)]);
    assert_eq!(none.verdict, Verdict::SizeMismatch);
    let across = judged(&[region(5, 5, 10, 10)], false);
    assert_eq!(
        (across.differing, across.compared),
        (1 + 75 + 175, 75 + 250)
    );
    assert_eq!(judged(&all, true).differing, 1);
}

#[test]
fn what_is_no_image_is_named() {
    let good = encode_png(&white(3, 3)).unwrap();
    let failure = |bytes: &[u8]| compare_png(&good, bytes, &Options::default()).unwrap_err();
    insta::assert_snapshot!(failure(b"<!doctype html>"), @r#"failed to read the current image: it is not a PNG file (it starts with "<!doctype ht")"#);
    insta::assert_snapshot!(failure(b""), @"failed to read the current image: it is not a PNG file (it is empty)");
    let mut bomb = good.clone();
    bomb[16..24].copy_from_slice(&[0, 0, 0xea, 0x60, 0, 0, 0xea, 0x60]);
    insta::assert_snapshot!(failure(&bomb), @"failed to read the current image: its size of 60000×60000 pixels exceeds the maximum of 134,217,728 pixels");
    bomb[16..24].copy_from_slice(&[0, 0, 0, 1, 1, 0, 0, 1]);
    insta::assert_snapshot!(failure(&bomb), @"failed to read the current image: its height of 16777217 pixels exceeds the maximum of 16,777,216 pixels");
    bomb[23] = 0;
    assert!(compare_png(&bomb, &bomb, &Options::default()).is_ok());
    for end in 1..good.len() - 12 {
        let CompareError::Image { side, problem } = failure(&good[..end]) else {
            panic!("another error")
        };
        assert_eq!(side, ImageSide::Current);
        assert!(
            !matches!(problem, ImageProblem::TooLarge { .. }),
            "{end}: {problem}"
        );
    }
}

#[test]
fn the_detailed_message_names_the_smallest_setting_that_passes() {
    let mut b = white(50, 50);
    b.put_pixel(10, 10, Rgba([200, 200, 200, 255]));
    b.put_pixel(30, 30, Rgba([0, 0, 0, 255]));
    let (a, b) = (encode_png(&white(50, 50)).unwrap(), encode_png(&b).unwrap());
    let options = Options {
        max_diff_pixels: Some(1),
        ..Options::default()
    };
    let mut inspection = inspect_png(&a, &b, &options).unwrap();
    let sweep = inspection.sweep().unwrap();
    let eased = Options {
        threshold: sweep.threshold.unwrap(),
        ..options
    };
    assert!(compare_png(&a, &b, &eased).unwrap().passes());
    let stricter = Options {
        threshold: eased.threshold - 0.001,
        ..eased
    };
    assert!(!compare_png(&a, &b, &stricter).unwrap().passes());
    insta::assert_snapshot!(inspection.comparison.detailed_message(&sweep));
}

#[test]
fn a_colour_limit_fails_above_it() {
    let a = RgbaImage::from_pixel(20, 20, Rgba([100, 100, 100, 255]));
    let mut b = RgbaImage::from_pixel(20, 20, Rgba([102, 100, 100, 255]));
    let judged = |b: &RgbaImage, perceptual, max_diff_pixels| {
        let options = Options {
            perceptual,
            max_diff_pixels,
            ..Options::exact()
        };
        compare_images(&a, b, &options)
    };
    let limit = |max_delta_e| Perceptual::Limit { max_delta_e };
    assert_eq!(judged(&b, Perceptual::Off, None).visibility, None);
    let report = judged(&b, Perceptual::Report, None);
    let measured = report.visibility.unwrap();
    // CIEDE2000 of #646464 and #666464, from another implementation.
    assert!((measured.mean - 1.187).abs() < 0.01, "{measured:?}");
    assert!((measured.max - 1.187).abs() < 0.01, "{measured:?}");
    assert!(
        measured.p99 >= measured.mean && measured.p99 < measured.mean + 0.02,
        "{measured:?}"
    );
    assert_eq!(report.verdict, Verdict::Different);
    // Alone, the limit decides; with another one, both must hold.
    let verdict = |limit, pixels| judged(&b, limit, pixels).verdict;
    assert_eq!(verdict(limit(1.5), None), Verdict::WithinTolerance);
    assert_eq!(verdict(limit(0.5), None), Verdict::Different);
    assert_eq!(verdict(limit(0.5), Some(400)), Verdict::Different);
    assert_eq!(verdict(limit(1.5), Some(399)), Verdict::Different);
    // One pixel is enough.
    b.put_pixel(7, 7, Rgba([110, 100, 100, 255]));
    let found = judged(&b, limit(1.5), None);
    assert_eq!(found.verdict, Verdict::Different);
    insta::assert_snapshot!(found.message(), @"100.0 % of pixels differ (400 of 400); region 20×20 at 0,0; colours differ by ΔE 1.2 on average, by 5.4 at most, more than 1.5");
}

#[test]
fn a_window_limit_fails_dense_differences_only() {
    let scattered: Vec<_> = (0..40).map(|n| (n % 8 * 20, n / 8 * 20)).collect();
    let dense: Vec<_> = (0..40).map(|n| (n % 8, n / 8)).collect();
    let judged = |dots: &[(u32, u32)], max_diff_pixels| {
        let options = Options {
            max_diff_window: Some(DiffWindow {
                size: 16,
                pixels: 28,
            }),
            max_diff_pixels,
            ..Options::exact()
        };
        compare_images(&white(160, 100), &dotted(160, 100, dots), &options)
    };
    assert_eq!(judged(&scattered, None).verdict, Verdict::WithinTolerance);
    assert_eq!(judged(&scattered, Some(39)).verdict, Verdict::Different);
    assert_eq!(judged(&dense[..28], None).verdict, Verdict::WithinTolerance);
    let found = judged(&dense, None);
    assert_eq!(found.verdict, Verdict::Different);
    assert_eq!(found.densest_window.unwrap().differing, 40);
    insta::assert_snapshot!(found.message(), @"0.2 % of pixels differ (40 of 16,000); region 8×5 at 0,0; 40 pixels differ within 16×16 at 0,0, more than 28");
}

#[test]
fn tolerated_pixels_are_within_tolerance_and_have_a_place() {
    let mut b = white(60, 60);
    for x in 10..14 {
        b.put_pixel(x, 20, Rgba([250, 250, 250, 255]));
    }
    let found = compare_images(&white(60, 60), &b, &Options::default());
    assert_eq!(found.verdict, Verdict::WithinTolerance);
    assert_eq!((found.differing, found.below_threshold), (0, 4));
    insta::assert_snapshot!(found.message(), @"4 pixels differ within the threshold 0.1; region 4×1 at 10,20");
    assert_eq!(found.diff_ratio(), 0.0);
    let masked = Options {
        ignore: found.regions.clone(),
        ..Options::default()
    };
    let verdict = |options| compare_images(&white(60, 60), &b, options).verdict;
    assert_eq!(verdict(&masked), Verdict::Same);
    assert_eq!(verdict(&Options::exact()), Verdict::Different);
    // Colours of fully transparent pixels cannot be seen.
    let clear = |red| RgbaImage::from_pixel(5, 5, Rgba([red, 0, 0, 0]));
    let found = compare_images(&clear(0), &clear(255), &Options::exact());
    assert_eq!(found.verdict, Verdict::Same);
}

#[test]
fn text_chunks_are_no_difference_and_not_decoded() {
    let image = dotted(30, 30, &[(3, 4)]);
    let plain = encode_png(&image).unwrap();
    let mut noted = Vec::new();
    let mut encoder = png::Encoder::new(&mut noted, 30, 30);
    encoder.set_color(png::ColorType::Rgba);
    encoder
        .add_text_chunk("Tintype".into(), "accepted".into())
        .unwrap();
    encoder.set_compression(png::Compression::Fast);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(image.as_raw()).unwrap();
    writer.finish().unwrap();
    assert_ne!(plain, noted);
    let comparison = compare_png(&noted, &plain, &Options::default()).unwrap();
    assert_eq!(
        (comparison.verdict, comparison.compared),
        (Verdict::Same, 900)
    );
}

#[test]
fn the_fast_filters_are_the_plain_ones() {
    let mut random = pairs::Random(5);
    for pixels in 0..if cfg!(miri) { 20 } else { 300 } {
        paeth_twice::<3>(&mut random, pixels);
        paeth_twice::<4>(&mut random, pixels);
    }
}

/// A row of so many random pixels, or of long runs that add nothing.
fn paeth_twice<const BPP: usize>(random: &mut pairs::Random, pixels: usize) {
    let mut bytes = |sparse: bool| -> Vec<u8> {
        let mut quiet = false;
        let mut byte = |at: usize| {
            if at.is_multiple_of(23) {
                quiet = sparse && !random.next().is_multiple_of(4);
            }
            let byte = random.byte() >> (random.next() % 8);
            if quiet { 0 } else { byte }
        };
        (0..pixels * BPP).map(&mut byte).collect()
    };
    for sparse in [false, true] {
        let (above, row) = (bytes(false), bytes(sparse));
        let (mut fast, mut plain) = (row.clone(), row);
        unfilter::row::<BPP>(4, &above, &mut fast);
        kernels::paeth::<BPP>(&above, &mut plain, 0..pixels);
        assert_eq!(fast, plain);
    }
}
