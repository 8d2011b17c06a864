//! The same picture in every form that a PNG can have: all colour types and
//! bit depths, interlaced or not, transparent by palette or by colour key.

use std::path::{Path, PathBuf};

use crate::{Antialiasing, Options, Verdict, compare_png};

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
