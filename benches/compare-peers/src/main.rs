//! Compares Tintype's comparison with other tools on the same images in the
//! same run: medians in milliseconds, and how many times faster Tintype is.
//!
//! `./run [FOLDER…]` builds and installs what is needed and starts this. A
//! folder holds `X.png` (or `X_a.png`) and what is compared with it,
//! `X-CHANGE.png` (or `X_CHANGE.png`). Without one: our own screenshots, the
//! screenshots that `./run` took into the folder `SITE`, and generated pairs.

mod cases;
mod in_memory;
mod processes;
mod served;

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Instant;

fn main() {
    let arguments: Vec<OsString> = env::args_os().skip(1).collect();
    if let [word, a, b] = &arguments[..]
        && word == "dify"
    {
        return processes::dify(Path::new(a), Path::new(b));
    }
    let mut folders: Vec<PathBuf> = arguments.iter().map(PathBuf::from).collect();
    let generated = folders.is_empty().then(cases::generate);
    if let Some(generated) = &generated {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        folders.push(here.join("../../tintype-compare/tests/oracle/images"));
        folders.extend(env::var_os("SITE").map(PathBuf::from));
        folders.push(generated.clone());
    }
    let cases: Vec<cases::Case> = folders.iter().flat_map(|path| cases::find(path)).collect();
    in_memory::table(&cases, &processes::modules());
    in_memory::table_from_files(&cases);
    served::table(&cases, &processes::odiff());
    processes::table(&cases);
    if let Some(generated) = generated {
        std::fs::remove_dir_all(generated).unwrap();
    }
}

fn time<T>(times: &mut Vec<f64>, work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = std::hint::black_box(work());
    times.push(start.elapsed().as_secs_f64() * 1e3);
    result
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
