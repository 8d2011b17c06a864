//! Runs a suite, from the command line to the exit code.

use std::env;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use super::arguments::Arguments;
use super::bootstrap;
use super::builder::Harness;
use super::error::HarnessError;
use super::lazy_run::LazyRun;
use super::listing::listing;
use super::log;
use super::nextest;
use super::selection::{Selected, Selection};
use super::trials;
use crate::config::Config;
use crate::escape::print_error;
use crate::manifest::{Manifest, Source};
use crate::plan::Plan;
use crate::run::RunOptions;

/// libtest's exit code when a test failed or nothing could be run.
const FAILURE: u8 = 101;

/// Runs the suite of `stories.toml`, the manifest beside `Cargo.toml`, with
/// the arguments of the process.
pub fn run() -> ExitCode {
    Harness::new().run()
}

impl Harness {
    /// Runs the suite with the arguments of the process and returns libtest's
    /// exit code: 0, or 101 when a test failed or none could be run.
    pub fn run(self) -> ExitCode {
        let arguments = match Arguments::parse_from(env::args_os()) {
            Ok(arguments) => arguments,
            Err(error) => {
                // There is nowhere to report that printing failed.
                let _ = error.print();
                return match error.exit_code() {
                    0 => ExitCode::SUCCESS,
                    _ => ExitCode::from(FAILURE),
                };
            }
        };
        let config = match Config::from_environment() {
            Ok(config) => config,
            Err(error) => {
                print_error(&format!("error: {error}"));
                return ExitCode::from(FAILURE);
            }
        };
        let no_color = config.system.no_color;
        self.run_with(&arguments, config).unwrap_or_else(|error| {
            error.print(arguments.color, no_color);
            ExitCode::from(FAILURE)
        })
    }

    fn run_with(self, arguments: &Arguments, mut config: Config) -> Result<ExitCode, HarnessError> {
        log::init(config.log);
        let path = config.manifest.clone().or_else(|| self.manifest.clone());
        let path = path.unwrap_or_else(|| PathBuf::from("stories.toml"));
        let (mut manifest, mut selected) = self.prepare(&path, arguments, &config)?;
        let server = bootstrap::start_storybook(&manifest, arguments, &config)?;
        if server.is_some() {
            (manifest, selected) = self.prepare(&path, arguments, &config)?;
            if manifest.is_stale {
                // A run never uses an outdated list of stories.
                return Err(HarnessError::NoIndex);
            }
        }
        if arguments.list {
            let text = listing(&selected.snapshots, arguments);
            let printed = io::stdout().write_all(text.as_bytes());
            printed.map_err(HarnessError::Print)?;
            return Ok(ExitCode::SUCCESS);
        }
        config.run.id = manifest.run_id(&config.run);
        let options = self.options;
        if let Some(name) = config.nextest.coordinator.clone() {
            let rendezvous = nextest::Rendezvous::named(&manifest, &name);
            let snapshots = selected.snapshots;
            return Ok(nextest::coordinate(
                &rendezvous,
                manifest,
                snapshots,
                &config,
                options,
            ));
        }
        Ok(run_tests(arguments, manifest, config, options, selected))
    }

    /// Loads the manifest and selects snapshots. Needs no browser.
    fn prepare(
        &self,
        path: &Path,
        arguments: &Arguments,
        config: &Config,
    ) -> Result<(Manifest, Selected), HarnessError> {
        let mut manifest = Manifest::load(path, config)?;
        manifest.override_with(&config.overrides)?;
        if let (Some(threads), None) = (arguments.test_threads, config.overrides.sessions) {
            manifest.browser.sessions = Some(threads.get());
        }
        if self.options.service.is_some() {
            manifest.source = Source::Code;
        } else if let Some(url) = &self.base_url {
            manifest.set_address(url)?;
        }
        manifest.add_stories(&self.stories)?;
        let plan = Plan::from_manifest(&manifest)?;
        let selected = Selection::new(arguments, config).apply(plan);
        Ok((manifest, selected))
    }
}

fn run_tests(
    arguments: &Arguments,
    manifest: Manifest,
    config: Config,
    options: RunOptions,
    selected: Selected,
) -> ExitCode {
    let planned = match arguments.bench {
        true => 0,
        false => selected.planned(),
    };
    let filtered_out = selected.filtered_out;
    let snapshots = Arc::new(selected.snapshots);
    let run = Arc::new(LazyRun::new(
        manifest,
        Arc::clone(&snapshots),
        config,
        options,
    ));
    let waiting = Arc::clone(&run);
    let conclusion = trials::run(arguments, &snapshots, filtered_out, move |index| {
        waiting.trial_result(index)
    });
    let is_complete = run.finish(planned);
    if is_complete && !conclusion.has_failed() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(FAILURE)
    }
}
