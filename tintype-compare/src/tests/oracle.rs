//! Every count that `pixelmatch` 7.2 gave, and every pixel's verdict.
//! `tests/oracle/pixelmatch.mjs` wrote them down.

use std::path::Path;

use image::RgbaImage;

use super::pairs;
use crate::options::{Antialiasing, Options};
use crate::pixel_view::{ImagePair, PixelView};
use crate::{compare_images, decode, engine, engine::PixelCriteria, mask::Mask};

const EXPECTED: &str = include_str!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/oracle/expected.txt"
));

#[test]
fn every_pixel_is_judged_as_pixelmatch_judges_it() {
    let mut checked = 0;
    let mut pair = (String::new(), RgbaImage::default(), RgbaImage::default());
    for line in EXPECTED.lines() {
        let fields: Vec<&str> = line.split(' ').collect();
        let [name, threshold, antialiasing, differing, antialiased, hash] = fields[..] else {
            panic!("{line}: six fields are expected");
        };
        if pair.0 != name {
            let (a, b) = pairs::draw(name).unwrap_or_else(|| files(name));
            pair = (name.to_owned(), a, b);
        }
        let options = Options {
            threshold: threshold.parse().unwrap(),
            antialiasing: if antialiasing == "count" {
                Antialiasing::Count
            } else {
                Antialiasing::Ignore
            },
            ..Options::default()
        };
        let (_, a, b) = &pair;
        let comparison = compare_images(a, b, &options);
        assert_eq!(
            comparison.differing.to_string(),
            differing,
            "differing pixels of {line}"
        );
        assert_eq!(
            comparison.antialiased.to_string(),
            antialiased,
            "anti-aliased pixels of {line}"
        );
        assert_eq!(
            verdicts(a, b, &options).to_string(),
            hash,
            "places of {line}"
        );
        checked += 1;
    }
    assert!(checked > 2000, "only {checked} answers were found");
}

fn files(name: &str) -> (RgbaImage, RgbaImage) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracle/images");
    let read = |name: &str| decode::decode_any(&std::fs::read(folder.join(name)).unwrap()).unwrap();
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
    fn row(&mut self, y: usize, differing: &[u64], antialiased: &[u64]) {
        let row = &mut self.verdicts[y * self.width..][..self.width];
        engine::set_bits(differing).for_each(|x| row[x] = 1);
        engine::set_bits(antialiased).for_each(|x| row[x] = 2);
    }
}
