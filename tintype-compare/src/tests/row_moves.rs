//! Blocks of rows that move.

use image::{Rgba, RgbaImage};

use super::pairs::Random;
use crate::{Options, Region, RowMove, Verdict, compare_images};

/// A page of rows that are all unlike each other, but for blank ones between.
fn page(width: u32, height: u32) -> RgbaImage {
    let mut random = Random(7);
    let mut image = RgbaImage::from_pixel(width, height, Rgba([255; 4]));
    for (_, y, pixel) in image.enumerate_pixels_mut() {
        if y % 5 > 1 {
            *pixel = Rgba([random.byte(), random.byte(), random.byte(), 255]);
        }
    }
    image
}

/// `rows` tells which row of the page is at each height; `None` is black.
fn rearranged(page: &RgbaImage, rows: impl Iterator<Item = Option<u32>>) -> RgbaImage {
    let rows: Vec<_> = rows.collect();
    RgbaImage::from_fn(page.width(), rows.len() as u32, |x, y| {
        rows[y as usize].map_or(Rgba([0, 0, 0, 255]), |from| *page.get_pixel(x, from))
    })
}

fn tolerant() -> Options {
    Options {
        detect_moves: true,
        ..Options::default()
    }
}

#[test]
fn an_inserted_block_does_not_count_what_it_displaced() {
    let a = page(50, 200);
    let shifted = (0..40)
        .map(Some)
        .chain([None; 12])
        .chain((40..188).map(Some));
    let b = rearranged(&a, shifted);
    assert!(compare_images(&a, &b, &Options::default()).diff_ratio() > 0.4);
    let comparison = compare_images(&a, &b, &tolerant());
    assert_eq!(
        comparison.moves,
        [RowMove {
            from: 40,
            to: 52,
            height: 148
        }]
    );
    assert_eq!(comparison.verdict, Verdict::Different);
    assert_eq!(comparison.differing, 12 * 50);
    insta::assert_snapshot!(comparison.message(), @"6.0 % of pixels differ (600 of 10,000); region 50×12 at 0,40; 148 rows moved down by 12 (from 40 to 52)");
}

#[test]
fn blocks_that_changed_places_are_tolerated_and_told() {
    let a = page(50, 100);
    let b = rearranged(&a, (60..100).chain(0..60).map(Some));
    let comparison = compare_images(&a, &b, &tolerant());
    assert_eq!(comparison.verdict, Verdict::WithinTolerance);
    assert_eq!(comparison.differing, 0);
    let moves = [
        RowMove {
            from: 0,
            to: 40,
            height: 60,
        },
        RowMove {
            from: 60,
            to: 0,
            height: 40,
        },
    ];
    assert_eq!(comparison.moves, moves);
    insta::assert_snapshot!(comparison.message(), @"no pixel differs; 60 rows moved down by 40 (from 0 to 40)");
}

#[test]
fn a_change_within_a_moved_block_is_found() {
    let a = page(50, 200);
    let mut b = rearranged(&a, [None; 10].into_iter().chain((0..190).map(Some)));
    b.put_pixel(20, 100, Rgba([0, 0, 0, 255]));
    b.put_pixel(21, 100, Rgba([0, 0, 0, 255]));
    let comparison = compare_images(&a, &b, &tolerant());
    assert_eq!(comparison.differing, 10 * 50 + 2);
    assert_eq!(comparison.moves.len(), 2);
}

#[test]
fn a_page_that_grew_says_what_was_inserted() {
    let a = page(50, 100);
    let b = rearranged(
        &a,
        (0..30)
            .map(Some)
            .chain([None; 20])
            .chain((30..100).map(Some)),
    );
    let comparison = compare_images(&a, &b, &tolerant());
    assert_eq!(comparison.verdict, Verdict::SizeMismatch);
    assert_eq!(
        (comparison.differing, comparison.compared),
        (20 * 50, 120 * 50)
    );
    let shrunk = compare_images(&b, &a, &tolerant());
    assert_eq!((shrunk.differing, shrunk.compared), (20 * 50, 120 * 50));
    assert_eq!(
        shrunk.moves,
        [RowMove {
            from: 50,
            to: 30,
            height: 70
        }]
    );
}

#[test]
fn where_nothing_moved_nothing_changes() {
    let mut random = Random(3);
    for _ in 0..40 {
        let a = page(70, 60);
        let mut b = a.clone();
        for _ in 0..random.next() % 50 {
            let grey = random.byte();
            b.put_pixel(
                random.next() % 70,
                random.next() % 60,
                Rgba([grey, grey, grey, 255]),
            );
        }
        let mut found = compare_images(&a, &b, &tolerant());
        assert!(found.moves.is_empty());
        found.options.detect_moves = false;
        assert_eq!(found, compare_images(&a, &b, &Options::default()));
    }
}

fn rows(y: u32, height: u32) -> Region {
    Region {
        x: 0,
        y,
        width: 50,
        height,
    }
}

/// With these rows ignored.
fn ignoring(ignore: &[Region]) -> Options {
    Options {
        ignore: ignore.to_vec(),
        ..tolerant()
    }
}

#[test]
fn what_is_ignored_is_so_wherever_it_moved() {
    let a = page(50, 200);
    let b = rearranged(&a, [None; 12].into_iter().chain((0..188).map(Some)));
    let all = compare_images(&a, &b, &ignoring(&[rows(0, 200)]));
    assert_eq!(all.verdict, Verdict::Same);
    assert_eq!((all.differing, all.compared), (0, 0));
    assert!(all.moves.is_empty() && all.regions.is_empty());

    // Only the image with the added rows.
    let came = compare_images(&a, &b, &ignoring(&[rows(0, 12)]));
    assert_eq!((came.differing, came.compared), (12 * 50, 188 * 50));
    assert!(came.regions.is_empty());
    // What went, but not what came.
    let went = compare_images(&a, &b, &ignoring(&[rows(188, 12)]));
    assert_eq!((went.differing, went.compared), (12 * 50, 188 * 50));
    assert_eq!(went.regions, [rows(0, 12)]);
    let both = compare_images(&a, &b, &ignoring(&[rows(0, 12), rows(188, 12)]));
    assert_eq!((both.differing, both.compared), (0, 176 * 50));
    assert_eq!(both.verdict, Verdict::WithinTolerance);
    assert_eq!(both.moves.len(), 1);
}

#[test]
fn ignored_rows_of_the_taller_image_are_not_compared() {
    let tall = page(50, 120);
    let short = rearranged(&tall, (0..100).map(Some));
    let options = ignoring(&[rows(90, 30)]);
    for (a, b) in [(&tall, &short), (&short, &tall)] {
        let found = compare_images(a, b, &options);
        assert_eq!((found.differing, found.compared), (0, 90 * 50));
        assert_eq!(found.verdict, Verdict::SizeMismatch);
        assert!(found.regions.is_empty());
    }
}

#[test]
fn no_more_differs_than_was_compared() {
    // Ten rows anchor. Fifty came above them, fifty went below, and forty are
    // paired. Ignored is what came, but not what went.
    let page = page(50, 300);
    let unlike: Vec<_> = (0..300).filter(|y| y % 5 > 1).map(Some).collect();
    let b = [&unlike[110..160], &unlike[..10], &[None; 40]].concat();
    let a = rearranged(&page, unlike[..100].iter().copied());
    let b = rearranged(&page, b.into_iter());
    let found = compare_images(&a, &b, &ignoring(&[rows(0, 50)]));
    assert_eq!(found.moves.len(), 1);
    assert!(found.differing > 50 * 50 && found.diff_ratio() <= 1.0);
}
