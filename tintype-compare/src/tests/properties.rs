//! Random questions: the engine against the plain reference, and files against
//! pixels.

use image::RgbaImage;

use super::pairs::{self, Random};
use super::reference;
use crate::any_png;
use crate::decode::DecodedPair;
use crate::inspection::compare_in_bands;
use crate::region::Region;
use crate::{
    Antialiasing, DiffWindow, Metric, Options, compare_images, compare_png, pixel_view::PixelView,
};

const KINDS: [&str; 6] = ["noise", "palette", "gradient", "discs", "alpha", "glass"];
const CHANGES: [&str; 4] = ["speckled", "shifted", "redrawn", "other"];

fn pair(random: &mut Random) -> (RgbaImage, RgbaImage) {
    let kind = KINDS[(random.next() % 6) as usize];
    let change = CHANGES[(random.next() % 4) as usize];
    let (width, height) = (1 + random.next() % 150, 1 + random.next() % 40);
    let seed = random.next() % 1_000_000;
    let (a, mut b) = pairs::draw(&format!("{kind}-{change}-{width}x{height}-{seed}")).unwrap();
    // Mostly equal images take other ways than mostly different ones.
    if random.next().is_multiple_of(2) {
        let kept = random.next() % height;
        for (x, y, pixel) in a
            .enumerate_pixels()
            .filter(|(_, y, _)| y % height.min(17) != kept)
        {
            b.put_pixel(x, y, *pixel);
        }
    }
    (a, b)
}

fn options(random: &mut Random) -> Options {
    let threshold = [0.0, 0.003, 0.05, 0.1, 0.1, 0.37, 1.0][(random.next() % 7) as usize];
    let mut region = || Region {
        x: random.next() % 160,
        y: random.next() % 45,
        width: random.next() % 90,
        height: random.next() % 20,
    };
    let ignore = vec![region(), region()];
    let masked = random.next().is_multiple_of(2);
    let window = DiffWindow {
        size: 1 + random.next() % 20,
        pixels: u64::from(random.next() % 40),
    };
    Options {
        metric: [Metric::Oklab, Metric::Yiq][(random.next() % 2) as usize],
        max_diff_window: random.next().is_multiple_of(3).then_some(window),
        threshold,
        antialiasing: [Antialiasing::Ignore, Antialiasing::Count][(random.next() % 2) as usize],
        ignore: if masked { ignore } else { Vec::new() },
        ..Options::default()
    }
}

#[test]
fn the_engine_agrees_with_the_plain_reference() {
    let mut random = Random(1);
    for round in 0..if cfg!(miri) { 6 } else { 400 } {
        let (a, b) = pair(&mut random);
        let options = options(&mut random);
        let major = if options.metric == Metric::Yiq { 7 } else { 8 };
        let include_aa = options.antialiasing == Antialiasing::Count;
        let covered = |index: usize| {
            let (x, y) = (index as u32 % a.width(), index as u32 / a.width());
            let inside = |r: &Region| {
                (r.x..r.x + r.width).contains(&x) && (r.y..r.y + r.height).contains(&y)
            };
            options.ignore.iter().any(inside)
        };
        let verdicts: Vec<u8> = reference::verdicts(major, (&a, &b), options.threshold, include_aa)
            .into_iter()
            .enumerate()
            .filter(|(index, _)| !covered(*index))
            .map(|(_, verdict)| verdict)
            .collect();
        let count = |wanted| {
            verdicts
                .iter()
                .filter(|verdict| **verdict == wanted)
                .count() as u64
        };
        let unequal = a
            .pixels()
            .zip(b.pixels())
            .enumerate()
            .filter(|(index, (p, q))| !covered(*index) && p != q && (p.0[3] | q.0[3]) != 0)
            .count() as u64;
        let found = compare_images(&a, &b, &options);
        assert_eq!(
            found.differing + found.antialiased + found.below_threshold,
            unequal,
            "round {round}: {options:?}"
        );
        let counts = (found.differing, found.antialiased, found.compared);
        assert_eq!(
            counts,
            (count(1), count(2), verdicts.len() as u64),
            "round {round}: {options:?}"
        );
    }
}

#[test]
fn files_are_judged_as_their_pixels_are() {
    let mut random = Random(2);
    let mut in_bands = 0;
    for round in 0..if cfg!(miri) { 6 } else { 300 } {
        let (a, b) = pair(&mut random);
        let options = options(&mut random);
        let files = [&a, &b].map(|image| encode(image, &mut random));
        let from_files = compare_png(&files[0], &files[1], &options).unwrap();
        assert_eq!(
            from_files,
            compare_images(&a, &b, &options),
            "round {round}"
        );
        for band in [1, 1000, 4000] {
            let found = compare_in_bands(&files[0], &files[1], &options, band);
            in_bands += usize::from(found.is_some());
            assert!(
                found.is_none_or(|found| found == from_files),
                "round {round}"
            );
        }
        let whole = DecodedPair::decode_fully(&files[0], &files[1]).unwrap();
        assert!(
            pixels(whole.views().0).eq(a.pixels().map(|p| p.0)),
            "round {round}"
        );
        let any = any_png::decode(&files[1]).unwrap();
        assert!(
            pixels(whole.views().1).eq(any.pixels().map(|p| p.0)),
            "round {round}"
        );
    }
    assert!(
        in_bands > 300 || cfg!(miri),
        "only {in_bands} went side by side"
    );
}

fn pixels(view: PixelView<'_>) -> impl Iterator<Item = [u8; 4]> {
    let (width, height) = view.size();
    (0..height).flat_map(move |y| (0..width).map(move |x| view.pixel(x, y)))
}

/// As RGB where nothing is translucent, with any filter and any compression.
fn encode(image: &RgbaImage, random: &mut Random) -> Vec<u8> {
    use png::{Compression, Filter};
    let opaque = image.pixels().all(|pixel| pixel.0[3] == 255) && !random.next().is_multiple_of(3);
    let filters = [
        Filter::NoFilter,
        Filter::Sub,
        Filter::Up,
        Filter::Avg,
        Filter::Paeth,
        Filter::Adaptive,
    ];
    let compressions = [
        Compression::NoCompression,
        Compression::Fast,
        Compression::Balanced,
    ];
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, image.width(), image.height());
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_color(if opaque {
        png::ColorType::Rgb
    } else {
        png::ColorType::Rgba
    });
    encoder.set_compression(compressions[(random.next() % 3) as usize]);
    encoder.set_filter(filters[(random.next() % 6) as usize]);
    let mut writer = encoder.write_header().unwrap();
    let data: Vec<u8> = image
        .pixels()
        .flat_map(|p| p.0[..if opaque { 3 } else { 4 }].to_vec())
        .collect();
    writer.write_image_data(&data).unwrap();
    writer.finish().unwrap();
    bytes
}

/// The scalar twin and every instruction set that this processor has.
#[cfg(target_arch = "x86_64")]
#[test]
fn every_instruction_set_gives_the_same() {
    use crate::simd::{InstructionSet, tests::LIMIT};

    let mut random = Random(3);
    // Miri takes a thousand times as long.
    for round in 0..if cfg!(miri) { 4 } else { 150 } {
        let (a, b) = pair(&mut random);
        let options = options(&mut random);
        // Images this small are compared on the calling thread.
        let [plain, avx2, avx512] = [
            InstructionSet::Plain,
            InstructionSet::Avx2,
            InstructionSet::Avx512,
        ]
        .map(|limit| {
            LIMIT.set(limit);
            compare_images(&a, &b, &options)
        });
        assert_eq!(plain, avx2, "round {round}");
        assert_eq!(plain, avx512, "round {round}");
    }
}
