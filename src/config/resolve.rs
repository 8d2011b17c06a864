//! Resolves the environment variables into one value.

use std::path::{Path, PathBuf};

use crate::model::RunId;
use crate::redact;

use super::ci_branch::CiBranch;
use super::error::ConfigError;
use super::modes::{CacheMode, LogLevel, UpdateMode};
use super::names;
use super::overrides::Overrides;
use super::redis::RedisConfig;
use super::secret::Secret;
use super::share;
use super::system::System;
use super::traces::TraceConfig;
use super::variables::{Variable, Variables};

/// The fewest characters of `TINTYPE_LOGIN_KEY`.
const MIN_KEY_LENGTH: usize = 32;

/// Everything that environment variables decide. The default is that of an
/// empty environment.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// How the run is done.
    pub run: RunConfig,
    /// `TINTYPE_MANIFEST`: the path of the manifest.
    pub manifest: Option<PathBuf>,
    /// The values that beat those of the manifest.
    pub overrides: Overrides,
    /// `TINTYPE_EXPLAIN`: whether messages of failed tests have every region
    /// and the sensitivity to thresholds.
    pub explain: bool,
    /// `TINTYPE_LOG`.
    pub log: LogLevel,
    /// `REDIS_URL` and its relatives.
    pub redis: RedisConfig,
    /// Keys and passwords.
    pub secrets: Secrets,
    /// `OTEL_EXPORTER_OTLP_ENDPOINT` and its relatives.
    pub traces: TraceConfig,
    /// The variables that cargo-nextest sets.
    pub nextest: Nextest,
    /// The machine and the user.
    pub system: System,
    /// All variables, for `${NAME}` in texts of the manifest.
    pub variables: Variables,
}

/// How the run is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunConfig {
    /// `TINTYPE_RUN_ID`, otherwise `NEXTEST_RUN_ID`, otherwise a fresh id.
    pub id: RunId,
    /// Whether the run id was given from outside, so that other processes may
    /// take part in the same run.
    pub is_shared: bool,
    /// `TINTYPE_SHARE`: whether the machines with this run id share its work.
    pub shares_work: bool,
    /// Whether the run id is that of the CI system, which other projects get too.
    pub has_ci_id: bool,
    /// `TINTYPE_UPDATE`.
    pub update: UpdateMode,
    /// `TINTYPE_CACHE`.
    pub cache: CacheMode,
    /// Whether `CI` says that this is continuous integration.
    pub ci: bool,
    /// The branch that the CI system builds.
    pub ci_branch: CiBranch,
    /// GitHub Actions, if the process runs there.
    pub github: Option<GitHubActions>,
}

/// Keys and passwords.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Secrets {
    /// `TINTYPE_LOGIN_KEY`: encrypts logins that are shared through Redis.
    pub login_key: Option<Secret>,
    /// `TINTYPE_REVIEW_TOKEN`: the password of the review page.
    pub review_token: Option<Secret>,
}

/// The variables that GitHub Actions sets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GitHubActions {
    /// `GITHUB_STEP_SUMMARY`: the file of the step's summary.
    pub step_summary: Option<PathBuf>,
}

/// The variables that cargo-nextest sets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Nextest {
    /// Whether `cargo nextest` runs each test in its own process.
    pub active: bool,
    /// The rendezvous at which this process is the coordinator.
    pub coordinator: Option<String>,
}

impl Config {
    /// Resolves the environment of this process.
    ///
    /// # Errors
    /// At the first variable that is misspelt or has an invalid value.
    pub fn from_environment() -> Result<Self, ConfigError> {
        let config = Self::from_variables(Variables::of_process())?;
        config.keep_secrets();
        Ok(config)
    }

    /// The variables that begin like Tintype's own and that it does not know.
    pub(crate) fn unknown_variables(&self) -> Vec<String> {
        names::unknown(&self.variables).map(str::to_owned).collect()
    }

    /// Keeps passwords and keys out of messages.
    fn keep_secrets(&self) {
        let Secrets {
            login_key,
            review_token,
        } = &self.secrets;
        let password = self.redis.password();
        for secret in login_key.iter().chain(review_token).chain(&password) {
            // Shorter ones are words of messages.
            if secret.reveal().len() >= 6 {
                redact::register(secret.reveal());
            }
        }
        for secret in TraceConfig::secrets(&self.variables) {
            if secret.len() >= 6 {
                redact::register(&secret);
            }
        }
    }

    /// Resolves these variables.
    ///
    /// # Errors
    /// At the first variable that is misspelt or has an invalid value.
    pub fn from_variables(variables: impl Into<Variables>) -> Result<Self, ConfigError> {
        let variables = variables.into();
        names::check(&variables)?;
        check_temporary_folder(&variables)?;
        let run = RunConfig::read(&variables)?;
        let redis = RedisConfig::read(&variables)?;
        let is_nextest = variables.text("NEXTEST") == Some("1");
        if run.shares_work {
            share::check(run.is_shared, redis.server.is_some(), is_nextest)?;
        }
        Ok(Self {
            run,
            manifest: variables.get("TINTYPE_MANIFEST").map(PathBuf::from),
            overrides: Overrides::read(&variables)?,
            explain: chosen("TINTYPE_EXPLAIN", &[("0", false), ("1", true)], &variables)?,
            log: chosen("TINTYPE_LOG", &LogLevel::CHOICES, &variables)?,
            redis,
            secrets: Secrets {
                login_key: login_key(&variables)?,
                review_token: variables.text("TINTYPE_REVIEW_TOKEN").map(Secret::new),
            },
            traces: TraceConfig::read(&variables),
            nextest: Nextest {
                active: is_nextest,
                coordinator: variables.text(names::COORDINATOR).map(str::to_owned),
            },
            system: System::read(&variables),
            variables,
        })
    }
}

impl Default for RunConfig {
    fn default() -> Self {
        Self {
            id: RunId::fresh(),
            is_shared: false,
            shares_work: false,
            has_ci_id: false,
            update: UpdateMode::default(),
            cache: CacheMode::default(),
            ci: false,
            ci_branch: CiBranch::default(),
            github: None,
        }
    }
}

impl RunConfig {
    fn read(variables: &Variables) -> Result<Self, ConfigError> {
        let text = |name| variables.text(name);
        let shares_work = chosen(share::SHARE, &[("off", false), ("on", true)], variables)?;
        let id = variables.variable("TINTYPE_RUN_ID");
        let id = id.map(|id| run_id(&id)).transpose()?;
        let of_ci = || share::ci_run_id(variables).filter(|_| shares_work);
        let ci_id = id.is_none().then(of_ci).flatten();
        let nextest = || {
            variables
                .variable("NEXTEST_RUN_ID")
                .filter(|_| !shares_work)
        };
        let given = match id.or_else(|| ci_id.clone()) {
            Some(id) => Some(id),
            None => nextest().map(|id| run_id(&id)).transpose()?,
        };
        Ok(Self {
            is_shared: given.is_some(),
            id: given.unwrap_or_else(RunId::fresh),
            shares_work,
            has_ci_id: ci_id.is_some(),
            update: chosen("TINTYPE_UPDATE", &UpdateMode::CHOICES, variables)?,
            cache: chosen("TINTYPE_CACHE", &CacheMode::CHOICES, variables)?,
            ci: text("CI").is_some_and(|ci| !matches!(ci, "false" | "0")),
            ci_branch: CiBranch::read(variables),
            github: (text("GITHUB_ACTIONS") == Some("true")).then(|| GitHubActions {
                step_summary: variables.get("GITHUB_STEP_SUMMARY").map(PathBuf::from),
            }),
        })
    }
}

/// A missing folder would fail whatever needs a temporary file first.
fn check_temporary_folder(variables: &Variables) -> Result<(), ConfigError> {
    match variables.variable("TMPDIR") {
        Some(folder) if !Path::new(&folder.value).is_dir() => Err(ConfigError::Unusable {
            variable: folder.name,
            reason: format!(
                "`{}` is not a folder\nhelp: create it, or unset TMPDIR",
                folder.value
            ),
        }),
        _ => Ok(()),
    }
}

fn chosen<T: Copy + Default>(
    name: &'static str,
    choices: &[(&str, T)],
    variables: &Variables,
) -> Result<T, ConfigError> {
    let variable = variables.variable(name);
    variable.map_or_else(|| Ok(T::default()), |variable| variable.one_of(choices))
}

/// A run id becomes a folder and part of Redis keys. Redis Cluster needs
/// braces.
fn run_id(variable: &Variable) -> Result<RunId, ConfigError> {
    RunId::parse(&variable.value).ok_or_else(|| {
        variable.invalid(
            "at most 200 letters, digits, `.`, `_`, `-`, `{` and `}`, not beginning with `.`",
        )
    })
}

fn login_key(variables: &Variables) -> Result<Option<Secret>, ConfigError> {
    let Some(key) = variables.variable(names::LOGIN_KEY) else {
        return Ok(None);
    };
    if !cfg!(feature = "shared-logins") {
        return Err(ConfigError::Unusable {
            variable: key.name,
            reason: "it needs the feature `shared-logins` of tintype\n\
                     help: write tintype = { version = \"…\", features = [\"shared-logins\"] }"
                .to_owned(),
        });
    }
    let length = key.value.chars().count();
    if length >= MIN_KEY_LENGTH {
        return Ok(Some(Secret::new(key.value)));
    }
    Err(ConfigError::Unusable {
        variable: key.name,
        reason: format!(
            "expected at least {MIN_KEY_LENGTH} characters, found {length}\n\
             help: `openssl rand -hex 32` makes a key"
        ),
    })
}
