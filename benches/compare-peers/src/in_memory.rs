//! Within one process.

use std::hint::black_box;

use tintype_compare::{Options, compare_images, compare_png};

use crate::cases::Case;
use crate::{median, time};

const ROUNDS: usize = 25;

/// From pixels to counts.
pub fn table(cases: &[Case]) {
    println!(
        "{:<18} {:>8} {:>8} {:>9} {:>8} {:>8} {:>7} {:>8}   counts (tintype, blazediff, dify)",
        "in memory, ms", "memcmp", "tintype", "blazediff", "dify", "x memcmp", "x blaze", "x dify"
    );
    cases.iter().for_each(row);
}

fn row(case: &Case) {
    let [a, b] = &case.images();
    let options = Options::default();
    let blaze = [a, b].map(|image| blazediff::Image {
        data: image.as_raw().clone(),
        width: image.width(),
        height: image.height(),
    });
    let blaze_options = blazediff::DiffOptions::default();
    let mut times: [Vec<f64>; 4] = Default::default();
    let mut counts = (0, 0, 0);
    for round in 0..case.rounds(ROUNDS) {
        time(&mut times[0], || black_box(a.as_raw() == b.as_raw()));
        counts.0 = time(&mut times[1], || compare_images(a, b, &options)).differing;
        counts.1 = time(&mut times[2], || {
            blazediff::diff(&blaze[0], &blaze[1], None, &blaze_options)
        })
        .unwrap()
        .diff_count;
        if round < 7 {
            // It takes its images for good.
            let (a, b) = (a.clone(), b.clone());
            let found = time(&mut times[3], || {
                dify::diff::get_results(a, b, 35215.0 * 0.01, true, None, &None, &None)
            });
            counts.2 = found.map_or(0, |(count, _)| count);
        }
    }
    let [memcmp, ours, blaze, dify] = times.map(median);
    println!(
        "{:<18} {memcmp:>8.3} {ours:>8.3} {blaze:>9.3} {dify:>8.3} {:>8.2} {:>7.2} {:>8.2}   {} {} {}",
        case.name,
        memcmp / ours,
        blaze / ours,
        dify / ours,
        counts.0,
        counts.1,
        counts.2
    );
}

/// From encoded files to counts, buffers warm, beside the `png` crate.
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
