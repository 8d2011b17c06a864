//! Parses libtest's arguments.
//!
//! libtest-mimic's parser accepts only one filter, refuses `--no-capture`,
//! `--shuffle` and `--report-time`, and ignores `RUST_TEST_THREADS`. So the
//! arguments are parsed here, and libtest-mimic gets those that affect output.
//!
//! Tintype adds no options: they would break `cargo test -- …` for every other
//! test binary of the workspace. Its settings are environment variables.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{ArgAction, Parser, ValueEnum};

/// The arguments of a libtest test binary.
#[derive(Clone, Debug, Default, Parser)]
#[command(
    about = "Visual regression tests, with the arguments of `cargo test`",
    after_help = "Tintype itself is configured with environment variables, such as \
                  TINTYPE_UPDATE, TINTYPE_SESSIONS, TINTYPE_BROWSER and TINTYPE_EXPLAIN; see \
                  docs/manifest.md of its repository.",
    disable_version_flag = true
)]
pub(crate) struct Arguments {
    /// Run only tests whose name contains one of these strings
    #[arg(value_name = "FILTERS")]
    pub filters: Vec<String>,

    /// Skip tests whose name contains this string; may be repeated
    #[arg(long, value_name = "FILTER", action = ArgAction::Append)]
    pub skip: Vec<String>,

    /// Match filters exactly, instead of by substring
    #[arg(long)]
    pub exact: bool,

    /// List the tests instead of running them
    #[arg(long)]
    pub list: bool,

    /// Run only stories that the manifest skips
    #[arg(long)]
    pub ignored: bool,

    /// Also run stories that the manifest skips
    #[arg(long, conflicts_with = "ignored")]
    pub include_ignored: bool,

    /// Number of parallel browser sessions, unless TINTYPE_SESSIONS is set
    #[arg(long, value_name = "N", env = "RUST_TEST_THREADS")]
    pub test_threads: Option<std::num::NonZeroUsize>,

    /// Output format
    #[arg(long, value_enum, default_value_t, conflicts_with = "quiet")]
    pub format: Format,

    /// Print one character per test; the same as --format=terse
    #[arg(short, long)]
    pub quiet: bool,

    /// When to use colors
    #[arg(long, value_enum, default_value_t)]
    pub color: Color,

    /// Write the output to this file instead of stdout
    #[arg(long, value_name = "PATH")]
    pub logfile: Option<PathBuf>,

    /// Accepted for compatibility: every item is a test
    #[arg(long, conflicts_with = "bench")]
    pub test: bool,

    /// Run nothing, because there are no benchmarks
    #[arg(long)]
    pub bench: bool,

    /// Accepted for compatibility: output is never captured
    #[arg(long = "no-capture", visible_alias = "nocapture")]
    pub no_capture: bool,

    /// Accepted for compatibility: output is never captured
    #[arg(long)]
    pub show_output: bool,

    /// Accepted for compatibility: the order is always chosen by the scheduler
    #[arg(long)]
    pub shuffle: bool,

    /// Accepted for compatibility: the order is always chosen by the scheduler
    #[arg(long, value_name = "SEED")]
    pub shuffle_seed: Option<u64>,

    /// Accepted for compatibility: the reports always have the times
    #[arg(long, num_args = 0..=1, require_equals = true)]
    pub report_time: Option<Option<String>>,

    /// Accepted for compatibility: the manifest's `capture.timeout` applies
    #[arg(long)]
    pub ensure_time: bool,

    /// Accepted for compatibility: snapshots always share a process
    #[arg(long)]
    pub force_run_in_process: bool,

    /// Accepted for compatibility: no test is expected to panic
    #[arg(long)]
    pub exclude_should_panic: bool,

    /// Accepted for compatibility, as in `-Z unstable-options`
    #[arg(short = 'Z', value_name = "FLAG")]
    pub unstable: Vec<String>,
}

/// The output format.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// A line per test.
    #[default]
    Pretty,
    /// A character per test.
    Terse,
    /// A JSON object per line.
    Json,
}

/// When to use colors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Arguments {
    /// Parses arguments, the first of which is the program's name.
    ///
    /// # Errors
    /// When an argument is unknown. `--help` is also an error;
    /// [`clap::Error::exit_code`] distinguishes them.
    pub(crate) fn parse_from<I, T>(arguments: I) -> Result<Self, clap::Error>
    where
        I: IntoIterator<Item = T>,
        T: Into<OsString> + Clone,
    {
        Self::try_parse_from(arguments)
    }

    /// The arguments for libtest-mimic, which prints. The filters have been
    /// applied before, by `Selection`.
    pub(super) fn for_mimic(&self, threads: usize) -> libtest_mimic::Arguments {
        libtest_mimic::Arguments {
            test: self.test,
            bench: self.bench,
            nocapture: true,
            quiet: self.quiet,
            test_threads: Some(threads),
            logfile: self
                .logfile
                .as_ref()
                .map(|path| path.to_string_lossy().into_owned()),
            color: Some(match self.color {
                Color::Auto => libtest_mimic::ColorSetting::Auto,
                Color::Always => libtest_mimic::ColorSetting::Always,
                Color::Never => libtest_mimic::ColorSetting::Never,
            }),
            format: (!self.quiet).then_some(match self.format {
                Format::Pretty => libtest_mimic::FormatSetting::Pretty,
                Format::Terse => libtest_mimic::FormatSetting::Terse,
                Format::Json => libtest_mimic::FormatSetting::Json,
            }),
            ..libtest_mimic::Arguments::default()
        }
    }
}
