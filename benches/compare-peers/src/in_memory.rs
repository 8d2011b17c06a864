//! Compares within one process.

use std::hint::black_box;
use std::path::Path;
use std::process::Command;

use tintype_compare::{Metric, Options, compare_images, compare_png};

use crate::cases::Case;
use crate::{median, time};

const ROUNDS: usize = 25;

/// From pixels to counts. `modules` is the folder in which npm has put
/// pixelmatch.
pub fn table(cases: &[Case], modules: &Path) {
    println!(
        "{:<18} {:>8} {:>8} {:>8} {:>9} {:>8} {:>8} {:>8} {:>8} {:>7} {:>8} {:>7} {:>7}   counts",
        "in memory, ms",
        "memcmp",
        "oklab",
        "yiq",
        "blazediff",
        "dify",
        "pm 8",
        "pm 7",
        "x memcmp",
        "x blaze",
        "x dify",
        "x pm 8",
        "x pm 7"
    );
    cases.iter().for_each(|case| row(case, modules));
}

fn row(case: &Case, modules: &Path) {
    let [a, b] = &case.images();
    let (oklab, mut yiq) = (Options::default(), Options::default());
    yiq.metric = Metric::Yiq;
    let blaze = [a, b].map(|image| blazediff::Image {
        data: image.as_raw().clone(),
        width: image.width(),
        height: image.height(),
    });
    let blaze_options = blazediff::DiffOptions::default();
    let mut times: [Vec<f64>; 5] = Default::default();
    let mut counts = [0_u64; 4];
    for round in 0..case.rounds(ROUNDS) {
        time(&mut times[0], || black_box(a.as_raw() == b.as_raw()));
        counts[0] = time(&mut times[1], || compare_images(a, b, &oklab)).differing;
        counts[1] = time(&mut times[2], || compare_images(a, b, &yiq)).differing;
        counts[2] = time(&mut times[3], || {
            blazediff::diff(&blaze[0], &blaze[1], None, &blaze_options)
        })
        .unwrap()
        .diff_count
        .into();
        if round < 7 {
            // dify takes ownership of its images.
            let (a, b) = (a.clone(), b.clone());
            let found = time(&mut times[4], || {
                dify::diff::get_results(a, b, 35215.0 * 0.01, true, None, &None, &None)
            });
            counts[3] = found.map_or(0, |(count, _)| count as u64);
        }
    }
    let [memcmp, oklab, yiq, blaze, dify] = times.map(median);
    let [eight, seven] = ["8", "7"].map(|version| pixelmatch(case, modules, version));
    let cell = |time: Option<f64>| time.map_or("-".to_owned(), |time| format!("{time:.2}"));
    let ratio = |peer: Option<(f64, u64)>, ours: f64| cell(peer.map(|(time, _)| time / ours));
    println!(
        "{:<18} {memcmp:>8.3} {oklab:>8.3} {yiq:>8.3} {blaze:>9.3} {dify:>8.3} {:>8} {:>8} {:>8.2} {:>7.2} {:>8.2} {:>7} {:>7}   oklab {} (pixelmatch 8: {}), yiq {} (pixelmatch 7: {}), blazediff {}, dify {}",
        case.name,
        cell(eight.map(|peer| peer.0)),
        cell(seven.map(|peer| peer.0)),
        memcmp / oklab,
        blaze / oklab,
        dify / oklab,
        ratio(eight, oklab),
        ratio(seven, yiq),
        counts[0],
        eight.map_or(0, |peer| peer.1),
        counts[1],
        seven.map_or(0, |peer| peer.1),
        counts[2],
        counts[3],
    );
}

/// The median time of pixelmatch within one process of node, and its count.
fn pixelmatch(case: &Case, modules: &Path, version: &str) -> Option<(f64, u64)> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("pixelmatch.mjs");
    let package = modules.join(format!("pixelmatch{version}"));
    if !package.exists() {
        return None;
    }
    let mut node = Command::new("node");
    node.arg(script).arg(modules).arg(version).args(&case.paths);
    let output = node.output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let (time, count) = text.trim().split_once(' ')?;
    Some((time.parse().ok()?, count.parse().ok()?))
}

/// From encoded files to counts, with warm buffers, compared with the `png`
/// crate.
pub fn table_from_files(cases: &[Case]) {
    println!(
        "\n{:<18} {:>8} {:>10} {:>8}",
        "from PNG, ms", "tintype", "png crate", "x png"
    );
    for case in cases {
        let [a, b] = &case.files();
        let options = Options::default();
        let mut times: [Vec<f64>; 2] = Default::default();
        for round in 0..case.rounds(ROUNDS) {
            time(&mut times[0], || compare_png(a, b, &options).unwrap());
            if round < 7 {
                time(&mut times[1], || {
                    let [a, b] =
                        [a, b].map(|file| image::load_from_memory(file).unwrap().into_rgba8());
                    compare_images(&a, &b, &options)
                });
            }
        }
        let [ours, plain] = times.map(median);
        println!(
            "{:<18} {ours:>8.3} {plain:>10.3} {:>8.2}",
            case.name,
            plain / ours
        );
    }
}
