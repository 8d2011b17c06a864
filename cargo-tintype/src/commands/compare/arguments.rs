//! The arguments of the command.

use std::path::PathBuf;

use tintype::compare::Region;
use tintype::compare::{Antialiasing, DiffWindow, Metric, Options, Perceptual};

/// Compare two images, or two folders of images
///
/// Exits with 0 if they are the same or within tolerance, with 1 if they
/// differ, and with 2 if one of them cannot be read. Files with equal bytes are
/// not decoded, so damage in them is not detected.
#[derive(clap::Args)]
pub(crate) struct CompareArguments {
    /// The accepted image, or a folder
    pub(super) baseline: PathBuf,

    /// The image to compare with it, or a folder
    pub(super) current: PathBuf,

    /// How to measure the distance of two colours: as pixelmatch 8 (oklab) or
    /// as pixelmatch 7 (yiq)
    #[arg(long, value_enum, default_value_t = MetricName::Oklab)]
    metric: MetricName,

    /// The largest distance of two colours that count as equal, from 0 (every
    /// difference counts) to 1
    #[arg(long, value_name = "T", default_value_t = 0.1, value_parser = ratio)]
    threshold: f64,

    /// Count pixels that look like anti-aliasing
    #[arg(long)]
    include_aa: bool,

    /// The most pixels that may differ
    #[arg(long, value_name = "N")]
    max_diff_pixels: Option<u64>,

    /// The largest share of the pixels that may differ, 0 to 1
    #[arg(long, value_name = "RATIO", value_parser = ratio)]
    max_diff_ratio: Option<f64>,

    /// The most pixels that may differ in any window of SIZE×SIZE pixels
    #[arg(long, value_name = "SIZE:N", value_parser = window)]
    max_diff_window: Option<DiffWindow>,

    /// A rectangle that is not compared, in image pixels (repeatable)
    #[arg(long, value_name = "X,Y,WIDTHxHEIGHT", value_parser = region)]
    ignore: Vec<Region>,

    /// Recognise rows that only moved up or down, and report the move instead
    /// of everything that it displaced
    #[arg(long)]
    moved: bool,

    /// Measure how visible the difference is, in CIEDE2000
    #[arg(long)]
    delta_e: bool,

    /// The largest colour difference of a differing pixel, in CIEDE2000 (2.3 is
    /// just noticeable)
    #[arg(long, value_name = "DELTA", value_parser = delta_e)]
    max_delta_e: Option<f64>,

    /// Write a diff image to this path if the images differ; with folders, a
    /// folder for the diff images
    #[arg(long, value_name = "OUT")]
    pub(super) diff: Option<PathBuf>,

    /// Report how many pixels differ at other thresholds, and which setting
    /// would pass
    #[arg(long)]
    pub(super) explain: bool,

    /// Print JSON
    #[arg(long)]
    pub(super) json: bool,
}

/// The names of the metrics on the command line.
#[derive(Clone, Copy, clap::ValueEnum)]
enum MetricName {
    Oklab,
    Yiq,
}

impl CompareArguments {
    /// The options of the comparison itself.
    pub(super) fn options(&self) -> Options {
        let mut options = Options::default();
        options.metric = match self.metric {
            MetricName::Oklab => Metric::Oklab,
            MetricName::Yiq => Metric::Yiq,
        };
        options.threshold = self.threshold;
        options.antialiasing = if self.include_aa {
            Antialiasing::Count
        } else {
            Antialiasing::Ignore
        };
        options.max_diff_pixels = self.max_diff_pixels;
        options.max_diff_ratio = self.max_diff_ratio;
        options.max_diff_window = self.max_diff_window;
        options.ignore.clone_from(&self.ignore);
        options.detect_moves = self.moved;
        options.perceptual = match self.max_delta_e {
            Some(max_delta_e) => Perceptual::Limit { max_delta_e },
            None if self.delta_e => Perceptual::Report,
            None => Perceptual::Off,
        };
        options
    }
}

fn ratio(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(number) if (0.0..=1.0).contains(&number) => Ok(number),
        _ => Err("expected a number from 0 to 1".to_owned()),
    }
}

fn delta_e(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(number) if (0.0..=100.0).contains(&number) => Ok(number),
        _ => Err("expected a number from 0 to 100".to_owned()),
    }
}

fn window(text: &str) -> Result<DiffWindow, String> {
    let parts = text.split_once(':');
    match parts.map(|(size, pixels)| (size.parse(), pixels.parse())) {
        Some((Ok(size), Ok(pixels))) if size > 0 => Ok(DiffWindow::new(size, pixels)),
        _ => Err("expected SIZE:N, for example 16:28".to_owned()),
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
