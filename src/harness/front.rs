//! From the command line to the exit code.

use std::env;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use crate::config::{Config, ConfigError};
use crate::manifest::{CodeStoryError, CredentialsError, Manifest, ManifestError, Source, Story};
use crate::plan::Plan;
use crate::run::RunOptions;
use crate::serve::ServeError;

use super::arguments::{Arguments, Color};
use super::listing::listing;
use super::log;
#[cfg(unix)]
use super::nextest;
use super::selection::{Selected, Selection};
use super::started;
use super::trials;
use super::work::Work;

/// What libtest returns when a test has failed or nothing could be run.
const FAILURE: u8 = 101;

/// A suite of visual tests: the whole `main` of a test target with
/// `harness = false`.
///
/// ```no_run
/// fn main() -> std::process::ExitCode {
///     tintype::Harness::new().manifest("suites/shop.toml").run()
/// }
/// ```
///
/// What a manifest cannot say is given here: a server
/// ([`serve`](Self::serve), [`address`](Self::address)), further stories
/// ([`story`](Self::story)), and code around them ([`before`](Self::before),
/// [`after`](Self::after)).
#[derive(Clone, Debug, Default)]
pub struct Harness {
    manifest: Option<PathBuf>,
    /// Where the stories are, instead of where the manifest says.
    pub(super) address: Option<String>,
    /// Stories beside the manifest's.
    pub(super) stories: Vec<Story>,
    pub(super) options: RunOptions,
}

/// Why no test could be run.
#[derive(Debug, thiserror::Error)]
pub enum HarnessError {
    /// An environment variable means nothing.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The manifest is missing or wrong.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// What the test target adds to the manifest does not fit it.
    #[error(transparent)]
    Code(#[from] CodeStoryError),
    /// A Storybook that is needed for the list of its stories does not run.
    #[error("failed to serve the stories: {0}")]
    Serve(#[from] ServeError),
    /// What its server wants to see is not there.
    #[error("failed to get into the stories' server: {0}")]
    Access(#[from] CredentialsError),
    /// A Storybook is up and does not give its list.
    #[error("the Storybook answers, but does not give its index.json (is it one?)")]
    NoList,
    /// No threads, or nowhere to print.
    #[error("failed to start, or to print the list: {0}")]
    Print(#[from] io::Error),
}

/// Runs the suite of `stories.toml`, the manifest beside `Cargo.toml`, with
/// the arguments of the process.
pub fn run() -> ExitCode {
    Harness::new().run()
}

impl Harness {
    /// The suite of `stories.toml`.
    pub fn new() -> Self {
        Self::default()
    }

    /// Names another manifest, relative to the folder of `Cargo.toml`.
    /// `TINTYPE_MANIFEST` beats it.
    #[must_use]
    pub fn manifest(mut self, path: impl Into<PathBuf>) -> Self {
        self.manifest = Some(path.into());
        self
    }

    /// Runs the suite with the arguments of the process, and gives libtest's
    /// exit codes: 0, or 101 when a test has failed or none could be run.
    pub fn run(self) -> ExitCode {
        let arguments = match Arguments::parse_from(env::args_os()) {
            Ok(arguments) => arguments,
            Err(error) => {
                // Nobody is left to tell that telling has failed.
                let _ = error.print();
                return match error.exit_code() {
                    0 => ExitCode::SUCCESS,
                    _ => ExitCode::from(FAILURE),
                };
            }
        };
        self.run_with(&arguments).unwrap_or_else(|error| {
            eprintln!("{}", shown(&error, arguments.color));
            ExitCode::from(FAILURE)
        })
    }

    fn run_with(self, arguments: &Arguments) -> Result<ExitCode, HarnessError> {
        let config = Config::from_environment()?;
        log::begin(config.log);
        let named = config.manifest.clone().or_else(|| self.manifest.clone());
        let path = named.unwrap_or_else(|| PathBuf::from("stories.toml"));
        let (mut manifest, mut selected) = self.prepare(&path, arguments, &config)?;
        let started = started::start(&manifest, arguments, &config)?;
        if started.is_some() {
            (manifest, selected) = self.prepare(&path, arguments, &config)?;
            if manifest.is_stale {
                // No run goes by an old list, or by none.
                return Err(HarnessError::NoList);
            }
        }
        if arguments.list {
            let text = listing(&selected.snapshots, arguments);
            io::stdout().write_all(text.as_bytes())?;
            return Ok(ExitCode::SUCCESS);
        }
        let options = self.options;
        #[cfg(unix)]
        if let Ok(name) = env::var(nextest::STUDIO) {
            let place = nextest::Place::named(&manifest, &name);
            return Ok(nextest::work(
                &place,
                manifest,
                selected.snapshots,
                config,
                options,
            ));
        }
        Ok(carry_out(arguments, manifest, config, options, &selected))
    }

    /// Manifest, plan and selection: everything that needs no browser.
    fn prepare(
        &self,
        path: &Path,
        arguments: &Arguments,
        config: &Config,
    ) -> Result<(Manifest, Selected), HarnessError> {
        let mut manifest = Manifest::load(path)?;
        config.override_manifest(&mut manifest)?;
        if let (Some(threads), None) = (arguments.test_threads, config.sessions) {
            manifest.browser.sessions = Some(threads.get());
        }
        if self.options.service.is_some() {
            manifest.source = Source::Code;
        } else if let Some(address) = &self.address {
            manifest.set_address(address)?;
        }
        manifest.add_stories(&self.stories)?;
        let plan = Plan::from_manifest(&manifest)?;
        let selected = Selection::new(arguments, config).apply(plan);
        Ok((manifest, selected))
    }
}

fn carry_out(
    arguments: &Arguments,
    manifest: Manifest,
    config: Config,
    options: RunOptions,
    selected: &Selected,
) -> ExitCode {
    let planned = match arguments.bench {
        true => 0,
        false => selected.planned(),
    };
    let work = Arc::new(Work::new(
        manifest,
        selected.snapshots.clone(),
        config,
        options,
    ));
    let waiting = Arc::clone(&work);
    let conclusion = trials::run(arguments, selected, move |index| waiting.verdict(index));
    let sound = work.finish(planned);
    if sound && !conclusion.has_failed() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(FAILURE)
    }
}

fn shown(error: &HarnessError, color: Color) -> String {
    let colours = match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => io::stderr().is_terminal() && env::var_os("NO_COLOR").is_none(),
    };
    match error {
        HarnessError::Manifest(ManifestError::Read { .. }) => format!("error: {error}"),
        HarnessError::Manifest(error) => error.render(colours),
        error => format!("error: {error}"),
    }
}
