//! The arguments of libtest, as people know them.
//!
//! libtest-mimic has a parser of its own that takes one filter only, refuses
//! `--no-capture`, `--shuffle` and `--report-time`, and does not read
//! `RUST_TEST_THREADS`. So they are read here, and what is left for
//! libtest-mimic to do is handed over.
//!
//! Tintype has no options of its own: they would break `cargo test -- …` for
//! every other test binary of the workspace. Its settings are environment
//! variables.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{ArgAction, Parser, ValueEnum};

/// What libtest understands.
#[derive(Clone, Debug, Default, Parser)]
#[command(
    about = "Visual regression tests, with the arguments of `cargo test`",
    after_help = "Settings of Tintype itself are environment variables: TINTYPE_UPDATE, \
                  TINTYPE_SESSIONS, TINTYPE_BROWSER, …; see README.md.",
    disable_version_flag = true
)]
pub struct Arguments {
    /// Run only tests whose name contains one of these texts
    #[arg(value_name = "FILTERS")]
    pub filters: Vec<String>,

    /// Leave out tests whose name contains this text; may be given again
    #[arg(long, value_name = "FILTER", action = ArgAction::Append)]
    pub skip: Vec<String>,

    /// Filters are whole names
    #[arg(long)]
    pub exact: bool,

    /// List the tests instead of running them
    #[arg(long)]
    pub list: bool,

    /// Run only what the manifest skips
    #[arg(long)]
    pub ignored: bool,

    /// Run what the manifest skips as well
    #[arg(long, conflicts_with = "ignored")]
    pub include_ignored: bool,

    /// How many browser sessions at once, unless TINTYPE_SESSIONS is set
    #[arg(long, value_name = "N", env = "RUST_TEST_THREADS")]
    pub test_threads: Option<std::num::NonZeroUsize>,

    /// How results are printed
    #[arg(long, value_enum, default_value_t, conflicts_with = "quiet")]
    pub format: Format,

    /// One character per test: the same as --format=terse
    #[arg(short, long)]
    pub quiet: bool,

    /// When to print in colours
    #[arg(long, value_enum, default_value_t)]
    pub color: Color,

    /// Write results to this file instead of stdout
    #[arg(long, value_name = "PATH")]
    pub logfile: Option<PathBuf>,

    /// Accepted: there are only tests here
    #[arg(long, conflicts_with = "bench")]
    pub test: bool,

    /// Run no test, since there are no benchmarks
    #[arg(long)]
    pub bench: bool,

    /// Accepted: nothing is captured
    #[arg(long = "no-capture", visible_alias = "nocapture")]
    pub no_capture: bool,

    /// Accepted: nothing is captured
    #[arg(long)]
    pub show_output: bool,

    /// Accepted: sessions take stories in an order of their own
    #[arg(long)]
    pub shuffle: bool,

    /// Accepted: sessions take stories in an order of their own
    #[arg(long, value_name = "SEED")]
    pub shuffle_seed: Option<u64>,

    /// Accepted: the record has the times of every test
    #[arg(long, num_args = 0..=1, require_equals = true)]
    pub report_time: Option<Option<String>>,

    /// Accepted: the time a snapshot may take is `capture.timeout` of the manifest
    #[arg(long)]
    pub ensure_time: bool,

    /// Accepted: a snapshot is never run in a process of its own
    #[arg(long)]
    pub force_run_in_process: bool,

    /// Accepted: no test is expected to panic
    #[arg(long)]
    pub exclude_should_panic: bool,

    /// Accepted: `unstable-options`
    #[arg(short = 'Z', value_name = "FLAG")]
    pub unstable: Vec<String>,
}

/// How results are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// A line per test.
    #[default]
    Pretty,
    /// A character per test.
    Terse,
    /// A JSON object per line.
    Json,
}

/// When to print in colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Arguments {
    /// Reads the arguments of the process, the first of which is its name.
    ///
    /// # Errors
    /// When there is one that libtest does not know. `--help` counts as an
    /// error too; [`clap::Error::exit_code`] tells them apart.
    pub fn parse_from<I, T>(arguments: I) -> Result<Self, clap::Error>
    where
        I: IntoIterator<Item = T>,
        T: Into<OsString> + Clone,
    {
        Self::try_parse_from(arguments)
    }

    /// What is left for libtest-mimic to do: printing. Filters are applied
    /// before ([`Selection`](super::Selection)).
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
