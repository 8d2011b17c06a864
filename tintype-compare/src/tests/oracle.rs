//! The counts of `pixelmatch` 7 and 8, and their verdict on every pixel, as
//! `tests/oracle/pixelmatch.mjs` wrote them down.

use std::path::Path;

use image::RgbaImage;

use super::pairs;
use crate::options::{Antialiasing, DiffWindow, Metric, Options};
use crate::pixel_view::{ImagePair, PixelView};
use crate::{any_png, compare_images, engine, engine::PixelCriteria, mask::Mask};

macro_rules! expected {
    ($file:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/oracle/", $file))
    };
}

#[test]
fn yiq_judges_every_pixel_as_pixelmatch_7_does() {
    check(Metric::Yiq, expected!("expected-7.txt"), &[]);
}

#[test]
fn oklab_judges_every_pixel_as_pixelmatch_8_does() {
    check(Metric::Oklab, expected!("expected-8.txt"), &[16, 5]);
}

fn check(metric: Metric, expected: &str, windows: &[u32]) {
    let mut checked = 0;
    let mut pair = (String::new(), RgbaImage::default(), RgbaImage::default());
    for line in expected.lines() {
        let fields: Vec<&str> = line.split(' ').collect();
        let [name, threshold, antialiasing, counts @ ..] = &fields[..] else {
            panic!("{line}: expected more fields");
        };
        if pair.0 != *name {
            let (a, b) = pairs::draw(name).unwrap_or_else(|| files(name));
            pair = ((*name).to_owned(), a, b);
        }
        let options = Options {
            metric,
            threshold: threshold.parse().unwrap(),
            antialiasing: if *antialiasing == "count" {
                Antialiasing::Count
            } else {
                Antialiasing::Ignore
            },
            ..Options::default()
        };
        let (_, a, b) = &pair;
        let found = compare_images(a, b, &options);
        let mut found = vec![
            found.differing,
            found.antialiased,
            verdicts(a, b, &options).into(),
        ];
        found.extend(windows.iter().map(|size| densest(a, b, &options, *size)));
        let counts: Vec<u64> = counts.iter().map(|count| count.parse().unwrap()).collect();
        assert_eq!(found, counts, "{line}");
        checked += 1;
    }
    assert!(checked > 2000, "only {checked} comparisons were found");
}

/// The largest number of differing pixels in a window.
fn densest(a: &RgbaImage, b: &RgbaImage, options: &Options, size: u32) -> u64 {
    let options = Options {
        max_diff_window: Some(DiffWindow { size, pixels: 0 }),
        ..options.clone()
    };
    let densest = compare_images(a, b, &options).densest_window;
    densest.map_or(0, |window| window.differing)
}

fn files(name: &str) -> (RgbaImage, RgbaImage) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracle/images");
    let read = |name: &str| any_png::decode(&std::fs::read(folder.join(name)).unwrap()).unwrap();
    let base = name.split('-').next().unwrap();
    (read(&format!("{base}.png")), read(name))
}

/// FNV-1a over 0 (equal), 1 (differs) or 2 (anti-aliasing) of every pixel.
fn verdicts(a: &RgbaImage, b: &RgbaImage, options: &Options) -> u32 {
    let mask = Mask::new(&[], a.width(), a.height());
    let pair = ImagePair::overlap(PixelView::of(a), PixelView::of(b));
    let new = || Map {
        width: a.width() as usize,
        verdicts: vec![0; a.as_raw().len() / 4],
    };
    let maps = engine::compare(pair, &PixelCriteria::new(options, &mask), new);
    let map = maps
        .into_iter()
        .reduce(|mut all, other| {
            all.verdicts
                .iter_mut()
                .zip(other.verdicts)
                .for_each(|(a, b)| *a |= b);
            all
        })
        .unwrap();
    map.verdicts.iter().fold(0x811c_9dc5, |hash: u32, verdict| {
        (hash ^ verdict).wrapping_mul(0x0100_0193)
    })
}

struct Map {
    width: usize,
    verdicts: Vec<u32>,
}

impl engine::RowSink for Map {
    fn row(&mut self, y: usize, bits: &engine::RowBits) {
        let row = &mut self.verdicts[y * self.width..][..self.width];
        engine::set_bits(&bits.differing).for_each(|x| row[x] = 1);
        engine::set_bits(&bits.antialiased).for_each(|x| row[x] = 2);
    }
}
