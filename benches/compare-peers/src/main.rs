//! Tintype's comparison beside `blazediff` and `dify`, in memory, on the same
//! images in the same run: medians in milliseconds, and how many times faster
//! Tintype is.
//!
//! `cargo run --release -- [FOLDER…]`; a folder holds `X.png` (or `X_a.png`)
//! and what is compared with it, `X-CHANGE.png` (or `X_CHANGE.png`).

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::Instant;

use image::RgbaImage;
use tintype::compare::{Options, compare_images, compare_png};

const ROUNDS: usize = 25;

struct Case {
    name: String,
    files: [Vec<u8>; 2],
    images: [RgbaImage; 2],
}

fn main() {
    let mut folders: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    if folders.is_empty() {
        folders.push(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/oracle/images"));
    }
    println!(
        "{:<18} {:>8} {:>8} {:>9} {:>8} {:>8} {:>7} {:>8}   counts (tintype, blazediff, dify)",
        "in memory, ms", "memcmp", "tintype", "blazediff", "dify", "x memcmp", "x blaze", "x dify"
    );
    let cases: Vec<Case> = folders.iter().flat_map(|folder| cases(folder)).collect();
    for case in &cases {
        in_memory(case);
    }
    println!("\n{:<18} {:>8} {:>10}", "from PNG, ms", "tintype", "png crate");
    for case in &cases {
        from_files(case);
    }
}

fn cases(folder: &Path) -> Vec<Case> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "png"))
        .collect();
    paths.sort();
    let stem = |path: &Path| path.file_stem().unwrap().to_string_lossy().into_owned();
    let mut cases = Vec::new();
    for path in &paths {
        let name = stem(path);
        let Some((base, change)) = name.split_once(['-', '_']) else { continue };
        let plain = folder.join(format!("{base}.png"));
        let base = if plain.exists() { plain } else { folder.join(format!("{base}_a.png")) };
        let files = [std::fs::read(base).unwrap(), std::fs::read(path).unwrap()];
        let images = [0, 1].map(|side| image::load_from_memory(&files[side]).unwrap().into_rgba8());
        if images[0].dimensions() == images[1].dimensions() && change != "fast" {
            cases.push(Case { name, files, images });
        }
    }
    cases
}

fn in_memory(case: &Case) {
    let [a, b] = &case.images;
    let options = Options::default();
    let blaze = [a, b].map(|image| blazediff::Image {
        data: image.as_raw().clone(),
        width: image.width(),
        height: image.height(),
    });
    let blaze_options = blazediff::DiffOptions::default();
    let mut times: [Vec<f64>; 4] = Default::default();
    let mut counts = (0, 0, 0);
    for round in 0..ROUNDS {
        time(&mut times[0], || black_box(a.as_raw() == b.as_raw()));
        counts.0 = time(&mut times[1], || compare_images(a, b, &options)).differing;
        counts.1 = time(&mut times[2], || blazediff::diff(&blaze[0], &blaze[1], None, &blaze_options)).unwrap().diff_count;
        if round < 7 {
            // It takes its images for good.
            let (a, b) = (a.clone(), b.clone());
            let found = time(&mut times[3], || dify::diff::get_results(a, b, 35215.0 * 0.01, true, None, &None, &None));
            counts.2 = found.map_or(0, |(count, _)| count);
        }
    }
    let [memcmp, ours, blaze, dify] = times.map(median);
    println!(
        "{:<18} {memcmp:>8.3} {ours:>8.3} {blaze:>9.3} {dify:>8.3} {:>8.2} {:>7.2} {:>8.2}   {} {} {}",
        case.name, memcmp / ours, blaze / ours, dify / ours, counts.0, counts.1, counts.2
    );
}

fn from_files(case: &Case) {
    let [a, b] = &case.files;
    let options = Options::default();
    let mut times: [Vec<f64>; 2] = Default::default();
    for _ in 0..ROUNDS {
        time(&mut times[0], || compare_png(a, b, &options).unwrap());
        time(&mut times[1], || {
            let [a, b] = [a, b].map(|file| image::load_from_memory(file).unwrap().into_rgba8());
            compare_images(&a, &b, &options)
        });
    }
    let [ours, plain] = times.map(median);
    println!("{:<18} {ours:>8.3} {plain:>10.3}", case.name);
}

fn time<T>(times: &mut Vec<f64>, work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = black_box(work());
    times.push(start.elapsed().as_secs_f64() * 1e3);
    result
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
