//! The comparison alone, on the screenshots of
//! `tintype-compare/tests/oracle/images`: `cargo bench --bench compare`. For a
//! comparison with other tools see `benches/compare-peers`.

use divan::{Bencher, black_box};
use image::RgbaImage;
use tintype::compare::{Options, compare_images, compare_png, inspect_png};

const CASES: [&str; 4] = ["rustdoc", "rustdoc-few", "rustdoc-shift", "rustdoc-heavy"];

fn main() {
    divan::main();
}

fn file(name: &str) -> Vec<u8> {
    let path = format!(
        "{}/tintype-compare/tests/oracle/images/{name}.png",
        env!("CARGO_MANIFEST_DIR")
    );
    std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn image(name: &str) -> RgbaImage {
    image::load_from_memory(&file(name))
        .expect("a screenshot")
        .into_rgba8()
}

/// From pixels to the verdict.
#[divan::bench(args = CASES)]
fn images(bencher: Bencher<'_, '_>, case: &str) {
    let (a, b, options) = (image(CASES[0]), image(case), Options::default());
    bencher.bench(|| compare_images(black_box(&a), black_box(&b), &options));
}

/// From encoded files to the verdict.
#[divan::bench(args = CASES)]
fn files(bencher: Bencher<'_, '_>, case: &str) {
    let (a, b, options) = (file(CASES[0]), file(case), Options::default());
    bencher.bench(|| compare_png(black_box(&a), black_box(&b), &options));
}

/// The time of a failure, including the diff image and the sweep.
#[divan::bench(args = CASES)]
fn explanation(bencher: Bencher<'_, '_>, case: &str) {
    let (a, b) = (file(CASES[0]), file(case));
    let options = Options::default();
    bencher.bench_local(|| {
        let mut inspection = inspect_png(&a, &b, &options).expect("two screenshots");
        (inspection.diff_png(), inspection.sweep())
    });
}
