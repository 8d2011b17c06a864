//! `cargo tintype compare`: two images, or two folders of them. It needs no
//! project and is of use in any pipeline.

mod files;
mod folders;
mod image_pair;
mod outcome;

use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use tintype::compare::{Antialiasing, Options as Settings, Perceptual};
use tintype::model::Region;

use outcome::CompareOutcome;

/// Compare two images, or two folders of images
///
/// Exits with 0 if they are the same or within the limits, with 1 if they
/// differ, and with 2 if one of them could not be read. ImagePair that are equal are
/// not looked into: whether they are damaged is not noticed.
#[derive(clap::Args)]
pub(crate) struct CompareArguments {
    /// The accepted image, or a folder
    baseline: PathBuf,

    /// The image to judge, or a folder
    current: PathBuf,

    /// How far apart two colours may be and still count as equal: YIQ distance,
    /// 0 (every difference counts) to 1
    #[arg(long, value_name = "T", default_value_t = 0.1, value_parser = share)]
    threshold: f64,

    /// Count pixels that look like anti-aliasing
    #[arg(long)]
    include_aa: bool,

    /// How many pixels may differ
    #[arg(long, value_name = "N")]
    max_diff_pixels: Option<u64>,

    /// Which share of the pixels may differ, 0 to 1
    #[arg(long, value_name = "RATIO", value_parser = share)]
    max_diff_ratio: Option<f64>,

    /// A rectangle that is not compared, in image pixels (may be repeated)
    #[arg(long, value_name = "X,Y,WIDTHxHEIGHT", value_parser = region)]
    ignore: Vec<Region>,

    /// Recognise rows that only moved up or down, and report the move instead
    /// of everything that it displaced
    #[arg(long)]
    moved: bool,

    /// Report how visible the difference is, in CIEDE2000
    #[arg(long)]
    delta_e: bool,

    /// Tolerate any number of pixels of which 99 in 100 differ by no more than
    /// this in CIEDE2000 (2.3 is just noticeable)
    #[arg(long, value_name = "DELTA")]
    max_delta_e: Option<f64>,

    /// Write a picture of the difference here if there is one; with folders,
    /// a folder for the pictures
    #[arg(long, value_name = "OUT")]
    diff: Option<PathBuf>,

    /// Say how many pixels differ at other thresholds, and which setting would
    /// pass
    #[arg(long)]
    explain: bool,

    /// JSON for programs
    #[arg(long)]
    json: bool,
}

impl CompareArguments {
    fn settings(&self) -> Settings {
        Settings {
            threshold: self.threshold,
            antialiasing: if self.include_aa {
                Antialiasing::Count
            } else {
                Antialiasing::Ignore
            },
            max_diff_pixels: self.max_diff_pixels,
            max_diff_ratio: self.max_diff_ratio,
            ignore: self.ignore.clone(),
            detect_moves: self.moved,
            perceptual: match self.max_delta_e {
                Some(max_delta_e) => Perceptual::Decide { max_delta_e },
                None if self.delta_e => Perceptual::Report,
                None => Perceptual::Off,
            },
        }
    }
}

pub(crate) fn run(options: &CompareArguments) -> ExitCode {
    match compare(options) {
        Ok(CompareOutcome::Same) => ExitCode::SUCCESS,
        Ok(CompareOutcome::Different) => ExitCode::from(1),
        Ok(CompareOutcome::Failed) => ExitCode::from(2),
        Err(error) => {
            // Where it cannot be said, the exit code still tells.
            let _ = say(io::stderr(), &format!("error: {error:#}"));
            ExitCode::from(2)
        }
    }
}

fn compare(options: &CompareArguments) -> Result<CompareOutcome> {
    let (a, b) = (&options.baseline, &options.current);
    match (a.is_dir(), b.is_dir()) {
        (true, true) => folders::compare(options),
        (false, false) => files::compare(options),
        (true, false) => one_folder(a, b),
        (false, true) => one_folder(b, a),
    }
}

/// Prints a line. That nobody reads on does not change what was found.
fn say(mut to: impl Write, line: &str) -> Result<()> {
    match writeln!(to, "{line}") {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(error).context("failed to print")
        }
        _ => Ok(()),
    }
}

fn one_folder(folder: &Path, other: &Path) -> Result<CompareOutcome> {
    let (folder, other) = (folder.display(), other.display());
    bail!("failed to compare {folder}, a folder, with {other} (give two images or two folders)")
}

fn share(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(number) if (0.0..=1.0).contains(&number) => Ok(number),
        _ => Err("expected a number from 0 to 1".to_owned()),
    }
}

fn region(text: &str) -> Result<Region, String> {
    let parts: Vec<&str> = text.split([',', 'x']).collect();
    let numbers: Result<Vec<u32>, _> = parts.iter().map(|part| part.trim().parse()).collect();
    match numbers.as_deref() {
        Ok(&[x, y, width, height]) => Ok(Region {
            x,
            y,
            width,
            height,
        }),
        _ => Err("expected X,Y,WIDTHxHEIGHT, for example 10,20,300x40".to_owned()),
    }
}
